"""Files that give less than they seem to: nothing is dropped in silence, and what is no archive is said to be none."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import ParseError
from core.records import Account, Basis, CrawledPage, Kind, account_id
from core.seams import CrawlRequest
from crawlers.archives import ArchiveCrawler, ArchiveOptions, accounts_in

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
ACCOUNT = Account(
    id=account_id("x", "riversideclinic"),
    platform="x",
    handle="riversideclinic",
    kind=Kind.OFFICIAL,
    basis=Basis.OWNED,
    basis_recorded_by="curator",
    basis_recorded_at=NOW,
)
ACCOUNT_JS = b'window.YTD.account.part0 = [{"account": {"username": "riversideclinic", "accountId": "77"}}]'


def crawl(path: Path) -> list[CrawledPage]:
    crawler = ArchiveCrawler(ArchiveOptions(path=path, take_nameless=True), clock=lambda: NOW)
    return list(crawler.crawl(CrawlRequest(account=ACCOUNT)))


def texts(path: Path) -> list[str]:
    return [post.text for page in crawl(path) for post in page.posts]


def zip_of(path: Path, tweets: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("data/account.js", ACCOUNT_JS)
        zipped.writestr("data/tweets.js", tweets)
    return path


def tweets_js(*tweets: dict[str, object]) -> bytes:
    return b"window.YTD.tweets.part0 = " + json.dumps([{"tweet": tweet} for tweet in tweets]).encode()


def tweet(number: int, words: str, *history: int) -> dict[str, object]:
    edit = {"edit_info": {"initial": {"editTweetIds": [str(one) for one in history]}}} if history else {}
    return {"id_str": str(number), "full_text": words, **edit}


def test_two_records_with_one_id_are_both_given_in_the_files_order(tmp_path: Path) -> None:
    jsonl = tmp_path / "a.jsonl"
    jsonl.write_text("\n".join(json.dumps({"id": "9", "text": words}) for words in ("first", "second")))
    table = tmp_path / "a.csv"
    table.write_text("id,text\n9,first\n9,second\n")
    plain = zip_of(tmp_path / "plain.zip", tweets_js(tweet(9, "first"), tweet(9, "second")))
    for path in (jsonl, table, plain):
        assert texts(path) == ["first", "second"], path.name


def test_a_version_of_an_edited_tweet_that_stands_twice_is_given_twice(tmp_path: Path) -> None:
    versions = [tweet(9, "first", 9, 12), tweet(12, "edited", 9, 12), tweet(9, "first again", 9, 12)]
    assert texts(zip_of(tmp_path / "a.zip", tweets_js(*versions))) == ["first", "first again", "edited"]


def test_a_first_version_that_knows_of_no_edit_is_not_lost(tmp_path: Path) -> None:
    versions = [tweet(12, "edited", 9, 12), tweet(9, "first"), tweet(13, "another")]
    assert texts(zip_of(tmp_path / "a.zip", tweets_js(*versions))) == ["first", "edited", "another"]


@pytest.mark.parametrize("lost", [1, 2, 40])
def test_an_archive_that_breaks_off_says_so(tmp_path: Path, lost: int) -> None:
    whole = tweets_js(tweet(1, "read"), tweet(2, "perhaps cut off"))
    (page,) = crawl(zip_of(tmp_path / "a.zip", whole[:-lost]))
    assert "could not be read" in page.note
    assert page.posts[0].text == "read"


def test_an_archive_of_which_nothing_can_be_read_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "deep.zip", b"window.YTD.tweets.part0 = " + b"[" * 2000)
    for read in (accounts_in, crawl):
        with pytest.raises(ParseError, match="the archive is damaged at tweet 1"):
            read(path)


def test_an_archive_without_tweets_is_merely_empty(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", tweets_js())
    assert accounts_in(path) == []
    assert texts(path) == []


def test_a_zip_that_has_lost_its_end_is_called_damaged(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", tweets_js(tweet(1, "t")))
    path.write_bytes(path.read_bytes()[:-30])
    for read in (accounts_in, crawl):
        with pytest.raises(ParseError, match="damaged"):
            read(path)


@pytest.mark.parametrize(("name", "unit"), [("README.md", "line"), ("posts.jsonl", "line"), ("posts.csv", "row")])
def test_a_file_that_holds_no_post_at_all_is_refused_with_the_reason(tmp_path: Path, name: str, unit: str) -> None:
    path = tmp_path / name
    path.write_text("id,text\n,no id\n" if unit == "row" else "# Title\n\nSome words.\n")
    for read in (accounts_in, crawl):
        with pytest.raises(ParseError, match=f"no {unit} of the file is a post"):
            read(path)
