"""Keeps one crawled page: evidence, posts, revisions, media, tombstones, profile and cursor, all in the caller's transaction.

Statements are per page, not per post. A page may tell a post twice and differently: each telling is a revision of its own.
Storing a page twice changes nothing but the times of the last look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import bindparam, insert, select, update

from core.errors import StorageError
from core.records import Account, CrawledPage, Gone, GoneReason, Post
from storage import crawls
from storage._json import post_to_json
from storage.account_names import Rename
from storage.accounts import lock_account
from storage.disputes import refuse_unwatched
from storage.duties import STORED_ANEW
from storage.evidence import keep_pages, note_shown
from storage.posts import SAME_PATH_AFTER, SECOND_LOOK_AFTER
from storage.profiles import keep_profile
from storage.tables import media, post_revisions, posts
from storage.transaction import AnyRow, Transaction, chunks

_Contents: TypeAlias = dict[bytes, Post]  # what a page says of one post, by content key, in the page's order


@dataclass(frozen=True, slots=True)
class PageStored:
    """What a page brought. `reappeared` counts posts that had a tombstone, `pending_gone` those that need a second sighting.

    `rename` says what became of another handle that the platform told of the account.
    """

    new: int = 0
    edited: int = 0
    gone: int = 0
    unchanged: int = 0
    reappeared: int = 0
    pending_gone: int = 0
    rename: Rename = Rename.NONE


@dataclass(slots=True)
class _Sorted:
    """The page's posts, by what has to be written."""

    new: dict[bytes, _Contents] = field(default_factory=dict)
    edited: list[tuple[AnyRow, _Contents]] = field(default_factory=list)
    remarked: list[tuple[int, str]] = field(default_factory=list)  # same content, another mark of the platform
    seen: list[int] = field(default_factory=list)


def store_page(tx: Transaction, *, run_id: int, account: Account, page: CrawledPage, surface: str = "") -> PageStored:
    """Keep a page; its cursor is kept for `surface`, the crawler that gave it.

    A post seen again loses its tombstone; the audit trail remembers that it had one. One whose text was erased is stored anew,
    as a fresh revision, unless its platform's terms would have the same text erased again.

    Raises:
        AccountNotFound: the page is of another platform account than the stored one.
        Blocked: the account is disputed, or watched no longer.
        StorageError: the account is unknown, a post names another account, or the database or evidence store refused.
    """
    if any(post.account_id != account.id for post in page.posts):
        raise StorageError(f"account {account.id}: a page holds posts of another account")
    rename = lock_account(tx, account, page.native_account_id, page.handle)
    refuse_unwatched(tx, account.id)
    evidence_ids = keep_pages(tx, run_id=run_id, account_id=account.id, raw=page.raw)
    if page.profile is not None:
        keep_profile(tx, account.id, page.profile)

    given: dict[bytes, _Contents] = {}
    for post in page.posts:
        given.setdefault(_native_key(tx, post.native_id), {})[_content_key(tx, post)] = post
    verified = {_native_key(tx, native_id) for native_id in page.verified} - given.keys()
    gone = {key: sight for sight in page.gone if (key := _native_key(tx, sight.native_id)) not in given.keys() | verified}
    known = _known_posts(tx, account.id, [*given, *verified, *gone])

    found = _sort(tx, given, known)
    found.seen += [known[key].id for key in verified if key in known]
    reappeared = _mark_seen(tx, found.seen, known.values())
    _write_new(tx, run_id, account.id, found.new, evidence_ids)
    _write_edited(tx, run_id, found.edited, evidence_ids)
    _write_marks(tx, found.remarked)
    buried, pending = _bury(tx, gone, known)
    if given or verified:
        shown = _known_posts(tx, account.id, [*given, *verified]) if found.new else known
        note_shown(tx, evidence_ids, [row.id for key, row in shown.items() if key not in gone])
    if page.cursor is not None:
        crawls.keep_cursor(tx, run_id=run_id, account_id=account.id, surface=surface, cursor=page.cursor)

    stored = PageStored(
        new=len(found.new),
        edited=len(found.edited),
        gone=len(buried),
        unchanged=len(given) - len(found.new) - len(found.edited),
        reappeared=len(reappeared),
        pending_gone=pending,
        rename=rename,
    )
    tx.audit("page stored", run=str(run_id), pages=1, new=stored.new, edited=stored.edited, evidence_ids=evidence_ids)
    if buried:
        tx.audit("tombstones set", post_ids=buried, evidence_ids=evidence_ids)
    if reappeared:
        tx.audit("tombstones lifted", post_ids=reappeared, evidence_ids=evidence_ids)
    return stored


