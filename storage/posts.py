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
class ContentReport:
    """What a check of all revisions found; `damaged` are ids of revisions that don't hold what was stored."""

    checked: int
    damaged: tuple[int, ...]

    @property
    def ok(self) -> bool:
        return not self.damaged


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
    columns = (r.c.id, r.c.post_id, r.c.content, r.c.content_key, posts.c.account_id)
    return select(*columns).join_from(r, posts, posts.c.id == r.c.post_id)


def stored_revisions(tx: Transaction, rows: Sequence[AnyRow]) -> list[StoredRevision]:
    known = by_id(tx, [row.account_id for row in rows])
    return [
        StoredRevision(
            row.id,
            row.post_id,
            known[row.account_id],
            post_from_json(
                tx.unseal_json(post_revisions.c.content, row.content, row.content_key),
                platform=known[row.account_id].platform,
                account_id=row.account_id,
            ),
        )
        for row in rows
    ]


def verify_contents(tx: Transaction) -> ContentReport:
    """Open every revision: does it hold the text that its key speaks of, and does it belong to its post?

    The keyed hashes can't be made without the index key, so that a text changed or moved in the database is found.
    """
    r = post_revisions.c
    columns = (r.id, r.number, r.content, r.content_key, posts.c.account_id, posts.c.native_key)
    latest = (posts.c.content_key.label("latest_key"), posts.c.revisions)
    query = select(*columns, *latest).join_from(post_revisions, posts, posts.c.id == r.post_id).order_by(r.id)
    checked, damaged = 0, []
    for row in tx.connection.execute(query.execution_options(yield_per=500)):
        checked += 1
        if not _is_sound(tx, row):
            damaged.append(row.id)
    return ContentReport(checked, tuple(damaged))


def _is_sound(tx: Transaction, row: AnyRow) -> bool:
    try:
        data = tx.unseal_json(post_revisions.c.content, row.content, row.content_key)
        post = post_from_json(data, platform="", account_id=row.account_id)
    except (StorageError, ValueError, KeyError, TypeError):
        return False
    return bool(
        tx.fingerprint(post_revisions.c.content, post.content()) == row.content_key
        and tx.fingerprint(posts.c.native_id, post.native_id) == row.native_key
        and (row.number != row.revisions or row.content_key == row.latest_key)
    )
