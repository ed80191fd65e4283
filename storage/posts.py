"""Posts and their revisions: which ones are due for another look, and what a revision said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select, union

from core.errors import StorageError
from core.records import Account, KnownPost, Post
from storage._envelope import ERASED
from storage._json import post_from_json
from storage._trail import POSTS_ERASED, ids_in_trail
from storage.accounts import by_id
from storage.tables import accounts, cases, findings, post_revisions, posts
from storage.transaction import AnyRow, Transaction

# Two sightings make an indefinite disappearance a tombstone: by two paths, or a night apart where a platform has only one.
SECOND_LOOK_AFTER = timedelta(hours=1)
SAME_PATH_AFTER = timedelta(hours=20)


Schedule: TypeAlias = Sequence[tuple[timedelta, timedelta]]  # post younger than, verified longer ago than
_TURN = 4  # of so many looks one is for the post that waits longest


def _has_open_finding() -> ColumnElement[bool]:
    f = findings.c
    stands = select(f.id).join_from(findings, cases, cases.c.id == f.case_id)
    return stands.where(f.post_id == posts.c.id, f.retired_at.is_(None), cases.c.closed_at.is_(None)).exists()


_BY_RISK = (posts.c.missing_since.is_(None), not_(_has_open_finding()), posts.c.last_verified_at, posts.c.id)
_BY_AGE = (posts.c.last_verified_at, posts.c.id)


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
    tx: Transaction, account_id: str, schedule: Schedule, limit: int, *, in_question_after: timedelta
) -> list[KnownPost]:
    """Live posts due for another look, mixed by turns from two rows: first the one that nobody has looked at for longest, then
    three by risk (those sighted missing once, then those in which a finding stands in an open case, whatever their age, when
    verified longer than `in_question_after` ago, then the longest not looked at), and so on. However short it is cut, neither
    row shuts out the other.

    A post without a known time counts from its first sighting.
    """
    due = select(posts).where(posts.c.account_id == account_id, _is_due(tx, schedule, in_question_after))
    by_risk = tx.connection.execute(due.order_by(*_BY_RISK).limit(limit)).all()
    if len(by_risk) < limit:
        by_age = sorted(by_risk, key=lambda row: (row.last_verified_at, row.id))
    else:
        by_age = list(tx.connection.execute(due.order_by(*_BY_AGE).limit(_for_the_oldest(limit))).all())
    return [
        KnownPost(
            native_id=tx.unseal(posts.c.native_id, row.native_id),
            url=tx.unseal(posts.c.url, row.url),
            revision=tx.unseal(posts.c.mark, row.mark),
            posted_at=row.posted_at,
            last_verified_at=row.last_verified_at,
            missing_path=row.missing_path or "",
        )
        for row in _by_turns(by_age, by_risk)[:limit]
    ]


def hand_out_rechecks(
    tx: Transaction, platform: str, schedule: Schedule, room: int, *, in_question_after: timedelta
) -> dict[str, int]:
    """How many of `room` looks fall to each watched account of a platform, by id, when the posts that `due_rechecks` speaks of
    share them over all its accounts: by the same two rows, so that no account waits for ever behind another."""
    owned = posts.join(accounts, accounts.c.id == posts.c.account_id)
    due = select(posts.c.id, posts.c.account_id).select_from(owned)
    due = due.where(accounts.c.platform == platform, accounts.c.retired_at.is_(None), _is_due(tx, schedule, in_question_after))
    oldest = _for_the_oldest(room)
    by_age = due.order_by(*_BY_AGE).limit(oldest).subquery()
    by_risk = due.order_by(*_BY_RISK).limit(room - oldest).subquery()
    chosen = union(select(by_age.c.id, by_age.c.account_id), select(by_risk.c.id, by_risk.c.account_id)).subquery()
    counted = select(chosen.c.account_id, func.count()).group_by(chosen.c.account_id)
    return {row[0]: row[1] for row in tx.connection.execute(counted)}


def count_due(tx: Transaction, account_id: str, schedule: Schedule, *, in_question_after: timedelta) -> int:
    """How many posts of an account are due for another look."""
    due = select(func.count()).select_from(posts)
    due = due.where(posts.c.account_id == account_id, _is_due(tx, schedule, in_question_after))
    return tx.connection.execute(due).scalar_one()


def _is_due(tx: Transaction, schedule: Schedule, in_question_after: timedelta) -> ColumnElement[bool]:
    c = posts.c
    age_from = func.coalesce(c.posted_at, c.first_seen_at)
    scheduled = [
        and_(age_from > tx.now - younger_than, c.last_verified_at <= tx.now - verified_ago)
        for younger_than, verified_ago in schedule
    ]
    missing = c.missing_since <= tx.now - SECOND_LOOK_AFTER
    watched = and_(_has_open_finding(), c.last_verified_at <= tx.now - in_question_after)
    return and_(c.gone_at.is_(None), c.erased_at.is_(None), or_(missing, watched, *scheduled))


def _for_the_oldest(room: int) -> int:
    """A quarter of so many looks, the first among them."""
    return -(-room // _TURN)


def _by_turns(by_age: Sequence[AnyRow], by_risk: Sequence[AnyRow]) -> list[AnyRow]:
    """One of the first row, then three of the second; each post once."""
    ages, risks = iter(by_age), iter(by_risk)
    mixed: dict[int, AnyRow] = {}
    while turn := [*islice(ages, 1), *islice(risks, _TURN - 1)]:
        mixed |= {row.id: row for row in turn if row.id not in mixed}
    return list(mixed.values())


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