def _known_posts(tx: Transaction, account_id: str, keys: Sequence[bytes]) -> Mapping[bytes, AnyRow]:
    c = posts.c
    missed = (c.missing_since, c.missing_first_path, c.missing_reason)
    columns = (c.id, c.native_key, c.content_key, c.mark, c.revisions, *missed, c.gone_at, c.erased_for)
    query = select(*columns).where(c.account_id == account_id)
    return {
        row.native_key: row for chunk in chunks(keys) for row in tx.connection.execute(query.where(c.native_key.in_(chunk)))
    }


def _sort(tx: Transaction, given: Mapping[bytes, _Contents], known: Mapping[bytes, AnyRow]) -> _Sorted:
    found = _Sorted()
    stored = _stored_contents(tx, [known[key].id for key, contents in given.items() if len(contents) > 1 and key in known])
    for key, contents in given.items():
        row = known.get(key)
        if row is None:
            found.new[key] = contents
            continue
        found.seen.append(row.id)
        # told once, an earlier text is an edit back; told beside others, it is the same page again
        seen = set() if row.erased_for in STORED_ANEW else stored.get(row.id, {row.content_key})
        fresh = {content_key: post for content_key, post in contents.items() if content_key not in seen}
        if fresh:
            found.edited.append((row, fresh))
        elif row.erased_for is not None or row.content_key not in contents:
            continue
        elif tx.unseal(posts.c.mark, row.mark) != contents[row.content_key].revision:
            found.remarked.append((row.id, contents[row.content_key].revision))
    return found


def _stored_contents(tx: Transaction, post_ids: Sequence[int]) -> dict[int, set[bytes]]:
    r = post_revisions.c
    stored: dict[int, set[bytes]] = {}
    for chunk in chunks(post_ids):
        for post_id, content_key in tx.connection.execute(select(r.post_id, r.content_key).where(r.post_id.in_(chunk))):
            stored.setdefault(post_id, set()).add(content_key)
    return stored


def _mark_seen(tx: Transaction, seen: Sequence[int], known: Iterable[AnyRow]) -> list[int]:
    """Note the look, and lift tombstones; returns the posts that had one."""
    times = {"last_seen_at": tx.now, "last_verified_at": tx.now}
    for chunk in chunks(seen):
        tx.connection.execute(update(posts).where(posts.c.id.in_(chunk)).values(**times))
    here = set(seen)
    doubted = [row for row in known if row.id in here and (row.gone_at is not None or row.missing_reason is not None)]
    for chunk in chunks([row.id for row in doubted]):
        missed = dict.fromkeys(("missing_since", "missing_path", "missing_first_path", "missing_reason"))
        lifted = {**missed, "gone_at": None, "gone_reason": None}
        tx.connection.execute(update(posts).where(posts.c.id.in_(chunk)).values(**lifted))
    return sorted(row.id for row in doubted if row.gone_at is not None)


def _write_new(tx: Transaction, run_id: int, account_id: str, new: Mapping[bytes, _Contents], evidence_ids: list[int]) -> None:
    if not new:
        return
    c = posts.c
    rows = [
        {
            "account_id": account_id,
            "native_id": tx.seal(c.native_id, post.native_id),
            "native_key": key,
            "revisions": len(contents),
            "first_seen_at": tx.now,
            "last_seen_at": tx.now,
            "last_verified_at": tx.now,
            **_latest(tx, post, content_key),
        }
        for key, contents in new.items()
        for content_key, post in [list(contents.items())[-1]]
    ]
    ids = {row.native_key: row.id for row in tx.connection.execute(insert(posts).returning(c.id, c.native_key), rows)}
    numbered = [one for key, contents in new.items() for one in _numbered(ids[key], 0, contents)]
    _write_revisions(tx, run_id, numbered, evidence_ids)


def _write_edited(tx: Transaction, run_id: int, edited: Sequence[tuple[AnyRow, _Contents]], evidence_ids: list[int]) -> None:
    if not edited:
        return
    latest = [
        {
            "at_id": row.id,
            "native_id": tx.seal(posts.c.native_id, post.native_id),
            "revisions": row.revisions + len(fresh),
            **_latest(tx, post, content_key),
        }
        for row, fresh in edited
        for content_key, post in [list(fresh.items())[-1]]
    ]
    tx.connection.execute(update(posts).where(posts.c.id == bindparam("at_id")), latest)
    numbered = [one for row, fresh in edited for one in _numbered(row.id, row.revisions, fresh)]
    _write_revisions(tx, run_id, numbered, evidence_ids)


def _numbered(post_id: int, before: int, contents: _Contents) -> list[tuple[int, int, Post, bytes]]:
    return [(post_id, before + n, post, content_key) for n, (content_key, post) in enumerate(contents.items(), 1)]


