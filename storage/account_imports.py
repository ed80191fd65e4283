"""Reads what an import has to know and writes what it decided (`account_plan`), in few statements however long the list."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, bindparam, func, insert, select, update

from core.errors import StorageError
from core.records import Account, Kind, Profile, account_id
from storage._columns import canonical
from storage._forgetting import forget_reading
from storage.account_names import former_owners, handle_key, note_handles
from storage.account_plan import Act, Known, Row, Step, Stored, decide
from storage.profiles import keep_profile
from storage.tables import account_handles as handles
from storage.tables import accounts, disputes
from storage.transaction import Transaction, chunks

_c = accounts.c
_BATCH = 1000  # rows in one statement
OPEN, UPHELD = "open", "upheld"  # states of a dispute
_BY_ID = update(accounts).where(_c.id == bindparam("own_id"))


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import makes of a list, row by row, and the watched accounts that a whole list lacks."""

    steps: tuple[Step, ...]
    left_out: tuple[str, ...]
    disputed: frozenset[str]  # accounts whose dispute is open: nothing is collected from them, imported or not


def native_key(tx: Transaction, native_id: str) -> bytes:
    return tx.fingerprint(_c.native_id, native_id)


def make_plan(tx: Transaction, given: Sequence[Account], *, locks: bool) -> Plan:
    """Decide on every row. `locks` keeps others from the accounts that the list speaks of, until the transaction ends."""
    rows = [_row(tx, account) for account in given]
    known = _known(tx, rows, locks=locks)
    steps = decide(rows, known, tx.now)
    return Plan(tuple(steps), tuple(_left_out(tx, steps, known)), frozenset(known.disputed))


def write_plan(tx: Transaction, plan: Plan) -> None:
    """Bring the accounts to what was decided. Who leaves a handle goes first, so that handles can be swapped."""
    taken = [step for step in plan.steps if step.is_taken and step.act is not Act.UNCHANGED]
    changed = [step for step in taken if step.before is not None]
    moved = [step for step in changed if step.moves]
    _run(tx, _BY_ID, [{"own_id": _id_of(s), "handle_key": _nowhere(_id_of(s))} for s in moved])
    _note_moves(tx, moved)
    _run(tx, _BY_ID, [{"own_id": _id_of(step), **_told(tx, step.row)} for step in changed])
    named = [step for step in changed if step.handle_key == step.row.handle_key]
    _run(tx, _BY_ID, [{"own_id": _id_of(step), **_handle(tx, step.row)} for step in named])
    identified = [step for step in changed if step.row.native_key is not None]
    _run(tx, _BY_ID, [{"own_id": _id_of(step), **_native_id(tx, step.row)} for step in identified])
    added = [step for step in taken if step.before is None]
    ids = _free_ids(tx, added)
    _run(tx, insert(accounts), [_added(tx, own_id, step) for own_id, step in zip(ids, added, strict=True)])
    for own_id, step in [*zip(ids, added, strict=True), *((_id_of(step), step) for step in changed)]:
        if step.row.account.profile != Profile():
            keep_profile(tx, own_id, step.row.account.profile)


def forget_old_kinds(tx: Transaction, plan: Plan) -> None:
    """Have the accounts read again whose kind changed."""
    for kind in Kind:
        ids = [_id_of(step) for step in plan.steps if step.changes_kind and step.row.account.kind is kind]
        if ids:
            forget_reading(tx, sorted(ids), kind)


def _row(tx: Transaction, account: Account) -> Row:
    key = None if account.native_id is None else native_key(tx, account.native_id)
    return Row(account, handle_key(tx, account.handle), key, tx.fingerprint(_c.digest, canonical(_given(account))))


def _given(account: Account) -> list[str | None]:
    return [
        account.handle,
        account.native_id,
        account.kind.value,
        account.basis.value,
        account.basis_recorded_by,
        account.basis_recorded_at.isoformat(),
        account.unit,
        *([account.basis_evidence] if account.basis_evidence else []),
    ]


def _known(tx: Transaction, rows: Sequence[Row], *, locks: bool) -> Known:
    former = former_owners(tx, [row.handle_key for row in rows])
    ids = {one for owners in former.values() for one in owners}
    ids |= _ids(tx, _c.handle_key, [row.handle_key for row in rows])
    ids |= _ids(tx, _c.native_key, [row.native_key for row in rows if row.native_key is not None])
    known = Known()
    query = select(_c.id, _c.platform, _c.handle_key, _c.native_key, _c.kind, _c.digest, _c.retired_at).order_by(_c.id)
    if locks:
        query = query.with_for_update()
    for chunk in chunks(sorted(ids)):  # whoever locks several accounts does so in the order of their ids
        known.accounts |= {row.id: Stored(*row) for row in tx.connection.execute(query.where(_c.id.in_(chunk)))}
    for chunk in chunks(sorted(ids)):
        told = select(handles.c.account_id, handles.c.handle_key, handles.c.source).where(handles.c.account_id.in_(chunk))
        for own_id, key, source in tx.connection.execute(told):
            known.handles.setdefault(own_id, {})[key] = source
    d = disputes.c
    decided = select(d.account_id, d.state, func.max(d.decided_at)).where(d.state.in_((OPEN, UPHELD)))
    for own_id, state, decided_at in tx.connection.execute(decided.group_by(d.account_id, d.state)):
        if state == OPEN:
            known.disputed.add(own_id)
        else:
            known.upheld[own_id] = decided_at
    return known


