"""Posts that a person hands over: a JSON Lines file, a CSV table, or the account archive that X gives its users.

For `nightrounds posts import`, never at night. The file stands for the platform that its posts were on: they are stored under
the account's own platform and with that platform's ids, so that what is crawled later finds them there. The cursor remembers,
for each file by its digest, how far it was read: a killed import goes on, and a second one of the same file stores nothing.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, assert_never

from core.errors import AccountNotFound, ParseError
from core.records import Account, CrawledPage, Cursor, Post, Profile, RawPage
from core.seams import About, Crawler, CrawlerOptions, CrawlRequest
from crawlers._archive.csv_archive import CsvArchive
from crawlers._archive.files import reading
from crawlers._archive.jsonl_archive import JsonLinesArchive
from crawlers._archive.records import ArchiveFile, ArchiveRecord
from crawlers._archive.x_archive import XArchive

Format = Literal["auto", "jsonl", "csv", "x-archive"]

_COLLECTOR = "crawlers.archives 1"
_PAGE_POSTS = 500
_PAGE_BYTES = 8 << 20
_FILES_REMEMBERED = 50  # by the cursor, the newest
_BAD_NAMED = 20  # records without a post that are named by number; the others are counted


class ArchiveOptions(CrawlerOptions):
    """`path` is a file, or the folder of an unpacked account archive; it is read and never written."""

    path: Path
    format: Format = "auto"
    take_nameless: bool = False  # whether records that name no account are the asked-for account's; else they are left out


class ArchiveCrawler(Crawler):
    """Reads one file. Each account's crawl reads it through and takes that account's posts."""

    platform = "archive"
    title = "file or account archive"
    about = About(
        reads="files that a person hands over, by `posts import` alone",
        through="JSON Lines, CSV, X's own account archive",
        new_posts="the whole file",
        edits="the whole file",
        deletions="not told",
        credentials="none",
        tried="real: files",
    )
    Options = ArchiveOptions

    def missing_credentials(self) -> str:
        """What stands in the way of reading the file, if anything does."""
        try:
            open_archive(self._options.path, self._options.format)
        except ParseError as error:
            return str(error)
        return ""

    def crawl(self, request: CrawlRequest) -> Iterator[CrawledPage]:
        """Pages of at most 500 posts with the bytes of their records.

        Raises:
            ParseError: the file is missing, damaged, hostile or of no known format.
            AccountNotFound: no record is of this account.
        """
        archive = open_archive(self._options.path, self._options.format)
        digest = archive.digest()
        # Asked for more of the same file than before, it is read again.
        asked = f"{digest}{'+nameless' * self._options.take_nameless}{f'+{request.since}' if request.since else ''}"
        progress = _Progress.of(request.cursor, asked)
        if progress.complete:
            return
        page, foreign, too_old = _Page(), 0, 0
        for record in archive.records(progress.done):
            if not self._is_of(record, request.account, archive):
                foreign += 1
            elif record.problem:
                progress.note_bad(record.number)
            else:
                posts = [_placed(post, request.account) for post in record.posts]
                wanted = [post for post in posts if not _before(post, request.since)]
                too_old += len(posts) - len(wanted)
                if page.posts and (len(page.posts) + len(wanted) > _PAGE_POSTS or page.size + len(record.raw) > _PAGE_BYTES):
                    yield self._crawled(page, archive, digest, progress)
                    page = _Page()
                page.add(record, wanted)
            progress.done = record.number
        if foreign and not (page.posts or too_old or progress.found):
            raise AccountNotFound("the file holds no posts that name this account")
        if not (foreign or page.posts or too_old or progress.found):
            _refuse_unreadable(archive, progress.bad_numbers)
        progress.complete = True
        note = _final_note(archive, progress, too_old)
        yield self._crawled(page, archive, digest, progress, note=note, account=request.account)

    def _is_of(self, record: ArchiveRecord, account: Account, archive: ArchiveFile) -> bool:
        """A renamed account is known by its id. What can't be read is everybody's, so that it is told."""
        if record.problem:
            return True
        if _platform_of(record) not in {None, account.platform}:
            return False
        if record.handle is None:
            return self._options.take_nameless or not record.posts
        if _same(record.handle) == _same(account.handle):
            return True
        return archive.native_account_id is not None and archive.native_account_id == account.native_id

    @property
    def _options(self) -> ArchiveOptions:
        assert isinstance(self.options, ArchiveOptions)
        return self.options

    def _crawled(
        self,
        page: _Page,
        archive: ArchiveFile,
        digest: str,
        progress: _Progress,
        *,
        note: str = "",
        account: Account | None = None,
    ) -> CrawledPage:
        progress.found = progress.found or bool(page.posts)
        raw = RawPage(
            url=f"archive:sha256:{digest}#{archive.unit}={page.first}-{page.last}",
            body=b"".join(page.bodies),
            media_type=archive.media_type,
            status=200,
            fetched_at=self.clock(),
            collector=_COLLECTOR,
        )
        return CrawledPage(
            raw=(raw,) if page.bodies else (),
            posts=tuple(page.posts),
            # An archive is older than what a night sees: its profile stands only where no night has seen one.
            profile=archive.profile if account and account.profile == Profile() else None,
            native_account_id=archive.native_account_id,
            cursor=progress.cursor(),
            note=note,
        )


def open_archive(path: Path, format: Format = "auto") -> ArchiveFile:
    """The file, opened as what it is. 'auto' goes by what stands in it, and by `.csv` and `.tsv` for tables.

    Raises:
        ParseError: missing, damaged, hostile, or not of this format.
    """
    if not path.exists():
        raise ParseError("no such file")
    chosen = _recognised(path) if format == "auto" else format
    match chosen:
        case "jsonl":
            return JsonLinesArchive(path)
        case "csv":
            return CsvArchive(path)
        case "x-archive":
            return XArchive(path)
        case _:
            assert_never(chosen)


def accounts_in(path: Path, format: Format = "auto") -> list[tuple[str, str, int]]:
    """(platform, handle, number of records) of every account that the file names, the busiest first; '' where it names none.

    Raises:
        ParseError: as `open_archive`, and where records are there and none can be read.
    """
    archive, bad = open_archive(path, format), list[int]()
    counts = Counter[tuple[str, str]]()
    shown: dict[tuple[str, str], str] = {}
    for record in archive.records():
        if record.problem and not bad:
            bad.append(record.number)
        if record.posts:
            key = (_platform_of(record) or "", _same(record.handle or ""))
            shown.setdefault(key, (record.handle or "").removeprefix("@"))
            counts[key] += 1
    if not counts:
        _refuse_unreadable(archive, bad)
    return [(key[0], shown[key], count) for key, count in counts.most_common()]


def _refuse_unreadable(archive: ArchiveFile, bad: list[int]) -> None:
    """Raise for a file of which nothing can be read; an empty one is merely empty."""
    if bad and isinstance(archive, XArchive):
        raise ParseError(f"the archive is damaged at tweet {bad[0]}, and no tweet of it can be read; download it again")
    if bad:
        raise ParseError(f"no {archive.unit} of the file is a post; the first that is none is {archive.unit} {bad[0]}")


def _recognised(path: Path) -> Literal["jsonl", "csv", "x-archive"]:
    if path.is_dir() or zipfile.is_zipfile(path):
        return "x-archive"
    with reading(path) as stream:
        if stream.read(4) == b"PK\x03\x04":  # a zip that has lost its end: opening it says so
            return "x-archive"
    return "csv" if path.suffix.lower() in {".csv", ".tsv"} else "jsonl"


def _same(handle: str) -> str:
    return handle.strip().removeprefix("@").casefold()


def _platform_of(record: ArchiveRecord) -> str | None:
    return "x" if record.platform == "twitter" else record.platform


def _placed(post: Post, account: Account) -> Post:
    return replace(post, platform=account.platform, account_id=account.id)


def _before(post: Post, since: datetime | None) -> bool:
    return since is not None and post.posted_at is not None and post.posted_at < since


def _final_note(archive: ArchiveFile, progress: _Progress, too_old: int) -> str:
    notes = [archive.note] if archive.note else []
    if progress.bad:
        plural = "s" if progress.bad > 1 else ""
        named = ", ".join(map(str, progress.bad_numbers)) + (", …" if progress.bad > len(progress.bad_numbers) else "")
        notes.append(f"{progress.bad} {archive.unit}{plural} could not be read as posts ({archive.unit} {named})")
    if too_old:
        notes.append(f"{too_old} posts from before the given time were left out")
    return "; ".join(notes)


@dataclass(slots=True)
class _Page:
    """A page in the making."""

    posts: list[Post] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    size: int = 0
    first: int = 0
    last: int = 0

    def add(self, record: ArchiveRecord, posts: list[Post]) -> None:
        if not posts:
            return
        self.posts += posts
        self.bodies.append(record.raw)
        self.size += len(record.raw)
        self.first = self.first or record.number
        self.last = record.number


@dataclass(slots=True)
class _Progress:
    """How far one file was read for one account, and what the cursor remembers of others. `asked`: digest and extent."""

    asked: str
    others: dict[str, Any]
    done: int = 0
    complete: bool = False
    found: bool = False
    bad: int = 0
    bad_numbers: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, cursor: Cursor | None, asked: str) -> _Progress:
        files = dict(cursor.state.get("files", {})) if cursor else {}
        known = files.pop(asked, {})
        return cls(asked=asked, others=files, **{**known, "bad_numbers": list(known.get("bad_numbers", ()))})

    def note_bad(self, number: int) -> None:
        self.bad += 1
        if len(self.bad_numbers) < _BAD_NAMED:
            self.bad_numbers.append(number)

    def cursor(self) -> Cursor:
        mine = {
            "done": self.done,
            "complete": self.complete,
            "found": self.found,
            "bad": self.bad,
            "bad_numbers": list(self.bad_numbers),
        }
        newest = list(self.others.items())[-(_FILES_REMEMBERED - 1) :]
        return Cursor({"files": dict([*newest, (self.asked, mine)])})
