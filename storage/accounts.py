"""Accounts: the watched list as its curator gives it, and what the platforms told of who they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, select, update

from core.errors import AccountNotFound, StorageError
from core.records import Account, Basis, Kind, Profile, account_id
from storage._columns import canonical
from storage._engine import lock
from storage._forgetting import forget_reading
from storage._json import profile_from_json
from storage.account_names import Rename, follow_rename, former_owners, handle_key
from storage.profiles import keep_profile
from storage.tables import accounts, profile_snapshots
from storage.transaction import AnyRow, Transaction, chunks

_IMPORT_LOCK = 0x4E52_0003  # one list at a time


@dataclass(frozen=True, slots=True)
class AccountsImported:
    added: int
    changed: int
    unchanged: int


def import_accounts(tx: Transaction, given: Sequence[Account]) -> AccountsImported:
    """Add and change accounts by the curator's list; accounts that the list lacks stay as they are.

    An account is the same by its handle, by its native id, or by a handle that it had before the platform told of a rename
    (then the platform's word on the handle stands); it keeps the id under which it was first known. A retired account that
    is given again is watched again.
    A new kind means other rules: what was found under the old kind is retired, or deleted where its rule is not one that the
    new kind was ever read with (nothing political is kept about personnel), and everything is read again.

    Raises:
        StorageError: a handle of the list belongs, or once belonged, to somebody else than the list says.
    """
    lock(tx.connection, _IMPORT_LOCK)
    counts = {"added": 0, "changed": 0, "unchanged": 0}
    known = _known_accounts(tx, given)
    for account in given:
        counts[_import_account(tx, account, known)] += 1
    if counts["added"] or counts["changed"]:
        tx.audit("accounts imported", **counts)
    return AccountsImported(**counts)


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
    row = tx.connection.execute(select(accounts.c.native_key).where(accounts.c.id == account.id).with_for_update()).first()
    if row is None:
        raise StorageError(f"account {account.id} is not in the account list; run: nightrounds accounts import")
    if native_id is None:
        return Rename.NONE
    key = _native_key(tx, native_id)
    if row.native_key is not None and row.native_key != key:
        raise AccountNotFound(f"account {account.id}: its handle now belongs to another account of the platform")
    if row.native_key is None:
        other = tx.connection.execute(
            select(accounts.c.id).where(accounts.c.platform == account.platform, accounts.c.native_key == key)
        ).scalar()
        if other is not None:
            raise AccountNotFound(f"account {account.id}: its handle leads to account {other}, which is watched already")
        tx.connection.execute(
            update(accounts)
            .where(accounts.c.id == account.id)
            .values(native_id=tx.seal(accounts.c.native_id, native_id), native_key=key)
        )
    return follow_rename(tx, account.id, handle or "")


def retire(tx: Transaction, account_id: str) -> None:
    """Watch an account no longer. What is stored of it stays until retention takes it."""
    c = accounts.c
    still = update(accounts).where(c.id == account_id, c.retired_at.is_(None)).values(retired_at=tx.now)
    if tx.connection.execute(still).rowcount:
        tx.audit("account retired", account=account_id)


def retire_others(tx: Transaction, given: Sequence[Account]) -> list[str]:
    """Retire the watched accounts that a whole list lacks; returns their ids. `given` must have been imported before."""
    known = _known_accounts(tx, given)
    kept = set()
    for account in given:
        native_key = None if account.native_id is None else _native_key(tx, account.native_id)
        found = known.find(account, handle_key(tx, account.handle), native_key)
        kept.update([found.id] if found else [])
    watched = tx.connection.execute(select(accounts.c.id).where(accounts.c.retired_at.is_(None))).scalars()
    others = sorted(set(watched) - kept)
    for other in others:
        retire(tx, other)
    return others


@dataclass(frozen=True, slots=True)
class _KnownAccount:
    id: str
    platform: str
    handle_key: bytes
    native_key: bytes | None
    kind: str
    digest: bytes
    retired_at: datetime | None = None


class _Known:
    """The stored accounts that a list may speak of, by handle, by native id, and by the handles that they once had."""

    def __init__(self) -> None:
        self._by_id: dict[str, _KnownAccount] = {}
        self._by_handle: dict[tuple[str, bytes], _KnownAccount] = {}
        self._by_native: dict[tuple[str, bytes], _KnownAccount] = {}
        self.former: dict[bytes, list[str]] = {}

    def find(self, account: Account, handle_key: bytes, native_key: bytes | None) -> _KnownAccount | None:
        """Raises: StorageError: the handle comes with another native id or kind than before."""
        found = self._by_handle.get((account.platform, handle_key))
        if found is None and native_key is not None:
            found = self._by_native.get((account.platform, native_key))
        if found is not None:
            if native_key is not None and found.native_key not in {None, native_key}:
                raise StorageError(
                    f"account {found.id}: its handle comes with another native id now; give the old one its new handle first"
                )
            return found
        return None if native_key is not None else self._renamed_since(account, handle_key)

    def _renamed_since(self, account: Account, handle_key: bytes) -> _KnownAccount | None:
        for former in self.former.get(handle_key, ()):
            found = self._by_id.get(former)
            if found is None or found.platform != account.platform:
                continue
            if found.kind != account.kind.value:
                raise StorageError(
                    f"account {found.id} had this handle before it was renamed, and is of another kind; "
                    "give the native id of the account that is meant"
                )
            return found
        return None

    def put(self, account: _KnownAccount, *, instead_of: _KnownAccount | None = None) -> None:
        if instead_of is not None:
            self._by_handle.pop((instead_of.platform, instead_of.handle_key), None)
        self._by_id[account.id] = account
        self._by_handle[account.platform, account.handle_key] = account
        if account.native_key is not None:
            self._by_native[account.platform, account.native_key] = account


def _known_accounts(tx: Transaction, given: Sequence[Account]) -> _Known:
    c = accounts.c
    query = select(c.id, c.platform, c.handle_key, c.native_key, c.kind, c.digest, c.retired_at).with_for_update()
    handle_keys = [handle_key(tx, account.handle) for account in given]
    known = _Known()
    known.former = former_owners(tx, handle_keys)
    by_native = chunks([_native_key(tx, account.native_id) for account in given if account.native_id is not None])
    by_id = chunks(sorted({one for ids in known.former.values() for one in ids}))
    wheres = [c.handle_key.in_(keys) for keys in chunks(handle_keys)]
    wheres += [c.native_key.in_(keys) for keys in by_native] + [c.id.in_(ids) for ids in by_id]
    for where in wheres:
        for row in tx.connection.execute(query.where(where)):
            known.put(_KnownAccount(*row))
    return known


def _import_account(tx: Transaction, account: Account, known: _Known) -> str:
    c = accounts.c
    key = handle_key(tx, account.handle)
    native_key = None if account.native_id is None else _native_key(tx, account.native_id)
    before = known.find(account, key, native_key)
    digest = tx.fingerprint(c.digest, canonical(_given(account)))
    if before is not None and before.digest == digest and before.retired_at is None:
        return "unchanged"
    values: dict[str, Any] = {
        "kind": account.kind.value,
        "basis": account.basis.value,
        "basis_recorded_by": tx.seal(c.basis_recorded_by, account.basis_recorded_by),
        "basis_recorded_at": account.basis_recorded_at,
        "basis_evidence": tx.seal(c.basis_evidence, account.basis_evidence or None),
        "unit": account.unit,
        "digest": digest,
        "changed_at": tx.now,
        "retired_at": None,
    }
    renamed = before is not None and before.id in known.former.get(key, ()) and before.handle_key != key
    if renamed and before is not None:
        key = before.handle_key
    else:
        values |= {"handle": tx.seal(c.handle, account.handle), "handle_key": key}
    if native_key is not None:
        values |= {"native_id": tx.seal(c.native_id, account.native_id), "native_key": native_key}
    if before is None:
        own_id = _free_id(tx, account)
        tx.connection.execute(insert(accounts).values(id=own_id, platform=account.platform, added_at=tx.now, **values))
    else:
        own_id, native_key = before.id, native_key or before.native_key
        tx.connection.execute(update(accounts).where(c.id == own_id).values(**values))
        if before.kind != account.kind.value:
            forget_reading(tx, own_id, account.kind)
    known.put(_KnownAccount(own_id, account.platform, key, native_key, account.kind.value, digest), instead_of=before)
    if account.profile != Profile():
        keep_profile(tx, own_id, account.profile)
    return "added" if before is None else "changed"


def _free_id(tx: Transaction, account: Account) -> str:
    """The account's id, or, where a renamed account still holds it, one made with a number."""
    for number in range(1, 1000):
        candidate = account.id if number == 1 else account_id(account.platform, f"{account.handle}#{number}")
        if tx.connection.execute(select(accounts.c.id).where(accounts.c.id == candidate)).first() is None:
            return candidate
    raise StorageError(f"account {account.id}: too many accounts were known under this handle")


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


def _native_key(tx: Transaction, native_id: str) -> bytes:
    return tx.fingerprint(accounts.c.native_id, native_id)


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
