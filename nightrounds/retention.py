"""Retention: what the platforms' terms want gone, the conflicts that wait for counsel, and the purge that carries it out.

A scan reports and raises conflicts, and erases nothing but what a platform forbids to store at all. `purge` erases: posts a
batch a transaction, then the answers that show them, then their bytes. Killed anywhere, the next purge goes on.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from core.records import FindingScope, Kind
from nightrounds.context import Context
from storage import barred, decisions, erasure, retention, stale_captures
from storage._engine import empty_log
from storage.duties import Duty, Holder
from storage.retention import ALL_DUTIES, DuePost, Verdict
from storage.stale_captures import DueCapture
from storage.transaction import Transaction

log = logging.getLogger(__name__)

_BATCH = 200  # posts or answers in one transaction: what a kill can make us look at again

_QUOTED = (
    "Words of these posts may still stand where other posts quote or answer them, and in the answers kept for those; they go "
    "with those."
)
_IN_LOG = (
    "Somebody was reading the database, so that its log could not be emptied: what was erased still stands there, sealed. "
    "Purge again when nobody reads."
)

Cell = tuple[str, str]  # platform, duty
Progress = Callable[[int], None]


@dataclass(slots=True)
class Purge:
    """What a purge did, or would do, by platform and duty: posts, answers ('captures') and profiles that go, and findings by
    rules that the terms bar.

    `waiting` needs counsel, `kept` is kept by decision, `unread` was not screened yet, `held` are answers and profiles that
    something still holds; what a sealed case alone holds is in no count. `blobs` is 0 in a rehearsal. `remains` says in plain
    words what of the erased may still stand elsewhere.
    """

    rehearsed: bool
    posts: Counter[Cell] = field(default_factory=Counter)
    waiting: Counter[Cell] = field(default_factory=Counter)
    kept: Counter[Cell] = field(default_factory=Counter)
    unread: Counter[Cell] = field(default_factory=Counter)
    captures: Counter[Cell] = field(default_factory=Counter)
    profiles: Counter[Cell] = field(default_factory=Counter)
    findings: Counter[Cell] = field(default_factory=Counter)  # by platform and rule
    held: Counter[Cell] = field(default_factory=Counter)
    blobs: int = 0
    remains: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, Counter[Cell]]:
        names = ("posts", "waiting", "kept", "unread", "captures", "profiles", "findings", "held")
        return {name: getattr(self, name) for name in names}

    def as_json(self) -> dict[str, Any]:
        listed = {
            name: [{"platform": platform, "for": why, "count": n} for (platform, why), n in sorted(cells.items())]
            for name, cells in self.counts().items()
        }
        return {"rehearsed": self.rehearsed, "blobs": self.blobs, **listed, "remains": self.remains}

    def note_posts(self, due: Sequence[DuePost]) -> None:
        places = {
            Verdict.ERASE: self.posts,
            Verdict.WAITING: self.waiting,
            Verdict.KEPT: self.kept,
            Verdict.UNREAD: self.unread,
        }
        for one in due:
            if one.held_by is not Holder.SEALED_CASE or one.verdict is Verdict.ERASE:
                places[one.verdict][one.platform, one.duty.value] += 1

    def note_captures(self, due: Sequence[DueCapture], going: Counter[Cell]) -> None:
        for one in due:
            if one.held_by is not Holder.SEALED_CASE:
                (self.held if one.held_by else going)[one.platform, one.duty.value] += 1


@dataclass(frozen=True, slots=True)
class Standing:
    """What a night's report says of retention: posts that a purge would erase now, and decisions that wait for counsel."""

    overdue: int
    decisions: int


def purge(
    context: Context, *, rehearse: bool = False, only: Collection[Duty] = ALL_DUTIES, progress: Progress | None = None
) -> Purge:
    """Erase what must go and is not held, and raise what counsel has to decide. A rehearsal changes nothing."""
    done = Purge(rehearse)
    doomed: dict[int, Duty] = {}
    for batch in _post_batches(context, only):
        with _transaction(context, rehearse) as tx:
            due = _purge_posts(tx, context, batch, only, rehearse=rehearse)
        done.note_posts(due)
        if rehearse:
            doomed |= {one.id: one.duty for one in due if one.verdict is Verdict.ERASE}
        if progress:
            progress(len(batch))
    for batch in _capture_batches(context):
        with _transaction(context, rehearse) as tx:
            captures = _purge_captures(tx, context, batch, only, doomed, rehearse=rehearse)
        done.note_captures(captures, done.captures)
    if only == ALL_DUTIES:
        with _transaction(context, rehearse) as tx:
            profiles = stale_captures.due_profiles(tx, context.terms)
            if not rehearse:
                erasure.erase_profiles(tx, [one.id for one in profiles if not one.held_by])
                erasure.erase_cursors(tx, stale_captures.due_cursors(tx))
            done.findings = barred.delete_barred(tx, context.terms, rehearse=rehearse)
        done.note_captures(profiles, done.profiles)
    if done.posts:
        done.remains.append(_QUOTED)
    if not rehearse:
        raise_conflicts(context)
        done.blobs = erasure.remove_bytes(context.store)
        if only == ALL_DUTIES:
            done.blobs += erasure.sweep(context.store)
        if not empty_log(context.store.engine):
            done.remains.append(_IN_LOG)
        log.info("purge: %s posts, %s answers, %s blobs", done.posts.total(), done.captures.total(), done.blobs)
    return done


