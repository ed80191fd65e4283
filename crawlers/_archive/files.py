"""Opening what a person handed over, safely: a file, a folder or a zip whose every byte may be hostile.

Nothing is ever extracted. A zip is refused whole for what no honest export has: encryption, paths that climb, one name twice,
or contents out of all proportion to its size.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from core.errors import ParseError

_PART_LIMIT = 2 << 30  # bytes of one part once unpacked; X starts a new part long before
_RATIO_LIMIT = 200  # indented JSON packs 10 to 30 to 1, a bomb 1000 to 1
_RATIO_FROM = 1 << 20  # small parts may be all blanks
_MEMBERS_LIMIT = 1_000_000
_CHUNK = 1 << 18


class ArchiveFolder(Protocol):
    """The parts of an export, by name below its `data/` folder."""

    def names(self) -> list[str]:
        """Names of all parts, such as `tweets.js`, sorted."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of one part, in pieces; raises ParseError."""

    def digest(self) -> str:
        """SHA-256 in hex of what was handed over."""


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes in hex.

    Raises:
        ParseError: it can't be read.
    """
    with reading(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]


@contextmanager
def reading(path: Path) -> Iterator[IO[bytes]]:
    """The file, open; an operating system's refusal becomes a ParseError that names no path."""
    try:
        with path.open("rb") as stream:
            yield stream
    except OSError as error:
        raise ParseError(f"the file can't be read ({error.strerror or type(error).__name__})") from None


def open_folder(path: Path) -> ZippedFolder | PlainFolder:
    """An account archive, zipped as it was downloaded or unpacked.

    Raises:
        ParseError: neither, or a zip that is refused.
    """
    return PlainFolder(path) if path.is_dir() else ZippedFolder(path)


class PlainFolder:
    """An unpacked archive: the folder itself, or its `data` folder."""

    def __init__(self, path: Path) -> None:
        root = path.resolve()
        self.root = root / "data" if (root / "data").is_dir() else root

    def names(self) -> list[str]:
        try:  # a link may point anywhere on this machine; an export has none
            return sorted(entry.name for entry in self.root.iterdir() if entry.is_file() and not entry.is_symlink())
        except OSError as error:
            raise ParseError(f"the folder can't be read ({error.strerror or type(error).__name__})") from None

    def chunks(self, name: str) -> Iterator[bytes]:
        with reading(self.root / name) as stream:
            yield from _pieces(stream)

    def digest(self) -> str:
        whole = hashlib.sha256()
        for name in self.names():
            if name.endswith(".js"):
                whole.update(f"{name}\0{file_digest(self.root / name)}\n".encode())
        return whole.hexdigest()


class ZippedFolder:
    """An archive as X hands it out. The zip's own list of members is checked before anything is read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as zipped:
            members = zipped.infolist()
        if len(members) > _MEMBERS_LIMIT:
            raise ParseError(f"the zip lists more than {_MEMBERS_LIMIT:,} files; it is no account archive")
        seen = set[str]()
        for member in members:
            _refuse_hostile(member, seen)
        self._members = {name: member for member in members if (name := _part_name(member.filename))}

    @contextmanager
    def _open(self) -> Iterator[zipfile.ZipFile]:
        try:
            with reading(self._path) as stream, zipfile.ZipFile(stream) as zipped:
                yield zipped
        # NotImplementedError: so zipfile says that it can't read a way of packing
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError, ValueError):
            raise ParseError("the zip is damaged or no zip; download the archive again") from None

    def names(self) -> list[str]:
        return sorted(self._members)

    def chunks(self, name: str) -> Iterator[bytes]:
        with self._open() as zipped, zipped.open(self._members[name]) as stream:
            yield from _pieces(stream)

    def digest(self) -> str:
        return file_digest(self._path)


def _part_name(path: str) -> str | None:
    """`data/tweets.js` and `some-folder/data/tweets.js` are both `tweets.js`; anything else is no part."""
    parts = PurePosixPath(path).parts
    if len(parts) in {2, 3} and parts[-2] == "data" and re.fullmatch(r"[\w-]+\.js", parts[-1], re.ASCII):
        return parts[-1]
    return None


def _refuse_hostile(member: zipfile.ZipInfo, seen: set[str]) -> None:
    path = PurePosixPath(member.filename)
    if path.is_absolute() or ".." in path.parts or re.search(r"\\|^[A-Za-z]:", member.filename):
        raise ParseError("the zip holds paths that leave its folder; it is no account archive and was not read")
    if member.flag_bits & 0x1:
        raise ParseError("the zip is encrypted; unpack it with its password and hand over the folder")
    name = _part_name(member.filename)
    if name is None:
        return
    if name in seen:
        raise ParseError("the zip holds one file twice; it was not read")
    seen.add(name)
    if member.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ParseError("the zip is packed in an unusual way; unpack it and hand over the folder")
    too_dense = member.file_size > _RATIO_FROM and member.file_size > _RATIO_LIMIT * max(member.compress_size, 1)
    if member.file_size > _PART_LIMIT or too_dense:
        raise ParseError("the zip would unpack to an absurd size; it was not read")


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    held = 0
    while piece := stream.read(_CHUNK):
        held += len(piece)
        if held > _PART_LIMIT:
            raise ParseError(f"a part is larger than {_PART_LIMIT >> 30} GiB; it was not read to its end")
        yield piece
