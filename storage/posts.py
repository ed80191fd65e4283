"""Posts and their revisions: which ones are due for another look, and what a revision said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from core.errors import StorageError
from core.records import Account, KnownPost, Post
from storage._json import post_from_json
from storage.accounts import by_id
from storage.tables import post_revisions, posts
from storage.transaction import AnyRow, Transaction

SECOND_LOOK_AFTER = timedelta(hours=1)  # between two sightings that make an indefinite disappearance a tombstone


@dataclass(frozen=True, slots=True)
class StoredRevision:
    """One observed version of a post, with the account as it is now. `id` grows with every revision that is stored."""

    id: int
    post_id: int
    account: Account
    post: Post


def due_rechecks(
    tx: Transaction, account_id: str, schedule: Sequence[tuple[timedelta, timedelta]], limit: int
) -> list[KnownPost]:
    """Live posts due for another look, those longest not looked at first; posts sighted missing once come before all.

    `schedule` holds (post younger than, verified longer ago than). A post without a known time counts from its first sighting.
    """
    age_from = func.coalesce(posts.c.posted_at, posts.c.first_seen_at)
    scheduled = [
        and_(age_from > tx.now - younger_than, posts.c.last_verified_at <= tx.now - verified_ago)
        for younger_than, verified_ago in schedule
    ]
    missing = posts.c.missing_since <= tx.now - SECOND_LOOK_AFTER
    query = (
        select(posts)
        .where(posts.c.account_id == account_id, posts.c.gone_at.is_(None), or_(missing, *scheduled))
        .order_by(posts.c.missing_since.is_(None), posts.c.last_verified_at, posts.c.id)
        .limit(limit)
    )
    return [
        KnownPost(
            native_id=tx.unseal(posts.c.native_id, row.native_id),
            url=tx.unseal(posts.c.url, row.url),
            revision=tx.unseal(posts.c.mark, row.mark),
            posted_at=row.posted_at,
            last_verified_at=row.last_verified_at,
        )
        for row in tx.connection.execute(query)
    ]


def count(tx: Transaction, account_id: str | None = None) -> int:
    query = select(func.count()).select_from(posts)
    return tx.connection.execute(query if account_id is None else query.where(posts.c.account_id == account_id)).scalar_one()


def get_revision(tx: Transaction, revision_id: int) -> StoredRevision:
    """Raises: StorageError: there is no such revision."""
    found = stored_revisions(tx, tx.connection.execute(revisions().where(post_revisions.c.id == revision_id)).all())
    if not found:
        raise StorageError(f"there is no revision {revision_id}")
    return found[0]


def revisions() -> Select[Any]:
    """The columns that `stored_revisions` wants."""
    r = post_revisions
    return select(r.c.id, r.c.post_id, r.c.content, posts.c.account_id).join_from(r, posts, posts.c.id == r.c.post_id)


def stored_revisions(tx: Transaction, rows: Sequence[AnyRow]) -> list[StoredRevision]:
    known = by_id(tx, [row.account_id for row in rows])
    return [
        StoredRevision(
            row.id,
            row.post_id,
            known[row.account_id],
            post_from_json(
                tx.unseal_json(post_revisions.c.content, row.content),
                platform=known[row.account_id].platform,
                account_id=row.account_id,
            ),
        )
        for row in rows
    ]
