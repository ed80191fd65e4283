"""What an import of accounts would change, account by account, before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.records import Account
from nightrounds.context import Context
from storage import accounts


class Act(StrEnum):
    """What becomes of an account."""

    ADDED = "added"
    CHANGED = "changed"
    WATCHED_AGAIN = "watched again"
    UNCHANGED = "unchanged"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Change:
    """One account's change: the fields that differ, and what follows from it in plain words."""

    act: Act
    account: Account
    fields: tuple[tuple[str, str, str], ...] = field(default=(), repr=False)  # name, before, after
    consequence: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    changes: tuple[Change, ...]

    def count(self, act: Act) -> int:
        return sum(change.act is act for change in self.changes)


class _NotStored(Exception):
    """Ends the trial, so that nothing of it stays."""


def preview_import(context: Context, given: Sequence[Account], *, complete: bool = False) -> Preview:
    """Import `given` on trial and take it back: what is told is what the import itself does.

    `complete`: the list is whole, so that accounts which it lacks would be retired.

    Raises:
        StorageError: the list contradicts what is stored.
    """
    with context.store.read() as tx:
        before = {a.id: a for a in (*accounts.list_accounts(tx), *accounts.list_accounts(tx, retired=True))}
        retired = {a.id for a in accounts.list_accounts(tx, retired=True)}
    try:
        with context.store.begin() as tx:
            accounts.import_accounts(tx, given)
            gone = accounts.retire_others(tx, given) if complete else []
            after = {a.id: a for a in (*accounts.list_accounts(tx), *accounts.list_accounts(tx, ids=gone))}
            raise _NotStored
    except _NotStored:
        pass
    changes = [_change(before.get(one), account, one in retired, one in gone) for one, account in after.items()]
    return Preview(tuple(sorted(changes, key=lambda c: (c.act.value, c.account.platform, c.account.handle.casefold()))))


def _change(before: Account | None, after: Account, was_retired: bool, is_retired: bool) -> Change:
    if before is None:
        return Change(Act.ADDED, after)
    if is_retired:
        return Change(Act.RETIRED, after, consequence="no longer watched; what is stored of it falls under retention")
    fields = tuple((name, old, new) for (name, old), (_, new) in zip(_told(before), _told(after), strict=True) if old != new)
    if was_retired:
        return Change(Act.WATCHED_AGAIN, after, fields)
    if not fields:
        return Change(Act.UNCHANGED, after)
    consequence = ""
    if before.kind != after.kind:
        consequence = (
            "other rules apply: all its posts are read again, findings of rules that no longer apply are deleted or retired"
        )
    return Change(Act.CHANGED, after, fields, consequence)


def _told(account: Account) -> tuple[tuple[str, str], ...]:
    """What the curator tells of an account, under the columns' names."""
    return (
        ("handle", account.handle),
        ("kind", account.kind.value),
        ("basis", account.basis.value),
        ("recorded_by", account.basis_recorded_by),
        ("recorded_at", account.basis_recorded_at.isoformat()),
        ("unit", account.unit or ""),
        ("native_id", account.native_id or ""),
        ("evidence", account.basis_evidence),
    )
