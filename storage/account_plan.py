"""What an import makes of each row of the curator's list. Decided in memory, alike for the preview and for the import itself.

A list counts as one statement: handles that it swaps are swapped. A row that contradicts what is stored, or another row, is
refused for a reason in plain words, and the rest is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from core.records import Account

PLATFORM = "platform"  # the source of a handle that the platform told; its word stands against an older list's
_ZONES = timedelta(days=1)  # a day is written without its zone

_TWICE = "the same account stands further up"
_TWICE_ID = "the same native id stands further up"
_WANTS_ID = "another account had this handle before; give the native id of the account that is meant"
_OTHER_ID = "its handle comes with another native id now; give the account that had it its new handle, by its native id"
_TAKEN = "its handle is another account's; give that one its new handle in the same list, by its native id"
_UPHELD = "a dispute about it was upheld; to watch it after all, record its basis anew, with a date after that decision"


class Act(StrEnum):
    """What becomes of an account."""

    ADDED = "added"
    CHANGED = "changed"
    WATCHED_AGAIN = "watched again"
    UNCHANGED = "unchanged"
    RETIRED = "retired"
    DISPUTED = "not watched: disputed and upheld"
    REFUSED = "not taken"


@dataclass(frozen=True, slots=True)
class Row:
    """One account of the list, with its keyed hashes; `digest` is of all that the curator gives."""

    account: Account
    handle_key: bytes
    native_key: bytes | None
    digest: bytes

    @property
    def platform(self) -> str:
        return self.account.platform


@dataclass(frozen=True, slots=True)
class Stored:
    """One stored account, as far as an import asks for it."""

    id: str
    platform: str
    handle_key: bytes
    native_key: bytes | None
    kind: str
    digest: bytes
    retired_at: datetime | None


@dataclass(slots=True)
class Known:
    """The stored accounts that a list may speak of, the handles that they had (with who told them), and their disputes."""

    accounts: dict[str, Stored] = field(default_factory=dict)
    handles: dict[str, dict[bytes, str]] = field(default_factory=dict)
    upheld: dict[str, datetime] = field(default_factory=dict)  # when it was last decided so
    disputed: set[str] = field(default_factory=set)  # whose dispute is open


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one row. `before` is the stored account that it means, `handle_key` the handle that it will have."""

    act: Act
    row: Row
    before: Stored | None
    handle_key: bytes
    why: str = ""  # of what is not taken

    @property
    def is_taken(self) -> bool:
        return self.act not in {Act.DISPUTED, Act.REFUSED}

    @property
    def moves(self) -> bool:
        return self.before is not None and self.before.handle_key != self.handle_key

    @property
    def changes_kind(self) -> bool:
        return self.is_taken and self.before is not None and self.before.kind != self.row.account.kind.value


def decide(rows: Sequence[Row], known: Known, now: datetime) -> list[Step]:
    """A step for each row, in the order of the list."""
    matched = _Matching(known, rows)
    upheld = {n for n, before in matched.found.items() if before is not None and _stays_upheld(rows[n], before, known, now)}
    standing = {n: before for n, before in matched.found.items() if n not in upheld}
    for n in _without_place(rows, standing, known):
        del standing[n]
        matched.refused[n] = _TAKEN
    steps = []
    for n, row in enumerate(rows):
        if n in matched.refused:
            steps.append(Step(Act.REFUSED, row, matched.found.get(n), row.handle_key, matched.refused[n]))
        elif n in upheld:
            steps.append(_upheld(row, matched.found[n]))
        else:
            steps.append(_taken(row, standing[n], known))
    return steps


