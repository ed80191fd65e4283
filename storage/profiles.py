"""Snapshots of what an account says of itself: one a change, with when it was first and last seen so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import insert, select, update

from core.records import Profile
from storage._columns import canonical
from storage._json import profile_from_json, profile_to_json
from storage.tables import profile_snapshots
from storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A profile as it stood from `first_seen_at` to `last_seen_at`."""

    id: int
    profile: Profile = field(repr=False)
    first_seen_at: datetime
    last_seen_at: datetime


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


def snapshots(tx: Transaction, account_id: str) -> list[Snapshot]:
    """Every profile that was seen, oldest first."""
    c = profile_snapshots.c
    query = select(c.id, c.profile, c.first_seen_at, c.last_seen_at).where(c.account_id == account_id).order_by(c.id)
    return [
        Snapshot(row.id, profile_from_json(tx.unseal_json(c.profile, row.profile)), row.first_seen_at, row.last_seen_at)
        for row in tx.connection.execute(query)
    ]
