"""What accounts were called: a rename told by the platform is followed, and no handle is ever forgotten.

The immutable native id says who an account is; a handle only how it is reached. Who takes over a left handle is somebody else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

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
    try:
        with tx.connection.begin_nested():
            taken = {"handle": tx.seal(c.handle, told), "handle_key": key}
            tx.connection.execute(update(accounts).where(c.id == account_id).values(**taken))
    except IntegrityError:  # another transaction gave it away since
        return Rename.TAKEN
    note_handles(tx, [(account_id, known, "list"), (account_id, told, "platform")])
    tx.audit("account renamed", account=account_id)
    return Rename.FOLLOWED


def note_handles(tx: Transaction, told: Sequence[tuple[str, str, str]]) -> None:
    """Keep handles (account id, handle, source) among those that accounts were known under; the first telling stands."""
    c = account_handles.c
    rows = [
        {
            "account_id": account_id,
            "handle": tx.seal(c.handle, handle),
            "handle_key": handle_key(tx, handle),
            "source": source,
            "seen_at": tx.now,
        }
        for account_id, handle, source in told
    ]
    for batch in chunks(rows):
        tx.connection.execute(tx.upsert(account_handles, ("account_id", "handle_key")), list(batch))


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
