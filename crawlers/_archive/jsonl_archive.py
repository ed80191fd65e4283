"""A JSON Lines file in the shape that `nightrounds screen` reads, as an archive."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from core.errors import ParseError
from core.records import Profile
from crawlers._archive.files import file_digest, reading
from crawlers._archive.post_lines import LINE_LIMIT, BadPost, numbered_lines, parse_line
from crawlers._archive.records import ArchiveRecord


class JsonLinesArchive:
    """One post a line; `account.handle` and `platform` say whose it is."""

    unit = "line"
    media_type = "application/x-ndjson"
    note = ""
    profile: Profile | None = None
    native_account_id: str | None = None

    def __init__(self, path: Path) -> None:
        self._path = path
        with reading(path) as stream:
            if stream.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
                raise ParseError("the file is UTF-16; save it as UTF-8, one JSON object a line")

    def digest(self) -> str:
        return file_digest(self._path)

    def records(self, after: int = 0) -> Iterator[ArchiveRecord]:
        with reading(self._path) as stream:
            for number, line in numbered_lines(stream):
                if number > after and (line is None or line.strip()):
                    yield _record(number, line)


def _record(number: int, line: bytes | None) -> ArchiveRecord:
    if line is None:
        return ArchiveRecord(number=number, problem=f"longer than {LINE_LIMIT >> 20} MiB")
    try:
        post = parse_line(line)
    except BadPost as error:
        return ArchiveRecord(number=number, problem=str(error))
    return ArchiveRecord(number=number, raw=line, posts=(post.post,), platform=post.platform, handle=post.handle)
