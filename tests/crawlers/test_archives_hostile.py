"""Files that mean harm, or are merely broken: refused or read in part, never unpacked to disk, and never quoted."""

from __future__ import annotations

import json
import logging
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import CrawlError, ParseError
from core.records import Account, Basis, CrawledPage, Kind, account_id
from core.seams import CrawlRequest
from crawlers.archives import ArchiveCrawler, ArchiveOptions

EXAMPLES = Path(__file__).parent / "examples" / "archive"
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


def an_account(platform: str, handle: str) -> Account:
    return Account(
        id=account_id(platform, handle),
        platform=platform,
        handle=handle,
        kind=Kind.OFFICIAL,
        basis=Basis.OWNED,
        basis_recorded_by="curator",
        basis_recorded_at=NOW,
    )


CLINIC_ON_X = an_account("x", "riversideclinic")


def crawl(path: Path, account: Account) -> Iterator[CrawledPage]:
    crawler = ArchiveCrawler(ArchiveOptions(path=path, take_nameless=True), clock=lambda: NOW)
    return crawler.crawl(CrawlRequest(account=account))


def only_page(path: Path, account: Account) -> CrawledPage:
    (page,) = crawl(path, account)
    return page


def zip_of(path: Path, parts: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as zipped:
        for name, body in parts.items():
            zipped.writestr(name, body)
    return path


ACCOUNT = (EXAMPLES / "x" / "data" / "account.js").read_bytes()
TWEETS = (EXAMPLES / "x" / "data" / "tweets.js").read_bytes()


@pytest.mark.parametrize("name", ["../data/tweets.js", "/data/tweets.js", "data/../../x.js", "C:/data/tweets.js"])
def test_a_zip_with_climbing_paths_is_refused(tmp_path: Path, name: str) -> None:
    path = zip_of(tmp_path / "a.zip", {"data/account.js": ACCOUNT, "data/tweets.js": TWEETS, name: b"x"})
    with pytest.raises(ParseError, match="leave its folder"):
        list(crawl(path, CLINIC_ON_X))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    bomb = b"window.YTD.tweets.part0 = [" + b" " * (40 << 20) + b"]"
    path = zip_of(tmp_path / "a.zip", {"data/account.js": ACCOUNT, "data/tweets.js": bomb})
    with pytest.raises(ParseError, match="absurd size"):
        list(crawl(path, CLINIC_ON_X))


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"data/account.js": ACCOUNT, "data/tweets.js": TWEETS})
    body = bytearray(path.read_bytes())
    at = 0
    while (at := body.find(b"PK\x01\x02", at)) >= 0:
        body[at + 8] |= 1  # the flag that says so, in each entry of the zip's list
        at += 4
    path.write_bytes(body)
    with pytest.raises(ParseError, match="encrypted"):
        list(crawl(path, CLINIC_ON_X))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_zip_that_holds_a_part_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for _ in range(2):
            zipped.writestr("data/tweets.js", TWEETS)
    with pytest.raises(ParseError, match="one file twice"):
        list(crawl(path, CLINIC_ON_X))


def test_a_damaged_zip_is_a_parse_error(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "a.zip", {"data/account.js": ACCOUNT, "data/tweets.js": TWEETS}, zipfile.ZIP_STORED)
    body = path.read_bytes()
    spoiled = body.replace(b"Visiting hours", b"VISITING HOURS")  # the checksum no longer fits
    for damaged in (spoiled, body[: len(body) // 2]):
        path.write_bytes(damaged)
        with pytest.raises(ParseError):
            list(
                ArchiveCrawler(ArchiveOptions(path=path, format="x-archive"), clock=lambda: NOW).crawl(
                    CrawlRequest(account=CLINIC_ON_X)
                )
            )


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    data, outside = tmp_path / "data", tmp_path / "secret"
    data.mkdir()
    outside.write_bytes(TWEETS)
    (data / "account.js").write_bytes(ACCOUNT)
    (data / "tweets.js").symlink_to(outside)
    with pytest.raises(ParseError, match=r"expected data/account\.js and data/tweets\.js"):
        list(crawl(tmp_path, CLINIC_ON_X))


def test_deep_huge_and_cut_off_tweets_cost_only_themselves(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "account.js").write_bytes(ACCOUNT)
    deep = b'{"tweet": {"id_str": "2", "full_text": ' + b"[" * 200_000 + b"]" * 200_000 + b"}}"
    huge = b'{"tweet": {"id_str": "3", "full_text": "' + b"x" * (2 << 20) + b'"}}'
    good = b'{"tweet": {"id_str": "%d", "full_text": "good"}}'
    items = [good % 1, deep, huge, good % 4, b'{"tweet": {"id_str": "5", "full_te']
    (data / "tweets.js").write_bytes(b"window.YTD.tweets.part0 = [" + b",".join(items))
    page = only_page(tmp_path, CLINIC_ON_X)
    assert [post.native_id for post in page.posts] == ["1", "4"]
    assert page.note == "3 tweets could not be read as posts (tweet 2, 3, 5)"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("missing.jsonl", None),
        ("utf16.jsonl", '{"id": "1", "text": "t"}'.encode("utf-16")),
        ("script.zip", b"PK\x05\x06" + b"\0" * 18),
    ],
)
def test_what_cannot_be_read_is_a_crawl_error_with_its_mend(tmp_path: Path, name: str, body: bytes | None) -> None:
    path = tmp_path / name
    if body is not None:
        path.write_bytes(body)
    crawler = ArchiveCrawler(ArchiveOptions(path=path), clock=lambda: NOW)
    with pytest.raises(CrawlError) as raised:
        list(crawler.crawl(CrawlRequest(account=CLINIC_ON_X)))
    assert crawler.missing_credentials() == str(raised.value)


def test_no_text_or_handle_in_errors_notes_logs_or_reprs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    canary = "Zinnia-Quillfeather"
    files = {
        "a.jsonl": json.dumps({"id": "1", "text": canary, "account": {"handle": canary}})
        + f'\n{{"id": "{canary}", "text": {canary}}}',
        "b.csv": f"id,text,handle\n1,{canary},{canary}\n,{canary}\n",
        "c.csv": f"{canary},{canary}\n",
    }
    caplog.set_level(logging.DEBUG)
    told = []
    for name, body in files.items():
        path = tmp_path / name
        path.write_text(body)
        try:
            pages = list(crawl(path, an_account("website", canary)))
        except CrawlError as error:
            told.append(str(error))
        else:
            told += [repr(page) for page in pages] + [page.note for page in pages]
    assert len(told) >= 5
    assert not any(canary in words for words in (*told, caplog.text))
