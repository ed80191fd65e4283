"""A table of posts as CSV: from an export, a spreadsheet, or a colleague's hand.

The delimiter is the one that makes the header row name an `id` (or `url`) and a `text`. Cells are text, whatever they look
like: a formula is never computed. Python's own sniffer is not used: its expressions can be made to run for minutes.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from core.errors import ParseError
from core.records import Media, Post, Precision, Profile
from crawlers._archive.files import file_digest, reading
from crawlers._archive.post_lines import LINE_LIMIT, BadPost, media_kind, parse_time, storable
from crawlers._archive.records import ArchiveRecord

_DELIMITERS = (",", ";", "\t", "|")
_COLUMNS = {  # our word -> what exports call it, in lower case with underscores
    "id": ("id", "post_id", "tweet_id", "status_id", "native_id"),
    "text": ("text", "post_text", "full_text", "message", "content", "body", "caption"),
    "url": ("url", "post_url", "permalink", "link"),
    "created_at": ("created_at", "posted_at", "published_at", "created_time", "date", "time", "timestamp"),
    "handle": ("handle", "account", "username", "screen_name", "account_handle"),
    "platform": ("platform", "network", "site"),
    "alt_text": ("alt_text", "image_description"),
    "media": ("media", "media_path", "image"),
    "links": ("links",),
}
_ROUNDED_ID = re.compile(r"\d[.,]\d+E\+\d+", re.I)  # what a spreadsheet leaves of a long number
_QUOTED_FORMULA = re.compile(r'="([^"]*)"')  # how exports keep a spreadsheet from doing so
_UNDECODED = re.compile("[\udc80-\udcff]")  # how Python carries a byte that it could not decode


class _TooLong(Exception):
    """A row, or one line of it, beyond LINE_LIMIT."""


class CsvArchive:
    """One post a row under a header row. Rows are numbered as a spreadsheet shows them: the header is row 1."""

    unit = "row"
    media_type = "text/csv"
    profile: Profile | None = None
    native_account_id: str | None = None

    def __init__(self, path: Path) -> None:
        self._path = path
        self._encoding = _encoding_of(path)
        self.note = "the file is not UTF-8 and was read as Windows-1252" if self._encoding == "cp1252" else ""
        with self._lines() as lines:
            self._skip, self._delimiter, self._columns = _read_header(lines)

    def digest(self) -> str:
        return file_digest(self._path)

    def records(self, after: int = 0) -> Iterator[ArchiveRecord]:
        with self._lines() as lines:
            for _ in range(self._skip):
                next(lines)
            rows = csv.reader(lines, delimiter=self._delimiter)
            lines.take()
            number = 0
            while True:
                number += 1
                problem, cells = "", list[str]()
                try:
                    cells = next(rows)
                except StopIteration:
                    return
                except _TooLong:
                    problem = f"longer than {LINE_LIMIT >> 20} MiB"
                except csv.Error:
                    problem = "no valid CSV, or a cell longer than 131072 characters"
                raw = lines.take()
                if number == 1 or number <= after or not (problem or any(cell.strip() for cell in cells)):
                    continue
                yield ArchiveRecord(number=number, problem=problem) if problem else self._record(number, cells, raw)

    def _lines(self) -> _Lines:
        return _Lines(self._path, self._encoding)

    def _record(self, number: int, cells: list[str], raw: str) -> ArchiveRecord:
        if _UNDECODED.search(raw):
            return ArchiveRecord(number=number, problem="bytes that are no text in the file's encoding")
        if len(cells) > len(self._columns) and any(cell.strip() for cell in cells[len(self._columns) :]):
            return ArchiveRecord(number=number, problem="more cells than the header row has columns")
        row = {name: cell for name, cell in zip(self._columns, cells, strict=False) if name}
        try:
            post = _post(row)
        except BadPost as error:
            return ArchiveRecord(number=number, problem=str(error))
        return ArchiveRecord(
            number=number,
            raw=raw.encode(self._encoding, _ERRORS[self._encoding]),
            posts=(post,),
            platform=row.get("platform", "").strip().lower() or None,
            handle=row.get("handle", "").strip() or None,
        )


def _post(row: dict[str, str]) -> Post:
    key = row.get("id", "").strip()
    if formula := _QUOTED_FORMULA.fullmatch(key):
        key = formula[1]
    if _ROUNDED_ID.fullmatch(key):
        raise BadPost("id: a spreadsheet rounded this number; export again with the column as text")
    url = storable(row.get("url", "").strip())
    key = storable(key) or url
    if not 0 < len(key) <= 1024:
        raise BadPost("id is missing or too long")
    if "text" not in row:
        raise BadPost("text is missing")
    try:
        posted_at, precision = parse_time(row.get("created_at", ""))
    except BadPost:  # a spreadsheet writes dates as its owner's country does; the post itself is sound
        posted_at, precision = None, Precision.UNKNOWN
    path, alt_text = storable(row.get("media", "").strip()), storable(row.get("alt_text", ""))
    media = (Media(kind=media_kind(path), native_key=path or "media.0", alt_text=alt_text, path=path),)
    return Post(
        platform="",
        account_id="",
        native_id=key,
        url=url,
        text=storable(row["text"]),
        posted_at=posted_at,
        posted_at_precision=precision,
        links=tuple(storable(row.get("links", "")).split()),
        media=media if path or alt_text else (),
    )


_ERRORS = {"utf-8-sig": "surrogateescape", "utf-8": "surrogateescape", "utf-16": "surrogatepass", "cp1252": "surrogateescape"}


class _Lines:
    """Lines of a text file for csv.reader, bounded, which remembers those of the present row."""

    def __init__(self, path: Path, encoding: str) -> None:
        self._opened = reading(path)
        self._encoding = encoding
        self._row = list[str]()
        self._size = 0

    def __enter__(self) -> _Lines:
        stream: IO[bytes] = self._opened.__enter__()
        self._text = io.TextIOWrapper(stream, encoding=self._encoding, errors=_ERRORS[self._encoding], newline="")
        return self

    def __exit__(self, *_: object) -> None:
        self._text.close()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LINE_LIMIT + 1)
        if not line:
            raise StopIteration
        self._row.append(line[:LINE_LIMIT])
        self._size += len(line)
        if self._size > LINE_LIMIT:
            while line and line[-1] not in "\r\n":
                line = self._text.readline(LINE_LIMIT)
            raise _TooLong
        return line

    def take(self) -> str:
        """The text of the row just read."""
        row, self._row, self._size = "".join(self._row), [], 0
        return row


def _encoding_of(path: Path) -> str:
    """UTF-16 by its mark, else UTF-8 unless the file has bytes that are not, and none that could only be."""
    with reading(path) as stream:
        head = stream.read(3)
        if head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
            return "utf-16"
        if head == codecs.BOM_UTF8:
            return "utf-8-sig"
        stream.seek(0)
        foreign = False
        while line := stream.readline(LINE_LIMIT):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                foreign = True
            else:
                return "utf-8"
    return "cp1252" if foreign else "utf-8"


def _read_header(lines: _Lines) -> tuple[int, str, list[str]]:
    """How many lines stand before the header row, the delimiter, and our word for each column ('' for one we don't use)."""
    skip = 0
    delimiters: tuple[str, ...] = _DELIMITERS
    try:
        line = next(lines)
        if declared := re.fullmatch(r'"?sep=(.)"?\s*', line):  # Excel's own way to name the delimiter
            skip, delimiters, line = 1, (declared[1],), next(lines)
    except (StopIteration, _TooLong):
        raise ParseError("the file has no header row") from None
    for delimiter in delimiters:
        try:
            names = _our_words(next(csv.reader([line], delimiter=delimiter)))
        except (csv.Error, TypeError, ValueError):
            continue
        if "text" in names and {"id", "url"} & set(names):
            return skip, delimiter, names
    raise ParseError("the header row names no columns 'id' and 'text'; see docs/screen.md for the columns that are read")


def _our_words(header: list[str]) -> list[str]:
    """Our word for each column; where two columns could serve one word, the one named first in _COLUMNS does."""
    given = [re.sub(r"[\s_-]+", "_", cell.strip().lower()) for cell in header]
    words = [""] * len(given)
    for word, names in _COLUMNS.items():
        present = [name for name in names if name in given]
        if present and given.count(present[0]) > 1:
            raise ParseError(f"the header row names the column {present[0]!r} twice")
        if present:
            words[given.index(present[0])] = word
    return words
