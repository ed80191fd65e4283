"""Accounts: the watched list as its curator gives it, and what the platforms told of who they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import IntegrityError

from core.errors import AccountNotFound, StorageError
from core.records import Account, Basis, Kind, Profile
from storage._engine import lock
from storage._json import profile_from_json
from storage.account_imports import Plan, forget_old_kinds, make_plan, native_key, write_plan
from storage.account_names import Rename, follow_rename, handle_key
from storage.account_plan import Act
from storage.tables import accounts, profile_snapshots
from storage.transaction import AnyRow, Transaction, chunks

_IMPORT_LOCK = 0x4E52_0003  # one list at a time
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class AccountsImported:
    """How many rows came to what. `disputed` are not watched, because a dispute was upheld; `refused` contradict something."""

    added: int
    changed: int
    unchanged: int
    disputed: int = 0
    refused: int = 0


def import_accounts(tx: Transaction, given: Sequence[Account]) -> AccountsImported:
    """Add and change accounts by the curator's list; accounts that the list lacks stay as they are.

    An account is the same by its native id, by its handle, or by a handle that it had before the platform told of a rename
    (then the platform's word on the handle stands); it keeps the id under which it was first known. A retired account that
    is given again is watched again, unless a dispute about it was upheld and its basis was not recorded anew since.
    A row that contradicts what is stored, or another row, is not taken; `plan_import` tells which and why.
    A new kind means other rules: everything is read again, nothing political is kept about personnel, and what else was found
    stands no more until it is found again, unless it is in an open case (see `_forgetting`).
    """
    lock(tx.connection, _IMPORT_LOCK)
    plan = _write(tx, given)
    forget_old_kinds(tx, plan)
    acts = [step.act for step in plan.steps]
    counts = {
        "added": acts.count(Act.ADDED),
        "changed": acts.count(Act.CHANGED) + acts.count(Act.WATCHED_AGAIN),
        "unchanged": acts.count(Act.UNCHANGED),
    }
    if counts["added"] or counts["changed"]:
        tx.audit("accounts imported", **counts)
    if renamed := sum(step.is_taken and step.moves for step in plan.steps):
        tx.audit("accounts renamed", by_list=renamed)
    return AccountsImported(**counts, disputed=acts.count(Act.DISPUTED), refused=acts.count(Act.REFUSED))


def plan_import(tx: Transaction, given: Sequence[Account]) -> Plan:
    """What `import_accounts` would make of each row, and `retire_others` of the rest. Reads only."""
    return make_plan(tx, given, locks=False)


def _write(tx: Transaction, given: Sequence[Account]) -> Plan:
    """Plan and write. A crawl may take one of the list's handles meanwhile: then the plan is made anew."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with tx.connection.begin_nested():
                plan = make_plan(tx, given, locks=True)
                write_plan(tx, plan)
            return plan
        except IntegrityError:
            if attempt == _ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def list_accounts(
    tx: Transaction,
    *,
    platform: str | None = None,
    handle: str | None = None,
    kind: Kind | None = None,
    ids: Sequence[str] | None = None,
    retired: bool = False,
) -> list[Account]:
    """Accounts in the order of their ids, each with the profile that was last seen; those watched, or those `retired`.

    Asked for by `ids`, both.
    """
    query = _with_profile()
    if ids is None:
        query = query.where(accounts.c.retired_at.is_not(None) if retired else accounts.c.retired_at.is_(None))
    if platform is not None:
        query = query.where(accounts.c.platform == platform)
    if handle is not None:
        query = query.where(accounts.c.handle_key == handle_key(tx, handle))
    if kind is not None:
        query = query.where(accounts.c.kind == kind.value)
    if ids is None:
        return [_account(tx, row) for row in tx.connection.execute(query.order_by(accounts.c.id))]
    found = (tx.connection.execute(query.where(accounts.c.id.in_(chunk))).all() for chunk in chunks(sorted(set(ids))))
    return [_account(tx, row) for rows in found for row in sorted(rows, key=lambda row: row.id)]


def by_id(tx: Transaction, ids: Sequence[str]) -> dict[str, Account]:
    return {account.id: account for account in list_accounts(tx, ids=ids)}


def lock_account(tx: Transaction, account: Account, native_id: str | None, handle: str | None = None) -> Rename:
    """Let nobody else store pages of this account until the transaction ends; note its native id when it is first told, and
    follow the platform when it tells another handle of the same id.

    Raises:
        StorageError: the account was never imported.
        AccountNotFound: the handle now leads to somebody else, or to an account that is watched under another handle.
    """
    c = accounts.c
    row = tx.connection.execute(select(c.native_key).where(c.id == account.id).with_for_update()).first()
    if row is None:
        raise StorageError(f"account {account.id} is not in the account list; run: nightrounds accounts import")
    if native_id is None:
        return Rename.NONE
    key = native_key(tx, native_id)
    if row.native_key is not None and row.native_key != key:
        raise AccountNotFound(f"account {account.id}: its handle now belongs to another account of the platform")
    if row.native_key is None:
        told = {"native_id": tx.seal(c.native_id, native_id), "native_key": key}
        try:
            with tx.connection.begin_nested():
                tx.connection.execute(update(accounts).where(c.id == account.id).values(**told))
        except IntegrityError:
            same = select(c.id).where(c.platform == account.platform, c.native_key == key)
            other = tx.connection.execute(same).scalar_one()
            raise AccountNotFound(
                f"account {account.id}: its handle leads to account {other}, which is watched already"
            ) from None
    return follow_rename(tx, account.id, handle or "")


def retire(tx: Transaction, account_id: str) -> None:
    """Watch an account no longer. What is stored of it stays until retention takes it."""
    c = accounts.c
    still = update(accounts).where(c.id == account_id, c.retired_at.is_(None)).values(retired_at=tx.now)
    if tx.connection.execute(still).rowcount:
        tx.audit("account retired", account=account_id)


def retire_others(tx: Transaction, given: Sequence[Account]) -> list[str]:
    """Retire the watched accounts that a whole list lacks; returns their ids. `given` must have been imported before."""
    others = list(make_plan(tx, given, locks=False).left_out)
    c = accounts.c
    for chunk in chunks(others):
        tx.connection.execute(select(c.id).where(c.id.in_(chunk)).order_by(c.id).with_for_update()).all()
        tx.connection.execute(update(accounts).where(c.id.in_(chunk)).values(retired_at=tx.now))
    if others:
        tx.audit("accounts retired", accounts=len(others))
    return others


def any_recorded_by(tx: Transaction, name: str, *, others: bool = False) -> bool:
    """Whether any account, retired ones among them, has a basis that was recorded by `name`; by `others`: by anybody else."""
    c = accounts.c.basis_recorded_by
    recorded = tx.connection.execute(select(c).execution_options(yield_per=1000))
    return any((tx.unseal(c, sealed) == name) is not others for sealed in recorded.scalars())


def _with_profile() -> Select[Any]:
    s = profile_snapshots
    latest = select(func.max(s.c.id)).where(s.c.account_id == accounts.c.id).correlate(accounts).scalar_subquery()
    return select(accounts, s.c.profile).select_from(accounts.outerjoin(s, s.c.id == latest))


def _account(tx: Transaction, row: AnyRow) -> Account:
    c = accounts.c
    return Account(
        id=row.id,
        platform=row.platform,
        handle=tx.unseal(c.handle, row.handle),
        kind=Kind(row.kind),
        basis=Basis(row.basis),
        basis_recorded_by=tx.unseal(c.basis_recorded_by, row.basis_recorded_by),
        basis_recorded_at=row.basis_recorded_at,
        basis_evidence="" if row.basis_evidence is None else tx.unseal(c.basis_evidence, row.basis_evidence),
        native_id=None if row.native_id is None else tx.unseal(c.native_id, row.native_id),
        unit=row.unit,
        profile=Profile()
        if row.profile is None
        else profile_from_json(tx.unseal_json(profile_snapshots.c.profile, row.profile)),
    )
