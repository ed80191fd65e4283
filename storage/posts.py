"""Posts and their revisions: which ones are due for another look, and what a revision said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select

from core.errors import StorageError
from core.records import Account, KnownPost, Post
from storage._envelope import ERASED
from storage._json import post_from_json
from storage._trail import POSTS_ERASED, ids_in_trail
from storage.accounts import by_id
from storage.tables import cases, findings, post_revisions, posts
from storage.transaction import AnyRow, Transaction

# Two sightings make an indefinite disappearance a tombstone: by two paths, or a night apart where a platform has only one.
SECOND_LOOK_AFTER = timedelta(hours=1)
SAME_PATH_AFTER = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class ContentReport:
    """What a check of all revisions found; `damaged` are ids of revisions that don't hold what was stored, or are blank
    without the audit trail saying that they were erased. `erased` counts those of which it does."""

    checked: int
    damaged: tuple[int, ...]
    erased: int = 0

    @property
    def ok(self) -> bool:
        return not self.damaged


@dataclass(frozen=True, slots=True)
class StoredRevision:
    """One observed version of a post, with the account as it is now. `id` grows with every revision that is stored.

    Of an erased one nothing is left: its `post` is without a word, an address or an id.
    """

    id: int
    post_id: int
    account: Account
    post: Post


def due_rechecks(
    tx: Transaction,
    account_id: str,
    schedule: Sequence[tuple[timedelta, timedelta]],
    limit: int,
    *,
    in_question_after: timedelta,
) -> list[KnownPost]:
    """Live posts due for another look, by risk: those sighted missing once, then those in which a finding stands in an open
    case (whatever their age, when verified longer than `in_question_after` ago), then those longest not looked at.

    `schedule` holds (post younger than, verified longer ago than). A post without a known time counts from its first sighting.
    """
    age_from = func.coalesce(posts.c.posted_at, posts.c.first_seen_at)
    scheduled = [
        and_(age_from > tx.now - younger_than, posts.c.last_verified_at <= tx.now - verified_ago)
        for younger_than, verified_ago in schedule
    ]
    missing = posts.c.missing_since <= tx.now - SECOND_LOOK_AFTER
    in_question = _has_open_finding()
    watched = and_(in_question, posts.c.last_verified_at <= tx.now - in_question_after)
    query = (
        select(posts)
        .where(posts.c.account_id == account_id, posts.c.gone_at.is_(None), posts.c.erased_at.is_(None))
        .where(or_(missing, watched, *scheduled))
        .order_by(posts.c.missing_since.is_(None), not_(in_question), posts.c.last_verified_at, posts.c.id)
        .limit(limit)
    )
    return [
        KnownPost(
            native_id=tx.unseal(posts.c.native_id, row.native_id),
            url=tx.unseal(posts.c.url, row.url),
            revision=tx.unseal(posts.c.mark, row.mark),
            posted_at=row.posted_at,
            last_verified_at=row.last_verified_at,
            missing_path=row.missing_path or "",
        )
        for row in tx.connection.execute(query)
    ]


def _has_open_finding() -> ColumnElement[bool]:
    f = findings.c
    stands = select(f.id).join_from(findings, cases, cases.c.id == f.case_id)
    return stands.where(f.post_id == posts.c.id, f.retired_at.is_(None), cases.c.closed_at.is_(None)).exists()


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
            _post(tx, row, known[row.account_id].platform),
        )
        for row in rows
    ]


def _post(tx: Transaction, row: AnyRow, platform: str) -> Post:
    if row.content == ERASED:
        return Post(platform=platform, account_id=row.account_id, native_id="")
    data = tx.unseal_json(post_revisions.c.content, row.content, row.content_key)
    return post_from_json(data, platform=platform, account_id=row.account_id)


def verify_contents(tx: Transaction) -> ContentReport:
    """Open every revision: does it hold the text that its key speaks of, and does it belong to its post?

    The keyed hashes can't be made without the index key, so that a text changed or moved in the database is found. A blank one
    must be in the audit trail as erased, and what is there as erased must be blank.
    """
    r = post_revisions.c
    columns = (r.id, r.number, r.content, r.content_key, posts.c.account_id, posts.c.native_key)
    latest = (posts.c.content_key.label("latest_key"), posts.c.revisions)
    query = select(*columns, *latest).join_from(post_revisions, posts, posts.c.id == r.post_id).order_by(r.id)
    erased = ids_in_trail(tx, POSTS_ERASED, "revision_ids")
    checked, blank, damaged = 0, 0, []
    for row in tx.connection.execute(query.execution_options(yield_per=500)):
        checked += 1
        is_blank = row.content == ERASED
        if is_blank != (row.id in erased) or not (is_blank or _is_sound(tx, row)):
            damaged.append(row.id)
        elif is_blank:
            blank += 1
    return ContentReport(checked, tuple(damaged), blank)


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
