"""What was read by which detector versions: what was read is not read again, and a new version reads history again.

What failed for want of time or by a fault is read again in the next runs, and settled as not read after a few attempts.

Each revision and profile points at the set of versions that read it last (`read_with`), so that finding the unread is a look
into an index. A set belongs to an account kind, because the kind decides which rules run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, func, or_, select, true, union_all, update

from core.records import Account, FindingScope, Kind, Screened
from storage._columns import canonical
from storage._envelope import ERASED
from storage.accounts import by_id
from storage.findings import FoundIn, StoredFinding, keep, retire
from storage.posts import StoredRevision, revisions, stored_revisions
from storage.tables import accounts, detector_sets, findings, post_revisions, posts, profile_snapshots, screenings
from storage.transaction import Transaction, chunks

Wanted = Mapping[Kind, Mapping[str, str]]  # kind -> rule -> detector version

_NOWHERE: Mapping[str, Wanted] = MappingProxyType({})
_MOST_ATTEMPTS = 3
_PASSING = ("time", "failed (")  # reasons that another night may not have


@dataclass(frozen=True, slots=True)
class StoredProfile:
    """One observed version of an account's profile; `account` carries it."""

    id: int
    account: Account


Subject = StoredRevision | StoredProfile


@dataclass(frozen=True, slots=True)
class ScreeningCounts:
    """Revisions by what their last screening came to. `unread` were never screened, `not_read` failed, by reason."""

    read: int
    unread: int
    not_read: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ScreenedSubject:
    """One subject, the versions (rule -> detector version) that read it, and what came of it."""

    subject: Subject
    versions: Mapping[str, str]
    screened: Screened


def unread_revisions(
    tx: Transaction, wanted: Wanted, *, limit: int, after_id: int = 0, elsewhere: Mapping[str, Wanted] = _NOWHERE
) -> list[StoredRevision]:
    """Revisions of any age that some wanted version has not read, by id. `elsewhere` names the platforms where other versions
    are wanted."""
    r = post_revisions
    owners = r.join(posts, posts.c.id == r.c.post_id).join(accounts, accounts.c.id == posts.c.account_id)
    # what was erased is read no more: finding nothing in it would retire what was found
    owned = select(r.c.id).select_from(owners).where(r.c.content != ERASED)
    ids = _unread_ids(tx, r, owned, _groups(wanted, elsewhere), limit, after_id)
    return stored_revisions(tx, tx.connection.execute(revisions().where(r.c.id.in_(ids)).order_by(r.c.id)).all())


def unread_profiles(
    tx: Transaction, wanted: Wanted, *, limit: int, after_id: int = 0, elsewhere: Mapping[str, Wanted] = _NOWHERE
) -> list[StoredProfile]:
    """The profiles that accounts have now and that some wanted version has not read, by id. Older profiles are history."""
    s = profile_snapshots
    owners = s.join(accounts, accounts.c.id == s.c.account_id)
    newer = s.alias()
    latest = ~select(newer.c.id).where(newer.c.account_id == s.c.account_id, newer.c.id > s.c.id).exists()
    owned = select(s.c.id).select_from(owners).where(latest, s.c.content_key != ERASED)
    ids = _unread_ids(tx, s, owned, _groups(wanted, elsewhere), limit, after_id)
    rows = tx.connection.execute(select(s.c.id, s.c.account_id).where(s.c.id.in_(ids)).order_by(s.c.id)).all()
    known = by_id(tx, [row.account_id for row in rows])
    return [StoredProfile(row.id, known[row.account_id]) for row in rows]


def record(tx: Transaction, subject: Subject, versions: Mapping[str, str], screened: Screened) -> list[StoredFinding]:
    """Note one screening; see `record_all`."""
    return record_all(tx, [ScreenedSubject(subject, versions, screened)])


def record_all(tx: Transaction, results: Iterable[ScreenedSubject]) -> list[StoredFinding]:
    """Note screenings and keep their findings, which are returned. Said twice, nothing changes.

    What the same rules found in the same subject before and did not find again is retired. A subject whose account changed its
    kind since it was handed out is left unread: other rules apply to it now. So is one that could not be read for a reason
    that may pass, up to three times; its reason counts meanwhile.
    """
    stored: list[StoredFinding] = []
    every = list(results)
    _keep_kinds(tx, every)
    for chunk in chunks(every, 400):
        for cls, table in ((StoredRevision, post_revisions), (StoredProfile, profile_snapshots)):
            own = [result for result in chunk if isinstance(result.subject, cls)]
            if own:
                valid = _note(tx, table, own)
                stored += keep(tx, [_found_in(result) for result in valid])
    return stored