class _Matching:
    """Which stored account each row means: by its native id, by its handle, or by a handle that it had."""

    def __init__(self, known: Known, rows: Sequence[Row]) -> None:
        self.found: dict[int, Stored | None] = {}  # None: it is new
        self.refused: dict[int, str] = {}
        self._known = known
        self._rows = rows
        self._claimed: set[str] = set()
        self._formers: dict[tuple[str, bytes], list[Stored]] = {}  # who had a handle and has it no longer
        for one in known.accounts.values():
            for key in known.handles.get(one.id, ()):
                if key != one.handle_key:
                    self._formers.setdefault((one.platform, key), []).append(one)
        self._by_id()
        leaving = {one.id for n, one in self.found.items() if one and _handle_after(rows[n], one, known) != one.handle_key}
        self._by_handle(leaving)
        self._by_former_handle()

    def _by_id(self) -> None:
        stored = {(one.platform, one.native_key): one for one in self._known.accounts.values() if one.native_key is not None}
        seen: set[tuple[str, bytes]] = set()
        for n, row in enumerate(self._rows):
            if row.native_key is None:
                continue
            place = (row.platform, row.native_key)
            if place in seen:
                self.refused[n] = _TWICE_ID
            elif place in stored:
                self._claim(n, stored[place])
            seen.add(place)

    def _by_handle(self, leaving: set[str]) -> None:
        stored = {(one.platform, one.handle_key): one for one in self._known.accounts.values()}
        for n, row in self._open_rows():
            before = stored.get((row.platform, row.handle_key))
            if before is None:
                continue
            changed_hands = before.id in leaving or (self._had(row) and row.digest != before.digest)
            if row.native_key is None and changed_hands:
                self.refused[n] = _WANTS_ID
            elif before.id in leaving:
                continue
            elif row.native_key is not None and before.native_key not in {None, row.native_key}:
                self.refused[n] = _OTHER_ID
            else:
                self._claim(n, before)

    def _by_former_handle(self) -> None:
        """A row without an id may be an old list's, from before a rename: only one account can be meant, and it is watched."""
        for n, row in self._open_rows():
            had = self._had(row) if row.native_key is None else []
            if not had:
                self.found[n] = None
            elif len(had) == 1 and had[0].id not in self._claimed and self._may_be_meant(row, had[0]):
                self._claim(n, had[0])
            else:
                self.refused[n] = _WANTS_ID

    def _had(self, row: Row) -> list[Stored]:
        return self._formers.get((row.platform, row.handle_key), [])

    def _may_be_meant(self, row: Row, before: Stored) -> bool:
        watched = before.retired_at is None or (before.id in self._known.upheld and before.digest == row.digest)
        return watched and before.kind == row.account.kind.value

    def _open_rows(self) -> list[tuple[int, Row]]:
        return [(n, row) for n, row in enumerate(self._rows) if n not in self.found and n not in self.refused]

    def _claim(self, n: int, before: Stored) -> None:
        if before.id in self._claimed:
            self.refused[n] = _TWICE
        else:
            self._claimed.add(before.id)
            self.found[n] = before


def _handle_after(row: Row, before: Stored, known: Known) -> bytes:
    """The handle under which an account will stand: the list's, unless the platform told of another one since."""
    told = known.handles.get(before.id, {})
    is_older = row.handle_key in told and (row.native_key is None or told.get(before.handle_key) == PLATFORM)
    return before.handle_key if is_older or row.digest == before.digest else row.handle_key


def _stays_upheld(row: Row, before: Stored, known: Known, now: datetime) -> bool:
    decided_at = known.upheld.get(before.id)
    return decided_at is not None and not decided_at < row.account.basis_recorded_at <= now + _ZONES


def _without_place(rows: Sequence[Row], standing: Mapping[int, Stored | None], known: Known) -> set[int]:
    """Rows whose handle is taken by whom the list does not move, or moves in vain."""
    refused: set[int] = set()
    while True:
        arriving = {
            n: before
            for n, before in standing.items()
            if n not in refused and (before is None or _handle_after(rows[n], before, known) != before.handle_key)
        }
        leaving = {before.id for before in arriving.values() if before is not None}
        taken = {(one.platform, one.handle_key) for one in known.accounts.values() if one.id not in leaving}
        late = set()
        for n in arriving:
            place = (rows[n].platform, rows[n].handle_key)
            if place in taken:
                late.add(n)
            taken.add(place)
        if not late:
            return refused
        refused |= late


def _upheld(row: Row, before: Stored | None) -> Step:
    is_watched = before is not None and before.retired_at is None  # by a basis that was recorded after the decision
    return Step(Act.REFUSED if is_watched else Act.DISPUTED, row, before, row.handle_key, _UPHELD)


def _taken(row: Row, before: Stored | None, known: Known) -> Step:
    if before is None:
        return Step(Act.ADDED, row, None, row.handle_key)
    act = Act.UNCHANGED if before.digest == row.digest else Act.CHANGED
    if before.retired_at is not None:
        act = Act.WATCHED_AGAIN
    return Step(act, row, before, _handle_after(row, before, known))
