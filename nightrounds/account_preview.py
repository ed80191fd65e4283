"""What an import of accounts would change, account by account, before anything is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from core.records import Account
from nightrounds.context import Context
from storage import accounts
from storage.account_plan import Act, Step

_RETIRED = "no longer watched; what is stored of it falls under retention"
_OTHER_KIND = (
    "other rules apply: all its posts are read again; what may not be kept about its new kind is deleted, and what else "
    "was found stands no more until it is found again, unless a case is open"
)
_STANDS = "the platform told of another handle since, which stands; if the handle's new owner is meant, give its native id"
_DISPUTED = "nothing is collected from it while its dispute is open"


@dataclass(frozen=True, slots=True)
class Change:
    """One account's change: the fields that differ, and what follows from it, or why it is not taken, in plain words."""

    act: Act
    account: Account
    fields: tuple[tuple[str, str, str], ...] = field(default=(), repr=False)  # name, before, after
    consequence: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    changes: tuple[Change, ...]

    def count(self, act: Act) -> int:
        return sum(change.act is act for change in self.changes)


def preview_import(context: Context, given: Sequence[Account], *, complete: bool = False) -> Preview:
    """What an import of `given` comes to, by the import's own decisions. Reads only: nobody who writes has to wait.

    `complete`: the list is whole, so that accounts which it lacks would be retired.
    """
    with context.store.read() as tx:
        plan = accounts.plan_import(tx, given)
        gone = plan.left_out if complete else ()
        told = [step.before.id for step in plan.steps if step.before is not None and step.act is not Act.UNCHANGED]
        stored = accounts.by_id(tx, [*told, *gone])
    changes = [_change(step, stored, plan.disputed) for step in plan.steps]
    changes += [Change(Act.RETIRED, stored[one], consequence=_RETIRED) for one in gone]
    return Preview(tuple(sorted(changes, key=lambda c: (c.act.value, c.account.platform, c.account.handle.casefold()))))


def _change(step: Step, stored: dict[str, Account], disputed: frozenset[str]) -> Change:
    given = step.row.account
    if not step.is_taken:
        return Change(step.act, given, consequence=step.why)
    if step.before is None:
        return Change(step.act, given)
    if step.act is Act.UNCHANGED:
        return Change(step.act, replace(given, id=step.before.id))
    before = stored[step.before.id]
    after = replace(given, id=before.id, native_id=given.native_id or before.native_id)
    stands = step.handle_key != step.row.handle_key
    if stands:
        after = replace(after, handle=before.handle)
    fields = tuple((name, old, new) for (name, old), (_, new) in zip(_told(before), _told(after), strict=True) if old != new)
    notes = [(_OTHER_KIND, step.changes_kind), (_STANDS, stands), (_DISPUTED, before.id in disputed)]
    return Change(step.act, after, fields, "; ".join(note for note, applies in notes if applies))


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
