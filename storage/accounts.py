"""Accounts and what they said of themselves: the watched list, and a snapshot of each profile that was seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update

from core.errors import AccountNotFound, StorageError
from core.records import Account, Basis, Kind, Profile, account_id
from storage._columns import canonical
from storage._engine import lock
from storage._json import profile_from_json, profile_to_json
from storage.tables import accounts, detector_sets, findings, post_revisions, posts, profile_snapshots
from storage.transaction import AnyRow, Transaction, chunks
from storage.withdrawals import withdraw_empty

_IMPORT_LOCK = 0x4E52_0003  # one list at a time


@dataclass(frozen=True, slots=True)
class AccountsImported:
    added: int
    changed: int
    unchanged: int


def import_accounts(tx: Transaction, given: Sequence[Account]) -> AccountsImported:
    """Add and change accounts by the curator's list; accounts that the list lacks stay as they are.

    An account is the same by its handle, or, after a rename, by its native id; it keeps the id under which it was first known.
    A new kind means other rules: what was found under the old kind is retired, or deleted where its rule is not one that the
    new kind was ever read with (nothing political is kept about personnel), and everything is read again.

    Raises:
        StorageError: a handle of the list belongs to another native id than before.
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
) -> list[Account]:
    """Accounts in the order of their ids, each with the profile that was last seen."""
    query = _with_profile()
    if platform is not None:
        query = query.where(accounts.c.platform == platform)
    if handle is not None:
        query = query.where(accounts.c.handle_key == _handle_key(tx, handle))
    if kind is not None:
        query = query.where(accounts.c.kind == kind.value)
    if ids is None:
        return [_account(tx, row) for row in tx.connection.execute(query.order_by(accounts.c.id))]
    found = (tx.connection.execute(query.where(accounts.c.id.in_(chunk))).all() for chunk in chunks(sorted(set(ids))))
    return [_account(tx, row) for rows in found for row in sorted(rows, key=lambda row: row.id)]


def by_id(tx: Transaction, ids: Sequence[str]) -> dict[str, Account]:
    return {account.id: account for account in list_accounts(tx, ids=ids)}


def lock_account(tx: Transaction, account: Account, native_id: str | None) -> None:
    """Let nobody else store pages of this account until the transaction ends, and note its native id when it is first told.

    Raises:
        StorageError: the account was never imported.
        AccountNotFound: the handle now leads to somebody else, or to an account that is watched under another handle.
    """
    row = tx.connection.execute(select(accounts.c.native_key).where(accounts.c.id == account.id).with_for_update()).first()
    if row is None:
        raise StorageError(f"account {account.id} is not in the account list; run: nightrounds accounts import")
    if native_id is None:
        return
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


def keep_profile(tx: Transaction, account_id: str, profile: Profile) -> bool:
    """Keep a profile as a new snapshot when it differs from the last one; True when it did."""
    t = profile_snapshots
    data = profile_to_json(profile)
    # picture addresses carry signatures that change at every look
    key = tx.fingerprint(t.c.profile, canonical({**data, "picture_url": profile.picture_url.partition("?")[0]}))
    latest = tx.connection.execute(
        select(t.c.id, t.c.content_key).where(t.c.account_id == account_id).order_by(t.c.id.desc()).limit(1)
    ).first()
    if latest is not None and latest.content_key == key:
        tx.connection.execute(update(t).where(t.c.id == latest.id).values(last_seen_at=tx.now))
        return False
    sealed = tx.seal_json(t.c.profile, data)
    times = {"first_seen_at": tx.now, "last_seen_at": tx.now}
    tx.connection.execute(insert(t).values(account_id=account_id, content_key=key, profile=sealed, **times))
    return True


@dataclass(frozen=True, slots=True)
class _KnownAccount:
    id: str
    platform: str
    handle_key: bytes
    native_key: bytes | None
    kind: str
    digest: bytes


class _Known:
    """The stored accounts that a list may speak of, by handle and by native id."""

    def __init__(self) -> None:
        self._by_handle: dict[tuple[str, bytes], _KnownAccount] = {}
        self._by_native: dict[tuple[str, bytes], _KnownAccount] = {}

    def find(self, platform: str, handle_key: bytes, native_key: bytes | None) -> _KnownAccount | None:
        """Raises: StorageError: the handle comes with another native id than before."""
        found = self._by_handle.get((platform, handle_key))
        if found is None:
            return None if native_key is None else self._by_native.get((platform, native_key))
        if native_key is not None and found.native_key not in {None, native_key}:
            raise StorageError(
                f"account {found.id}: its handle comes with another native id now; give the old account its new handle first"
            )
        return found

    def put(self, account: _KnownAccount, *, instead_of: _KnownAccount | None = None) -> None:
        if instead_of is not None:
            self._by_handle.pop((instead_of.platform, instead_of.handle_key), None)
        self._by_handle[account.platform, account.handle_key] = account
        if account.native_key is not None:
            self._by_native[account.platform, account.native_key] = account


