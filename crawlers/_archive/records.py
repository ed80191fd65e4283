"""What every kind of archive is read into: numbered records, each with its own bytes and the posts that it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from core.records import Post, Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRecord:
    """One line, row or tweet. `platform` and `handle` are None where the file leaves them open.

    `posts` are versions of one post, oldest first, and know neither platform nor account yet. A record with a `problem` holds
    none; one with neither is a version that stands with another record.
    """

    number: int
    raw: bytes = field(default=b"", repr=False)
    posts: tuple[Post, ...] = field(default=(), repr=False)
    platform: str | None = None
    handle: str | None = field(default=None, repr=False)
    problem: str = ""


class ArchiveFile(Protocol):
    """One file that was handed over, of a known format."""

    unit: str  # what a record is called: 'line', 'row', 'tweet'
    media_type: str
    note: str  # what the curator should know of how the file was read; empty when nothing
    profile: Profile | None
    native_account_id: str | None

    def digest(self) -> str:
        """SHA-256 in hex of what was handed over."""

    def records(self, after: int = 0) -> Iterator[ArchiveRecord]:
        """Records with a number above `after`, in the file's order; raises ParseError."""
