"""Erasing: takes words, addresses and bytes out of posts, profiles and evidence, and leaves shells that tell what happened.

What stays: that there was a post, when, keyed hashes, and what was found in it (rule, category, our own reason). Each act is in
the audit trail by ids, and only what the trail names may be blank. Rows are blanked first, in the caller's transaction;
`remove_bytes` takes the blobs out after it, and `sweep` those that no row asks for. Killed in between, the next call goes on.
Who decides what must go is `storage.retention`. Backups are the operator's affair.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, select, update

from core.records import Profile
from storage._engine import lock
from storage._envelope import ERASED
from storage._json import profile_to_json
from storage._trail import EVIDENCE_ERASED, POSTS_ERASED
from storage.duties import Duty
from storage.evidence import REMOVING, SHARDS, EvidenceFolder, known_names
from storage.tables import cursors, evidence, media, post_revisions, posts, profile_snapshots
from storage.transaction import Transaction, chunks

if TYPE_CHECKING:
    from storage.store import Store

_BLOBS = 200  # taken out in one transaction, while nobody writes evidence
_ORPHAN_AGE = timedelta(days=7)  # a crawl's transaction takes seconds; a database put back from a backup is noticed in days


def erase_posts(tx: Transaction, doomed: Mapping[int, Duty]) -> int:
    """Blank posts with all their revisions and media, each for its duty; returns how many were not blank before."""
    c, r, m = posts.c, post_revisions.c, media.c
    done = 0
    for duty in sorted(set(doomed.values())):
        for chunk in chunks(sorted(post_id for post_id, why in doomed.items() if why is duty)):
            still = sorted(tx.connection.execute(select(c.id).where(c.id.in_(chunk), c.erased_at.is_(None))).scalars())
            filled = select(r.id).where(r.post_id.in_(still), r.content != ERASED)
            revisions = sorted(tx.connection.execute(filled).scalars())
            tx.connection.execute(update(post_revisions).where(r.post_id.in_(still)).values(content=ERASED))
            blank = {column.name: tx.seal(column, "") for column in (c.native_id, c.url, c.mark)}
            when = {"erased_at": tx.now, "erased_for": duty.value}
            tx.connection.execute(update(posts).where(c.id.in_(still)).values(**blank, **when))
            blank = {column.name: tx.seal(column, "") for column in (m.native_id, m.url, m.alt_text)}
            tx.connection.execute(update(media).where(m.post_id.in_(still)).values(**blank))
            if still:
                tx.audit(f"{POSTS_ERASED}: {duty.value}", post_ids=still, revision_ids=revisions)
            done += len(still)
    return done


def erase_pages(tx: Transaction, evidence_ids: Iterable[int]) -> int:
    """Mark answers as erased and blank their addresses and headers; their bytes go with `remove_bytes`."""
    c, done = evidence.c, 0
    for chunk in chunks(sorted(set(evidence_ids))):
        rows = [
            {
                "at_id": row.id,
                "url": tx.seal(c.url, "", row.sha256),
                "headers": tx.seal_json(c.headers, []),
                "erased_at": tx.now,
            }
            for row in tx.connection.execute(select(c.id, c.sha256).where(c.id.in_(chunk), c.erased_at.is_(None)))
        ]
        if rows:
            tx.connection.execute(update(evidence).where(c.id == bindparam("at_id")), rows)
            tx.audit(EVIDENCE_ERASED, evidence_ids=sorted(row["at_id"] for row in rows))
        done += len(rows)
    return done


def erase_profiles(tx: Transaction, profile_ids: Iterable[int]) -> int:
    """Put an empty profile in the place of these snapshots."""
    c, done = profile_snapshots.c, 0
    empty = profile_to_json(Profile())
    for chunk in chunks(sorted(set(profile_ids))):
        still = sorted(tx.connection.execute(select(c.id).where(c.id.in_(chunk), c.content_key != ERASED)).scalars())
        blank = {"profile": tx.seal_json(c.profile, empty), "content_key": bytes(ERASED)}
        tx.connection.execute(update(profile_snapshots).where(c.id.in_(still)).values(**blank))
        if still:
            tx.audit("profiles erased", profile_ids=still)
        done += len(still)
    return done


def erase_cursors(tx: Transaction, account_ids: Sequence[str]) -> int:
    """Forget where the crawls of these accounts stood: cursors hold ids and addresses of posts. Returns how many went."""
    done = 0
    for chunk in chunks(sorted(account_ids)):
        done += tx.connection.execute(delete(cursors).where(cursors.c.account_id.in_(chunk))).rowcount
    if done:
        tx.audit("cursors erased", count=done)
    return done


def remove_bytes(store: Store) -> int:
    """Take the blobs of erased answers out of the evidence store, unless another capture still needs the same bytes.

    Returns how many went.

    Raises:
        StorageError: the store refuses; run it again.
    """
    c, removed = evidence.c, 0
    while True:
        with store.begin() as tx:
            lock(tx.connection, REMOVING)
            waiting = select(c.id, c.sha256).where(c.erased_at.is_not(None), c.size >= 0).order_by(c.id).limit(_BLOBS)
            rows = tx.connection.execute(waiting).all()
            if not rows:
                break
            names = {row.sha256 for row in rows}
            needed = set(tx.connection.execute(select(c.sha256).where(c.sha256.in_(names), c.erased_at.is_(None))).scalars())
            for sha256 in sorted(names - needed):
                tx.evidence.remove(sha256)
            tx.connection.execute(update(evidence).where(c.id.in_([row.id for row in rows])).values(size=-1))
            removed += len(names - needed)
    return removed


def sweep(store: Store) -> int:
    """Take out blobs that no answer needs: those whose answers are all erased, and those of killed crawls, without a row, when
    they are a week old and our keys open them. Returns how many went.

    Raises:
        StorageError: the store can't be listed, or refuses; run it again.
    """
    removed = 0
    for shard in SHARDS:
        found = store.evidence.found(shard)
        if not found:
            continue
        with store.read() as tx:
            known = known_names(tx, shard)
        if all(known.get(name) for name in found):
            continue
        with store.begin() as tx:
            lock(tx.connection, REMOVING)  # from here on nobody is between writing a blob and committing its row
            known = known_names(tx, shard)
            gone = sorted(name for name in found if not known.get(name) and (name in known or _is_left_over(tx.evidence, name)))
            for sha256 in gone:
                tx.evidence.remove(sha256)
            if gone:
                tx.audit("evidence swept", blobs=len(gone))
        removed += len(gone)
    return removed


def _is_left_over(folder: EvidenceFolder, sha256: str) -> bool:
    """By the file system's own clock."""
    written_at = folder.written_at(sha256)
    return written_at is not None and datetime.now(UTC) - written_at > _ORPHAN_AGE and not folder.is_foreign(sha256)