def _known_accounts(tx: Transaction, given: Sequence[Account]) -> _Known:
    c = accounts.c
    query = select(c.id, c.platform, c.handle_key, c.native_key, c.kind, c.digest).with_for_update()
    by_handle = chunks([_handle_key(tx, account.handle) for account in given])
    by_native = chunks([_native_key(tx, account.native_id) for account in given if account.native_id is not None])
    wheres = [c.handle_key.in_(keys) for keys in by_handle] + [c.native_key.in_(keys) for keys in by_native]
    known = _Known()
    for where in wheres:
        for row in tx.connection.execute(query.where(where)):
            known.put(_KnownAccount(*row))
    return known


def _import_account(tx: Transaction, account: Account, known: _Known) -> str:
    c = accounts.c
    handle_key = _handle_key(tx, account.handle)
    native_key = None if account.native_id is None else _native_key(tx, account.native_id)
    before = known.find(account.platform, handle_key, native_key)
    digest = tx.fingerprint(c.digest, canonical(_given(account)))
    if before is not None and before.digest == digest:
        return "unchanged"
    values: dict[str, Any] = {
        "handle": tx.seal(c.handle, account.handle),
        "handle_key": handle_key,
        "kind": account.kind.value,
        "basis": account.basis.value,
        "basis_recorded_by": tx.seal(c.basis_recorded_by, account.basis_recorded_by),
        "basis_recorded_at": account.basis_recorded_at,
        "unit": account.unit,
        "digest": digest,
        "changed_at": tx.now,
    }
    if native_key is not None:
        values |= {"native_id": tx.seal(c.native_id, account.native_id), "native_key": native_key}
    if before is None:
        own_id = _free_id(tx, account)
        tx.connection.execute(insert(accounts).values(id=own_id, platform=account.platform, added_at=tx.now, **values))
    else:
        own_id, native_key = before.id, native_key or before.native_key
        tx.connection.execute(update(accounts).where(c.id == own_id).values(**values))
        if before.kind != account.kind.value:
            _forget_reading(tx, own_id, account.kind)
    known.put(_KnownAccount(own_id, account.platform, handle_key, native_key, account.kind.value, digest), instead_of=before)
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


def _forget_reading(tx: Transaction, account_id: str, kind: Kind) -> None:
    own_posts = select(posts.c.id).where(posts.c.account_id == account_id)
    tx.connection.execute(update(post_revisions).where(post_revisions.c.post_id.in_(own_posts)).values(read_with=None))
    tx.connection.execute(update(profile_snapshots).where(profile_snapshots.c.account_id == account_id).values(read_with=None))
    f = findings.c
    versions = tx.connection.execute(select(detector_sets.c.versions).where(detector_sets.c.kind == kind.value)).scalars()
    rules = {rule for one in versions for rule in one}
    old = tx.connection.execute(select(f.id, f.case_id, f.rule, f.retired_at).where(f.account_id == account_id)).all()
    deleted = sorted(row.id for row in old if row.rule not in rules)
    retired = sorted(row.id for row in old if row.rule in rules and row.retired_at is None)
    for chunk in chunks(deleted):
        tx.connection.execute(delete(findings).where(f.id.in_(chunk)))
    for chunk in chunks(retired):
        tx.connection.execute(update(findings).where(f.id.in_(chunk)).values(retired_at=tx.now))
    if deleted:
        tx.audit("findings deleted", finding_ids=deleted)
    if retired:
        tx.audit("findings retired", finding_ids=retired)
    withdraw_empty(tx, {row.case_id for row in old})


def _given(account: Account) -> list[str | None]:
    return [
        account.handle,
        account.native_id,
        account.kind.value,
        account.basis.value,
        account.basis_recorded_by,
        account.basis_recorded_at.isoformat(),
        account.unit,
    ]


def _handle_key(tx: Transaction, handle: str) -> bytes:
    return tx.fingerprint(accounts.c.handle, handle.casefold())


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
        native_id=None if row.native_id is None else tx.unseal(c.native_id, row.native_id),
        unit=row.unit,
        profile=Profile()
        if row.profile is None
        else profile_from_json(tx.unseal_json(profile_snapshots.c.profile, row.profile)),
    )