def _write_marks(tx: Transaction, remarked: Sequence[tuple[int, str]]) -> None:
    if remarked:
        marks = [{"at_id": post_id, "mark": tx.seal(posts.c.mark, mark)} for post_id, mark in remarked]
        tx.connection.execute(update(posts).where(posts.c.id == bindparam("at_id")), marks)


def _latest(tx: Transaction, post: Post, content_key: bytes) -> dict[str, Any]:
    return {
        "url": tx.seal(posts.c.url, post.url),
        "mark": tx.seal(posts.c.mark, post.revision),
        "content_key": content_key,
        "type": post.type.value,
        "posted_at": post.posted_at,
        "posted_at_precision": post.posted_at_precision.value,
        "erased_at": None,
        "erased_for": None,
    }


def _write_revisions(
    tx: Transaction, run_id: int, numbered: Sequence[tuple[int, int, Post, bytes]], evidence_ids: list[int]
) -> None:
    tx.connection.execute(
        insert(post_revisions),
        [
            {
                "post_id": post_id,
                "number": number,
                "content_key": content_key,
                "content": tx.seal_json(post_revisions.c.content, post_to_json(post), content_key),
                "edited_at": post.edited_at,
                "seen_at": tx.now,
                "run_id": run_id,
                "evidence_ids": evidence_ids,
            }
            for post_id, number, post, content_key in numbered
        ],
    )
    c = media.c
    rows = {
        (post_id, key): {
            "post_id": post_id,
            "native_id": tx.seal(c.native_id, item.native_key),
            "native_key": key,
            "kind": item.kind,
            "url": tx.seal(c.url, item.url),
            "alt_text": tx.seal(c.alt_text, item.alt_text),
            "first_seen_at": tx.now,
            "last_seen_at": tx.now,
        }
        for post_id, _, post, _ in numbered
        for item in post.media
        for key in [tx.fingerprint(c.native_id, item.native_key)]
    }
    if rows:
        put = tx.upsert(media, ("post_id", "native_key"), ("native_id", "url", "alt_text", "last_seen_at"))
        tx.connection.execute(put, list(rows.values()))


def _bury(tx: Transaction, gone: Mapping[bytes, Gone], known: Mapping[bytes, AnyRow]) -> tuple[list[int], int]:
    """Set tombstones, and note first sightings; returns the posts buried and how many wait for a second sighting."""
    buried: list[dict[str, Any]] = []
    missed: list[dict[str, Any]] = []
    pending = 0
    for key, sight in gone.items():
        row = known.get(key)
        if row is None:
            continue
        reason = _better_reason(row.missing_reason, sight.reason)
        now_missed = {"at_id": row.id, "missing_path": sight.path, "missing_reason": reason}
        first = (row.missing_since, row.missing_first_path)
        if row.missing_since is None and sight.reason.buries:
            first = (tx.now, sight.path)
        missed.append({**now_missed, "missing_since": first[0], "missing_first_path": first[1]})
        if row.gone_at is None and _is_certain(sight, row, tx.now):
            buried.append({"at_id": row.id, "gone_reason": reason})
        elif row.gone_at is None:
            pending += 1
    if missed:
        looked = update(posts).where(posts.c.id == bindparam("at_id")).values(last_verified_at=tx.now)
        tx.connection.execute(looked, missed)
    if buried:
        tx.connection.execute(update(posts).where(posts.c.id == bindparam("at_id")).values(gone_at=tx.now), buried)
    return sorted(row["at_id"] for row in buried), pending


def _is_certain(sight: Gone, row: AnyRow, now: datetime) -> bool:
    """The platform says so; or it is the second sighting, by another path or, where there is only one, on another day.

    What hid the post in between (a login wall, a fault of ours) was no sighting, and its path none of the two.
    """
    if not sight.reason.buries:
        return False
    if sight.definite:
        return True
    if row.missing_since is None:
        return False
    same_path = row.missing_first_path in {None, sight.path}
    return bool(now - row.missing_since >= (SAME_PATH_AFTER if same_path else SECOND_LOOK_AFTER))


def _better_reason(before: str | None, now: GoneReason) -> str:
    """The reason that says more: an earlier one stands against 'unavailable', and against what merely hides a post."""
    vague = {None, GoneReason.UNAVAILABLE.value, GoneReason.LOGIN_WALL.value, GoneReason.OUR_ERROR.value}
    says_more = before in vague if now is GoneReason.UNAVAILABLE else now.buries
    return now.value if before is None or says_more else before


def _native_key(tx: Transaction, native_id: str) -> bytes:
    return tx.fingerprint(posts.c.native_id, native_id)


def _content_key(tx: Transaction, post: Post) -> bytes:
    return tx.fingerprint(post_revisions.c.content, post.content())