def retire_dropped(tx: Transaction, wanted_posts: Wanted, wanted_profiles: Wanted) -> int:
    """Retire what stands by rules that the policy took off an account's kind; returns how many. Once a run.

    A kind that neither mapping names is left alone. What held a retired finding counts as unread, so that the rule finds it
    again should it come back.
    """
    f = findings.c
    dropped: list[ColumnElement[bool]] = []
    for kind in wanted_posts.keys() | wanted_profiles.keys():
        of_posts = list(wanted_posts.get(kind, {}))
        of_either = sorted({*of_posts, *wanted_profiles.get(kind, {})})  # posts bring up profile findings as well
        unwanted = or_(
            and_(f.scope == FindingScope.POST.value, f.rule.not_in(of_posts)),
            and_(f.scope == FindingScope.PROFILE.value, f.rule.not_in(of_either)),
        )
        dropped.append(and_(accounts.c.kind == kind.value, unwanted))
    query = select(f.id, f.revision_id, f.profile_id).join(accounts, accounts.c.id == f.account_id)
    rows = tx.connection.execute(query.where(f.retired_at.is_(None), or_(False, *dropped))).all()
    retire(tx, [row.id for row in rows])
    for table, column in ((post_revisions, "revision_id"), (profile_snapshots, "profile_id")):
        for chunk in chunks(sorted({getattr(row, column) for row in rows} - {None})):
            tx.connection.execute(update(table).where(table.c.id.in_(chunk)).values(read_with=None))
    return len(rows)


def counts(tx: Transaction) -> ScreeningCounts:
    """How many stored revisions count as read, erased ones left out; reads the whole ledger, so not once a page."""
    s, r = screenings, post_revisions
    last = r.outerjoin(s, (s.c.revision_id == r.c.id) & (s.c.set_id == r.c.read_with))
    query = select(s.c.id.is_not(None).label("known"), s.c.not_read, func.count().label("n"))
    query = query.select_from(last).where(r.c.content != ERASED)
    read, unread, not_read = 0, 0, {}
    for row in tx.connection.execute(query.group_by("known", s.c.not_read)):
        if not row.known:
            unread += row.n
        elif row.not_read is None:
            read += row.n
        else:
            not_read[row.not_read] = row.n
    return ScreeningCounts(read, unread, not_read)


def is_protected(tx: Transaction, stored: StoredFinding) -> bool:
    """Whether the gate took the post or profile that brought this finding up for protected talk when it was last read."""
    s = screenings.c
    where = s.revision_id == stored.revision_id if stored.revision_id is not None else s.profile_id == stored.profile_id
    last = select(s.protected).where(where).order_by(s.screened_at.desc(), s.id.desc()).limit(1)
    return bool(tx.connection.execute(last).scalar())


def _groups(wanted: Wanted, elsewhere: Mapping[str, Wanted]) -> list[tuple[ColumnElement[bool], Wanted]]:
    """Which accounts want what: those of the platforms that `elsewhere` names, and the others."""
    platform = accounts.c.platform
    others = platform.not_in(list(elsewhere)) if elsewhere else true()
    return [(others, wanted), *((platform == name, own) for name, own in elsewhere.items())]


def _unread_ids(
    tx: Transaction,
    table: Table,
    owned: Select[Any],
    groups: Sequence[tuple[ColumnElement[bool], Wanted]],
    limit: int,
    after_id: int,
) -> list[int]:
    """One ordered, limited walk of the index (read_with, id) for each set that lacks something, merged."""
    walks = []
    for whose, wanted in groups:
        lacking: list[ColumnElement[bool]] = [table.c.read_with.is_(None)]
        lacking += [table.c.read_with == set_id for set_id in _lacking_sets(tx, wanted)]
        kinds = [kind.value for kind, versions in wanted.items() if versions]
        mine = owned.where(whose, table.c.id > after_id, accounts.c.kind.in_(kinds)).order_by(table.c.id).limit(limit)
        walks += [select(mine.where(where).subquery().c.id) for where in lacking]
    merged = union_all(*walks).subquery()
    return list(tx.connection.execute(select(merged.c.id).order_by(merged.c.id).limit(limit)).scalars())


def _lacking_sets(tx: Transaction, wanted: Wanted) -> list[int]:
    sets = tx.connection.execute(select(detector_sets.c.id, detector_sets.c.kind, detector_sets.c.versions)).all()
    return [row.id for row in sets if not wanted.get(Kind(row.kind), {}).items() <= row.versions.items()]


