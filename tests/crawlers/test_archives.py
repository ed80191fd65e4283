"""Posts that a person hands over: each format read, resumed and matched to its account."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import AccountNotFound, ParseError
from core.records import Account, Basis, CrawledPage, Cursor, Kind, PostType, Precision, Profile, account_id
from core.registry import discover
from core.seams import Crawler, CrawlRequest
from crawlers.archives import ArchiveCrawler, ArchiveOptions, accounts_in

EXAMPLES = Path(__file__).parent / "examples" / "archive"
NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)


def an_account(platform: str, handle: str, native_id: str | None = None) -> Account:
    return Account(
        id=account_id(platform, handle),
        platform=platform,
        handle=handle,
        kind=Kind.OFFICIAL,
        basis=Basis.OWNED,
        basis_recorded_by="curator",
        basis_recorded_at=NOW,
        native_id=native_id,
    )


CLINIC_ON_X = an_account("x", "riversideclinic")
CLINIC_SITE = an_account("website", "https://clinic.example.org/")


def crawl(
    path: Path, account: Account, cursor: Cursor | None = None, since: datetime | None = None, *, nameless: bool = True
) -> Iterator[CrawledPage]:
    crawler = ArchiveCrawler(ArchiveOptions(path=path, take_nameless=nameless), clock=lambda: NOW)
    return crawler.crawl(CrawlRequest(account=account, cursor=cursor, since=since))


def only_page(path: Path, account: Account) -> CrawledPage:
    (page,) = crawl(path, account)
    return page


def through_storage(cursor: Cursor | None) -> Cursor | None:
    """Cursors are stored as JSON."""
    return cursor and Cursor(json.loads(json.dumps(dict(cursor.state))))


def test_it_is_registered_as_the_platform_archive() -> None:
    assert discover("crawlers", Crawler, "platform")["archive"] is ArchiveCrawler


# JSON Lines


def test_posts_that_name_nobody_are_nobodys_unless_the_importer_says_whose(tmp_path: Path) -> None:
    (page,) = crawl(EXAMPLES / "posts.jsonl", CLINIC_SITE, nameless=False)
    assert [post.native_id for post in page.posts] == ["1", "2"]
    (page,) = crawl(EXAMPLES / "posts.jsonl", CLINIC_SITE, through_storage(page.cursor), nameless=True)
    assert [post.native_id for post in page.posts] == ["1", "2", "5"]
    path = tmp_path / "posts.jsonl"
    path.write_text('{"id": "1", "text": "t"}\n')
    with pytest.raises(AccountNotFound):
        list(crawl(path, CLINIC_SITE, nameless=False))


def test_json_lines_give_the_posts_of_the_account_and_those_that_name_nobody() -> None:
    page = only_page(EXAMPLES / "posts.jsonl", CLINIC_SITE)
    first, second, nameless = page.posts
    assert [post.native_id for post in page.posts] == ["1", "2", "5"]
    assert {(post.platform, post.account_id) for post in page.posts} == {("website", CLINIC_SITE.id)}
    assert first.url == "https://clinic.example.org/flu"
    assert first.links == ("https://example.org/a",)
    assert (first.posted_at, first.posted_at_precision) == (datetime(2026, 1, 5, 12, tzinfo=UTC), Precision.EXACT)
    assert second.posted_at_precision is Precision.DAY
    assert (second.media[0].path, second.media[0].alt_text, second.media[0].kind) == ("park.png", "A closed gate", "image")
    assert nameless.in_reply_to is not None
    assert nameless.in_reply_to.text == "Is anybody there?"


def test_the_evidence_is_the_bytes_of_the_lines_that_gave_posts() -> None:
    lines = (EXAMPLES / "posts.jsonl").read_bytes().splitlines(keepends=True)
    (raw,) = only_page(EXAMPLES / "posts.jsonl", CLINIC_SITE).raw
    assert raw.body == lines[0] + lines[1] + lines[5]
    assert raw.media_type == "application/x-ndjson"
    assert raw.url.endswith("#line=1-6")
    assert "clinic" not in raw.url


def test_a_bad_line_is_told_by_number_and_stops_nothing() -> None:
    assert only_page(EXAMPLES / "posts.jsonl", CLINIC_SITE).note == "1 line could not be read as posts (line 5)"


def test_twitter_is_x() -> None:
    assert [post.native_id for post in only_page(EXAMPLES / "posts.jsonl", CLINIC_ON_X).posts] == ["3", "5"]


def test_a_file_of_other_accounts_only_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "posts.jsonl"
    path.write_text('{"id": "1", "text": "t", "account": {"handle": "somebody"}}\n')
    with pytest.raises(AccountNotFound, match="no posts that name this account"):
        list(crawl(path, CLINIC_SITE))


def test_accounts_in_lists_whom_a_file_speaks_of() -> None:
    assert accounts_in(EXAMPLES / "posts.jsonl") == [
        ("website", "https://clinic.example.org/", 1),
        ("", "HTTPS://clinic.example.org/", 1),
        ("x", "RiversideClinic", 1),
        ("", "", 1),
    ]


def test_a_killed_import_goes_on_where_it_was_and_a_second_one_gives_nothing(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    lines = [json.dumps({"id": str(n), "text": f"post {n}"}) for n in range(1, 1301)]
    lines[700] = "no post"
    path.write_text("\n".join(lines))
    whole = list(crawl(path, CLINIC_SITE))
    assert [len(page.posts) for page in whole] == [500, 500, 299]
    for stopped_after in range(len(whole)):
        cursor = through_storage(whole[stopped_after].cursor)
        rest = list(crawl(path, CLINIC_SITE, cursor))
        ids = [post.native_id for page in (*whole[: stopped_after + 1], *rest) for post in page.posts]
        assert ids == [str(n) for n in range(1, 1301) if n != 701]
        if rest:
            assert rest[-1].note == whole[-1].note
    assert list(crawl(path, CLINIC_SITE, through_storage(whole[-1].cursor))) == []


def test_the_cursor_remembers_each_file_by_its_content(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text('{"id": "1", "text": "one"}\n')
    second.write_text('{"id": "2", "text": "two"}\n')
    (page,) = crawl(first, CLINIC_SITE)
    (page,) = crawl(second, CLINIC_SITE, through_storage(page.cursor))
    assert [post.native_id for post in page.posts] == ["2"]
    for path in (first, second):
        assert list(crawl(path, CLINIC_SITE, through_storage(page.cursor))) == []
    first.write_text('{"id": "1", "text": "one, changed"}\n')
    assert [p.text for page in crawl(first, CLINIC_SITE, through_storage(page.cursor)) for p in page.posts] == ["one, changed"]


def test_posts_from_before_the_given_time_are_left_out_and_counted() -> None:
    (page,) = crawl(EXAMPLES / "posts.jsonl", CLINIC_SITE, since=datetime(2026, 1, 6, tzinfo=UTC))
    assert [post.native_id for post in page.posts] == ["2", "5"]  # a post of unknown time is kept
    assert "1 posts from before the given time" in page.note


# CSV


def test_a_table_from_a_spreadsheet() -> None:
    page = only_page(EXAMPLES / "table.csv", CLINIC_ON_X)
    first, formula = page.posts
    assert first.native_id == "1690000000000000000"  # out of ="…"
    assert first.text == "Hello;\r\nsecond line"
    assert first.posted_at == datetime(2026, 1, 5, 10, tzinfo=UTC)
    assert first.media[0].alt_text == "A door"
    assert formula.text == '=HYPERLINK("https://example.org")'
    assert (formula.posted_at, formula.posted_at_precision) == (None, Precision.UNKNOWN)  # 5/1: May or January?
    assert page.note == "2 rows could not be read as posts (row 3, 7)"
    assert b'"Hello;\r\nsecond line"' in page.raw[0].body
    assert accounts_in(EXAMPLES / "table.csv") == [("x", "RiversideClinic", 2), ("x", "CityHealth", 1)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_makes_the_header_make_sense(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(delimiter.join(["date", "post id", "message"]) + "\n" + delimiter.join(["2026-01-05", "9", "hello"]) + "\n")
    (post,) = only_page(path, CLINIC_SITE).posts
    assert (post.native_id, post.text, post.posted_at_precision) == ("9", "hello", Precision.DAY)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_spreadsheets_write_many_encodings(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes("id,text\r\n1,café – señor\r\n".encode(encoding))
    page = only_page(path, CLINIC_SITE)
    assert [post.text for post in page.posts] == ["café – señor"]
    assert ("Windows-1252" in page.note) == (encoding == "cp1252")
    assert page.raw[0].body.decode(encoding).endswith("1,café – señor\r\n")


def test_broken_rows_are_told_by_number_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    rows = [
        b"id,text",
        b"1,one",
        b"2,two \xff",
        b",no id",
        b"4",
        b"5," + b"x" * 140_000,
        b"6," + b"y" * (2 << 20),
        "7,sieben ü".encode(),
    ]
    path.write_bytes(b"\n".join(rows))
    page = only_page(path, CLINIC_SITE)
    assert [post.native_id for post in page.posts] == ["1", "7"]
    assert page.note == "5 rows could not be read as posts (row 3, 4, 5, 6, 7)"


def test_a_quote_that_never_closes_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text('id,text\n1,"open\n' + "2,two\n" * 40_000 + "3,three\n")
    page_texts = [post.text for page in crawl(path, CLINIC_SITE) for post in page.posts]
    assert max(map(len, page_texts)) < 200_000
    assert page_texts[-1] == "three"


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "id,id,text\n1,2,3\n", "id\n1\n"])
def test_a_table_without_the_columns_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(text)
    with pytest.raises(ParseError, match="header row"):
        list(crawl(path, CLINIC_SITE))


# X's account archive


@pytest.fixture(params=["folder", "data folder", "zip", "zip with a top folder"])
def x_archive(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = EXAMPLES / "x"
    if request.param == "folder":
        return folder
    if request.param == "data folder":
        return folder / "data"
    top = "twitter-2026-11-01/" if "top" in request.param else ""
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for part in sorted((folder / "data").iterdir()):
            zipped.write(part, f"{top}data/{part.name}")
        zipped.writestr(f"{top}assets/app.js", "never opened")
    return path


def test_an_account_archive_gives_posts_as_the_crawler_of_x_would(x_archive: Path) -> None:
    page = only_page(x_archive, CLINIC_ON_X)
    before, after, flu, repost, reply = page.posts
    assert {post.platform for post in page.posts} == {"x"}

    # both versions of the edited tweet stand under the first id, oldest first
    assert (before.native_id, before.revision) == ("1700000000000000000", "1700000000000000000")
    assert before.text == "Visiting hours end at 22:00."
    assert (after.native_id, after.revision) == ("1700000000000000000", "1700000500000000000")
    assert after.text == "Visiting hours end at 20:00, corrected."
    assert after.edited_at == datetime(2023, 9, 8, 4, 39, 20, tzinfo=UTC)
    assert before.posted_at == after.posted_at

    assert flu.text == "Q&A on flu shots <today> {free} https://t.co/q1 https://t.co/m1"
    assert flu.links == ("https://example.org/flu",)
    assert [(medium.kind, medium.native_key) for medium in flu.media] == [("image", "3_555"), ("video", "7_556")]
    assert flu.url == "https://x.com/i/web/status/1690000000000000000"
    assert flu.posted_at == datetime(2023, 8, 11, 14, 8, 37, tzinfo=UTC)

    assert repost.type is PostType.REPOST
    assert repost.text == 'Cooling centers are open "all week"]}'

    assert reply.text == "A long word of thanks to everyone on the night shift & to the day shift too."
    assert reply.links == ("https://example.org/thanks",)
    assert reply.in_reply_to is not None
    assert reply.in_reply_to.native_id == "1709999999999999999"
    assert reply.lang == "und"

    assert page.note == "1 tweet could not be read as posts (tweet 5)"
    assert page.native_account_id == "900100200"
    assert page.profile is not None
    assert page.profile.bio == "News from the clinic by the river."
    assert accounts_in(x_archive) == [("x", "RiversideClinic", 4)]


def test_nothing_private_or_deleted_is_read(x_archive: Path) -> None:
    page = only_page(x_archive, CLINIC_ON_X)
    assert b"never read" not in page.raw[0].body
    assert not any("never read" in post.text for post in page.posts)


def test_a_profile_that_a_night_has_seen_is_not_replaced_by_an_older_one() -> None:
    account = replace(CLINIC_ON_X, profile=Profile(bio="tonight's"))
    assert only_page(EXAMPLES / "x", account).profile is None


def test_a_renamed_account_is_known_by_its_id() -> None:
    renamed = an_account("x", "NewName", native_id="900100200")
    assert len(only_page(EXAMPLES / "x", renamed).posts) == 5
    with pytest.raises(AccountNotFound):
        list(crawl(EXAMPLES / "x", an_account("x", "NewName")))


def test_parts_are_read_in_order_and_an_import_resumes_among_edited_tweets(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for part in ("account.js", "tweets.js"):
        (data / part).write_bytes((EXAMPLES / "x" / "data" / part).read_bytes())
    tweets = [{"tweet": {"id_str": str(10_000 + n), "full_text": f"post {n}"}} for n in range(1200)]
    for number in (1, 2, 10):
        body = json.dumps(tweets[:400] if number == 1 else tweets[400:800] if number == 2 else tweets[800:])
        (data / f"tweets-part{number}.js").write_text(f"window.YTD.tweets.part{number} = {body}")
    whole = list(crawl(tmp_path, CLINIC_ON_X))
    ids = [post.native_id for page in whole for post in page.posts]
    assert ids[5:] == [str(10_000 + n) for n in range(1200)]
    rest = list(crawl(tmp_path, CLINIC_ON_X, through_storage(whole[0].cursor)))
    assert [post.native_id for page in (whole[0], *rest) for post in page.posts] == ids
