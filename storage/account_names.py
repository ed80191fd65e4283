"""What accounts were called: a rename told by the platform is followed, and no handle is ever forgotten.

The immutable native id says who an account is; a handle only how it is reached. Who takes over a left handle is somebody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update

from storage.tables import account_handles, accounts
from storage.transaction import Transaction, chunks


class Rename(StrEnum):
    """What became of a handle that the platform told."""

    NONE = "none"
    FOLLOWED = "followed"
    TAKEN = "taken"  # another watched account stands in the list under it


@dataclass(frozen=True, slots=True)
class KnownHandle:
    """A handle that an account has or had; `source` is 'list' or 'platform'."""

    handle: str
    source: str
    seen_at: datetime


def handle_key(tx: Transaction, handle: str) -> bytes:
    return tx.fingerprint(accounts.c.handle, handle.casefold())


def follow_rename(tx: Transaction, account_id: str, told: str) -> Rename:
    """Take over the handle that the platform tells of an account, whose native id was just compared."""
    c = accounts.c
    row = tx.connection.execute(select(c.platform, c.handle, c.native_id).where(c.id == account_id)).one()
    known = tx.unseal(c.handle, row.handle)
    native_id = "" if row.native_id is None else tx.unseal(c.native_id, row.native_id)
    if not told or _plain(told) == _plain(known) or _plain(known) == _plain(native_id):
        return Rename.NONE
    key = handle_key(tx, told)
    other = select(c.id).where(c.platform == row.platform, c.handle_key == key, c.id != account_id)
    if tx.connection.execute(other).first() is not None:
        return Rename.TAKEN
    note_handle(tx, account_id, known, source="list")
    note_handle(tx, account_id, told, source="platform")
    tx.connection.execute(update(accounts).where(c.id == account_id).values(handle=tx.seal(c.handle, told), handle_key=key))
    tx.audit("account renamed", account=account_id)
    return Rename.FOLLOWED


def note_handle(tx: Transaction, account_id: str, handle: str, *, source: str) -> None:
    """Keep a handle among those that an account was known under; told again, the first telling stands."""
    c = account_handles.c
    put = tx.upsert(account_handles, ("account_id", "handle_key"))
    row = {
        "account_id": account_id,
        "handle": tx.seal(c.handle, handle),
        "handle_key": handle_key(tx, handle),
        "source": source,
        "seen_at": tx.now,
    }
    tx.connection.execute(put, row)


def handles_of(tx: Transaction, account_id: str) -> list[KnownHandle]:
    """Every handle that is on record beside renames, oldest first; empty for an account that was never renamed."""
    c = account_handles.c
    query = select(c.handle, c.source, c.seen_at).where(c.account_id == account_id).order_by(c.id)
    return [KnownHandle(tx.unseal(c.handle, row.handle), row.source, row.seen_at) for row in tx.connection.execute(query)]


def former_owners(tx: Transaction, keys: Sequence[bytes]) -> dict[bytes, list[str]]:
    """Ids of the accounts that once had these handles, by handle key."""
    c = account_handles.c
    found: dict[bytes, list[str]] = {}
    for chunk in chunks(keys):
        for key, account_id in tx.connection.execute(select(c.handle_key, c.account_id).where(c.handle_key.in_(chunk))):
            found.setdefault(key, []).append(account_id)
    return found


def _plain(handle: str) -> str:
    """A handle without what people write around it: @nurse, u/nurse and https://wiki.example/ are no new names."""
    bare = handle.strip().casefold().removeprefix("https://").removeprefix("http://").rstrip("/").lstrip("@/")
    return bare.removeprefix("u/").removeprefix("user/")