def erase_not_storable(context: Context) -> None:
    """Take out what was screened and may not be stored by its platform's terms."""
    if any(not terms.store_text for terms in context.terms.platforms.values()):
        purge(context, only={Duty.NOT_STORABLE})


def raise_conflicts(context: Context) -> None:
    """Put before counsel where a duty meets a hold or a case, and close what is no conflict any more."""
    with context.store.read() as tx:
        waiting = decisions.waiting_posts(tx)
    if waiting:
        with context.store.begin() as tx:
            due = retention.due_posts(tx, context.terms, list(waiting), kinds=_screened_kinds(context))
            still = {(one.id, duty) for one in due for duty in one.undecided}
            open_yet = {one.id for one in due if one.verdict is Verdict.UNREAD}
            moot = [
                number
                for post_id, raised in waiting.items()
                for number, duty in raised
                if (post_id, duty) not in still and post_id not in open_yet
            ]
            decisions.settle_moot(tx, moot)
    for batch in _post_batches(context, ALL_DUTIES):
        with context.store.read() as tx:
            due = retention.due_posts(tx, context.terms, [post_id for post_id, _ in batch], kinds=_screened_kinds(context))
        asked = [one for one in due if one.undecided]
        if asked:
            with context.store.begin() as tx:
                # what counsel decided meanwhile must not be taken for undecided
                retention.lock_for_erasure(tx, (), [one.account_id for one in asked])
                ids = [one.id for one in asked]
                decisions.raise_all(tx, retention.due_posts(tx, context.terms, ids, kinds=_screened_kinds(context)))


def standing(context: Context, tx: Transaction) -> Standing:
    """Count what is overdue and what waits; reads all posts, so once a report."""
    overdue, after = 0, 0
    while batch := retention.candidates(tx, context.terms, limit=_BATCH, after_id=after):
        ids = [post_id for post_id, _ in batch]
        due = retention.due_posts(tx, context.terms, ids, kinds=_screened_kinds(context))
        overdue += sum(one.verdict is Verdict.ERASE for one in due)
        after = batch[-1][0]
    return Standing(overdue, decisions.count_waiting(tx))


def _screened_kinds(context: Context) -> frozenset[Kind]:
    """Kinds of account whose posts some rule reads: what is of another kind waits for no screening."""
    return frozenset(kind for kind in Kind if context.screener.versions_for(kind, FindingScope.POST))


def _transaction(context: Context, rehearse: bool) -> AbstractContextManager[Transaction]:
    return context.store.read() if rehearse else context.store.begin()


def _post_batches(context: Context, only: Collection[Duty]) -> Iterator[list[tuple[int, str]]]:
    after = 0
    while True:
        with context.store.read() as tx:
            batch = retention.candidates(tx, context.terms, limit=_BATCH, after_id=after, only=only)
        if not batch:
            return
        yield batch
        after = batch[-1][0]


def _capture_batches(context: Context) -> Iterator[list[tuple[int, str]]]:
    after = 0
    while True:
        with context.store.read() as tx:
            batch = stale_captures.captures_after(tx, after, _BATCH)
        if not batch:
            return
        yield batch
        after = batch[-1][0]


def _purge_posts(
    tx: Transaction, context: Context, batch: Sequence[tuple[int, str]], only: Collection[Duty], *, rehearse: bool
) -> list[DuePost]:
    ids = [post_id for post_id, _ in batch]
    if not rehearse:
        retention.lock_for_erasure(tx, ids, [account_id for _, account_id in batch])
    due = retention.due_posts(tx, context.terms, ids, only, kinds=_screened_kinds(context))
    if not rehearse:
        going = {one.id: one.duty for one in due if one.verdict is Verdict.ERASE}
        erasure.erase_posts(tx, going)
        decisions.settle(tx, sorted(going))
    return due


def _purge_captures(
    tx: Transaction,
    context: Context,
    batch: Sequence[tuple[int, str]],
    only: Collection[Duty],
    doomed: dict[int, Duty],
    *,
    rehearse: bool,
) -> list[DueCapture]:
    if not rehearse:
        retention.lock_for_erasure(tx, (), [account_id for _, account_id in batch])
    numbers = [number for number, _ in batch]
    found = stale_captures.due_captures(tx, context.terms, numbers, doomed, kinds=_screened_kinds(context))
    due = [one for one in found if one.duty in only]
    if not rehearse:
        erasure.erase_pages(tx, [one.id for one in due if not one.held_by])
    return due