def _ids(tx: Transaction, column: Column[Any], keys: Iterable[bytes]) -> set[str]:
    found = (tx.connection.execute(select(_c.id).where(column.in_(chunk))).scalars() for chunk in chunks(keys))
    return {one for ids in found for one in ids}


def _left_out(tx: Transaction, steps: Sequence[Step], known: Known) -> list[str]:
    """Watched accounts that no row means. Whoever a refused row may mean is kept."""
    kept = {step.before.id for step in steps if step.before is not None}
    refused = [step.row for step in steps if step.act is Act.REFUSED]
    keys = {key for row in refused for key in (row.handle_key, row.native_key) if key is not None}
    kept |= {one.id for one in known.accounts.values() if keys & {one.handle_key, one.native_key}}
    watched = tx.connection.execute(select(_c.id).where(_c.retired_at.is_(None))).scalars()
    return sorted(set(watched) - kept)


def _id_of(step: Step) -> str:
    if step.before is None:
        raise ValueError("a row that means no stored account")
    return step.before.id


def _note_moves(tx: Transaction, moved: Sequence[Step]) -> None:
    """Keep both names of accounts that the list renames."""
    own = {_id_of(step): step for step in moved}
    for chunk in chunks(sorted(own)):
        rows = tx.connection.execute(select(_c.id, _c.handle).where(_c.id.in_(chunk))).all()
        note_handles(tx, [(row.id, tx.unseal(_c.handle, row.handle), "list") for row in rows])
    note_handles(tx, [(own_id, own[own_id].row.account.handle, "list") for own_id in sorted(own)])


def _told(tx: Transaction, row: Row) -> dict[str, Any]:
    account = row.account
    return {
        "kind": account.kind.value,
        "basis": account.basis.value,
        "basis_recorded_by": tx.seal(_c.basis_recorded_by, account.basis_recorded_by),
        "basis_recorded_at": account.basis_recorded_at,
        "basis_evidence": tx.seal(_c.basis_evidence, account.basis_evidence or None),
        "unit": account.unit,
        "digest": row.digest,
        "changed_at": tx.now,
        "retired_at": None,
    }


def _handle(tx: Transaction, row: Row) -> dict[str, Any]:
    return {"handle": tx.seal(_c.handle, row.account.handle), "handle_key": row.handle_key}


def _native_id(tx: Transaction, row: Row) -> dict[str, Any]:
    return {"native_id": tx.seal(_c.native_id, row.account.native_id), "native_key": row.native_key}


def _nowhere(own_id: str) -> bytes:
    """A handle's key that no handle has: where an account stands between leaving one and taking another."""
    return hashlib.sha256(f"moving {own_id}".encode()).digest()


def _added(tx: Transaction, own_id: str, step: Step) -> dict[str, Any]:
    return {
        "id": own_id,
        "platform": step.row.platform,
        "added_at": tx.now,
        **_handle(tx, step.row),
        **_native_id(tx, step.row),
        **_told(tx, step.row),
    }


def _run(tx: Transaction, statement: Any, rows: Iterable[dict[str, Any]]) -> None:
    for batch in chunks(rows, _BATCH):
        tx.connection.execute(statement, list(batch))


def _free_ids(tx: Transaction, added: Sequence[Step]) -> list[str]:
    """Each new account's id, or, where a renamed account still holds it, one made with a number."""
    in_use = _in_use(tx, [step.row.account.id for step in added])
    ids = []
    for step in added:
        ids.append(step.row.account.id if step.row.account.id not in in_use else _numbered_id(tx, step.row.account))
        in_use.add(ids[-1])
    return ids


def _numbered_id(tx: Transaction, account: Account) -> str:
    for number in range(2, 1000):
        candidate = account_id(account.platform, f"{account.handle}#{number}")
        if not _in_use(tx, [candidate]):
            return candidate
    raise StorageError(f"account {account.id}: too many accounts were known under this handle")


def _in_use(tx: Transaction, ids: Sequence[str]) -> set[str]:
    found = (tx.connection.execute(select(_c.id).where(_c.id.in_(chunk))).scalars() for chunk in chunks(ids))
    return {one for known in found for one in known}