def _note(tx: Transaction, table: Table, results: Sequence[ScreenedSubject]) -> list[ScreenedSubject]:
    """Write screenings and point the subjects at their new sets; returns the results that count."""
    now = _kinds_and_sets(tx, table, [result.subject.id for result in results])
    sets = {row.id: row for row in tx.connection.execute(select(detector_sets))}
    column = "revision_id" if table is post_revisions else "profile_id"
    attempts = _attempts(tx, column, now)
    rows: dict[int, dict[str, Any]] = {}
    valid: dict[int, ScreenedSubject] = {}
    spelt: dict[int, str] = {}
    given: dict[str, tuple[str, Mapping[str, str]]] = {}
    for result in results:
        kind, set_id = now.get(result.subject.id, (None, None))
        if kind != result.subject.account.kind.value:
            continue
        before = sets[set_id].versions if set_id in sets else {}
        attempt = attempts.get(result.subject.id, 0) + 1 if _may_pass(result.screened) else 0
        if attempt and attempt < _MOST_ATTEMPTS:
            versions = {rule: version for rule, version in before.items() if result.versions.get(rule) != version}
        else:
            versions, attempt = {**before, **result.versions}, 0
        spelt[result.subject.id] = canonical([kind, versions])
        given[spelt[result.subject.id]] = kind, versions
        valid[result.subject.id] = result
        rows[result.subject.id] = {
            column: result.subject.id,
            "protected": result.screened.protected,
            "not_read": result.screened.not_read,
            "attempts": attempt,
            "screened_at": tx.now,
        }
    # sorted: two that screen the same subjects at once wait for each other and don't deadlock
    known = {spelled: _set_id(tx, *given[spelled], spelled) for spelled in sorted(given)}
    if rows:
        put = tx.upsert(screenings, (column, "set_id"), ("protected", "not_read", "attempts", "screened_at"))
        tx.connection.execute(put, [{**rows[subject], "set_id": known[spelt[subject]]} for subject in sorted(rows)])
    for spelled, set_id in known.items():
        ids = [subject for subject in sorted(rows) if spelt[subject] == spelled]
        tx.connection.execute(update(table).where(table.c.id.in_(ids)).values(read_with=set_id))
    unread = sum(result.screened.not_read is not None for result in valid.values())
    tx.audit("screened", subjects=len(valid), not_read=unread)
    return list(valid.values())


def _may_pass(screened: Screened) -> bool:
    return screened.not_read is not None and any(reason in screened.not_read for reason in _PASSING)


def _attempts(tx: Transaction, column: str, now: Mapping[int, tuple[str, int | None]]) -> dict[int, int]:
    """How often each subject has failed since it was last settled."""
    s = screenings.c
    mine = select(s[column], s.set_id, s.attempts).where(s[column].in_(now), s.attempts > 0)
    return {subject: n for subject, set_id, n in tx.connection.execute(mine) if set_id == now[subject][1]}


def _keep_kinds(tx: Transaction, results: Sequence[ScreenedSubject]) -> None:
    """Let nobody change these accounts' kinds until the transaction ends: the kind decides whether a finding may be kept."""
    c = accounts.c
    for chunk in chunks(sorted({result.subject.account.id for result in results})):
        query = select(c.id).where(c.id.in_(chunk)).order_by(c.id)
        tx.connection.execute(query.with_for_update(read=True)).all()


def _kinds_and_sets(tx: Transaction, table: Table, ids: Sequence[int]) -> dict[int, tuple[str, int | None]]:
    """For each subject: its account's kind now, and the set that read it last."""
    if table is post_revisions:
        owners = table.join(posts, posts.c.id == table.c.post_id).join(accounts, accounts.c.id == posts.c.account_id)
    else:
        owners = table.join(accounts, accounts.c.id == table.c.account_id)
    query = select(table.c.id, accounts.c.kind, table.c.read_with).select_from(owners).where(table.c.id.in_(ids))
    return {row.id: (row.kind, row.read_with) for row in tx.connection.execute(query)}


def _set_id(tx: Transaction, kind: str, versions: Mapping[str, str], spelled: str) -> int:
    digest = hashlib.sha256(spelled.encode()).digest()
    put = tx.upsert(detector_sets, ("digest",))
    tx.connection.execute(put, {"kind": kind, "versions": versions, "digest": digest})
    set_id: int = tx.connection.execute(select(detector_sets.c.id).where(detector_sets.c.digest == digest)).scalar_one()
    return set_id


def _found_in(result: ScreenedSubject) -> FoundIn:
    subject, screened = result.subject, result.screened
    is_post = isinstance(subject, StoredRevision)
    return FoundIn(
        account=subject.account,
        post_id=subject.post_id if isinstance(subject, StoredRevision) else None,
        revision_id=subject.id if is_post else None,
        profile_id=None if is_post else subject.id,
        rules=tuple(result.versions),
        # what could not be read found nothing, and that retires nothing
        read=screened.not_read is None,
        findings=screened.findings,
    )
