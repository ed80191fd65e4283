"""Lookalikes: handles and web addresses that resemble the institution's, and what somebody decided of each.

Nothing is asked of a platform about one until a person decides to watch it: then it is an account on the list, by the same
way as the curator's. What was decided stands against every later sighting or making of the same name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update

from core.errors import StorageError
from core.records import Account, Kind
from storage.account_imports import make_plan
from storage.account_plan import Act
from storage.accounts import import_accounts, list_accounts
from storage.tables import accounts, lookalikes
from storage.transaction import AnyRow, Transaction, chunks

_c = lookalikes.c


class LookalikeState(StrEnum):
    """What became of a lookalike. Only a `new` one waits for anybody."""

    NEW = "new"
    WATCHED = "watched"  # it is an account on the list, of kind unofficial
    OURS = "ours"
    HARMLESS = "harmless"


class LookalikeSource(StrEnum):
    """How a lookalike came to be known."""

    GENERATED = "generated"  # made from our own names; nobody knows whether it exists
    BY_HAND = "by hand"
    SEEN = "seen"  # a finding points to it


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A handle, or for platform 'website' a host in ASCII, that may be one. `score` in [0, 1]: how easily it is confused."""

    platform: str
    name: str = field(repr=False)
    resembles: str = field(default="", repr=False)  # our own name that it was made from
    change: str = ""  # what was done to it
    score: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookalike:
    id: int
    candidate: Candidate
    source: LookalikeSource
    added_at: datetime
    state: LookalikeState
    decided_by: str = field(repr=False)  # empty while it is new, as the note may be
    decided_at: datetime | None
    note: str = field(repr=False)
    account_id: str | None


def name_key(tx: Transaction, name: str) -> bytes:
    return tx.fingerprint(_c.name, name.casefold())


def add(tx: Transaction, candidates: Iterable[Candidate], *, source: LookalikeSource) -> int:
    """Put on the list what is not on it in any state, in their order; how many were new."""
    keyed: dict[tuple[str, bytes], Candidate] = {}
    for one in candidates:
        keyed.setdefault((one.platform, name_key(tx, one.name)), one)
    known = {
        (row.platform, row.name_key)
        for chunk in chunks(sorted({key for _, key in keyed}))
        for row in tx.connection.execute(select(_c.platform, _c.name_key).where(_c.name_key.in_(chunk)))
    }
    rows = [
        {
            "platform": platform,
            "name": tx.seal(_c.name, one.name),
            "name_key": key,
            "resembles": one.resembles or None,
            "change": one.change or None,
            "score": one.score,
            "source": source.value,
            "added_at": tx.now,
            "state": LookalikeState.NEW.value,
        }
        for (platform, key), one in keyed.items()
        if (platform, key) not in known
    ]
    # another process may add the same ones at this moment
    put = tx.upsert(lookalikes, ("platform", "name_key")).returning(_c.id)
    added = sorted(one for chunk in chunks(rows) for one in tx.connection.execute(put, list(chunk)).scalars())
    if added:
        tx.audit("lookalikes added", lookalike_ids=added, source=source.value)
    return len(added)


def find(tx: Transaction, platform: str, name: str) -> Lookalike:
    """The lookalike of this name, in whatever state. Raises: StorageError: it is not on the list."""
    query = select(lookalikes).where(_c.platform == platform, _c.name_key == name_key(tx, name))
    row = tx.connection.execute(query).first()
    if row is None:
        raise StorageError("there is no lookalike of this name")
    return _lookalike(tx, row)


def get(tx: Transaction, lookalike_id: int) -> Lookalike:
    """Raises: StorageError: there is no such lookalike."""
    return _lookalike(tx, _row(tx, lookalike_id, locks=False))


def list_lookalikes(tx: Transaction, *, state: LookalikeState | None = None) -> list[Lookalike]:
    """Those in `state`, or all: first those that somebody saw, then the most confusable."""
    query = select(lookalikes).order_by(_c.source == LookalikeSource.GENERATED.value, _c.score.desc(), _c.id)
    if state is not None:
        query = query.where(_c.state == state.value)
    return [_lookalike(tx, row) for row in tx.connection.execute(query)]


def watch(tx: Transaction, lookalike_id: int, account: Account, *, note: str, decided_by: str) -> Lookalike:
    """Decide that it is watched, as this `account` of kind unofficial, which goes on the account list.

    Deciding so again changes nothing while the account is watched, unless there is a new note.

    Raises:
        StorageError: there is no such lookalike; the account is on the list as another kind; or the list can't take it.
    """
    row = _row(tx, lookalike_id, locks=True)
    if _says_nothing_new(tx, row, LookalikeState.WATCHED, note) and _is_watched_as_unofficial(tx, row.account_id):
        return _lookalike(tx, row)
    return _decide(tx, row, LookalikeState.WATCHED, note, decided_by, _put_on_list(tx, account))


def dismiss(tx: Transaction, lookalike_id: int, state: LookalikeState, *, note: str, decided_by: str) -> Lookalike:
    """Decide that it is `ours` or `harmless`; it never comes up again.

    Deciding the same again changes nothing, unless there is a new note.

    Raises:
        StorageError: there is no such lookalike, or it is watched as an unofficial account, which has to be retired first.
    """
    if state not in {LookalikeState.OURS, LookalikeState.HARMLESS}:
        raise ValueError(f"a lookalike is not dismissed as {state.value}")
    row = _row(tx, lookalike_id, locks=True)
    if _says_nothing_new(tx, row, state, note):
        return _lookalike(tx, row)
    if _is_watched_as_unofficial(tx, row.account_id):
        raise StorageError(
            f"lookalike {lookalike_id} is watched as an unofficial account; first retire that one ('nightrounds accounts "
            "retire'), or, where it is ours, import it as official"
        )
    return _decide(tx, row, state, note, decided_by, row.account_id)


def _says_nothing_new(tx: Transaction, row: AnyRow, state: LookalikeState, note: str) -> bool:
    return row.state == state.value and note in _lookalike(tx, row).note


def _decide(
    tx: Transaction, row: AnyRow, state: LookalikeState, note: str, decided_by: str, account_id: str | None
) -> Lookalike:
    """What was decided before, by whom and why, stays in the note."""
    known = _lookalike(tx, row)
    if known.decided_at is not None:
        before = f"{known.decided_at:%Y-%m-%d} {known.state.value}, {known.decided_by}"
        note = "\n".join(part for part in (note, f"{before}: {known.note}" if known.note else before) if part)
    values = {
        "state": state.value,
        "decided_by": tx.seal(_c.decided_by, decided_by),
        "decided_at": tx.now,
        "note": tx.seal(_c.note, note or None),
        "account_id": account_id,
    }
    tx.connection.execute(update(lookalikes).where(_c.id == row.id).values(**values))
    tx.audit("lookalike decided", lookalike_ids=[row.id], state=state.value)
    return get(tx, row.id)


def _put_on_list(tx: Transaction, account: Account) -> str:
    """Have the account watched, and nothing that the list says of another kind of account changed; its id."""
    [step] = make_plan(tx, [account], locks=True).steps
    if not step.is_taken:
        raise StorageError(f"the account can't be put on the list: {step.why}")
    if step.before is not None and step.before.kind != Kind.UNOFFICIAL.value:
        raise StorageError(f"the account is on the list already, as {step.before.kind}; decide that it is ours or harmless")
    if step.before is not None and step.before.retired_at is None:
        return step.before.id
    done = import_accounts(tx, [account])
    if done.added != (step.act is Act.ADDED):
        raise StorageError("the account list was changed at this moment; decide again")
    if step.before is not None:
        return step.before.id
    [stored] = list_accounts(tx, platform=account.platform, handle=account.handle)
    return stored.id


def _is_watched_as_unofficial(tx: Transaction, account_id: str | None) -> bool:
    a = accounts.c
    watched = select(a.id).where(a.id == account_id, a.kind == Kind.UNOFFICIAL.value, a.retired_at.is_(None))
    return account_id is not None and tx.connection.execute(watched).first() is not None


def _row(tx: Transaction, lookalike_id: int, *, locks: bool) -> AnyRow:
    query = select(lookalikes).where(_c.id == lookalike_id)
    row = tx.connection.execute(query.with_for_update() if locks else query).first()
    if row is None:
        raise StorageError(f"there is no lookalike {lookalike_id}")
    return row


def _lookalike(tx: Transaction, row: AnyRow) -> Lookalike:
    return Lookalike(
        id=row.id,
        candidate=Candidate(
            platform=row.platform,
            name=tx.unseal(_c.name, row.name),
            resembles=row.resembles or "",
            change=row.change or "",
            score=row.score,
        ),
        source=LookalikeSource(row.source),
        added_at=row.added_at,
        state=LookalikeState(row.state),
        decided_by="" if row.decided_by is None else tx.unseal(_c.decided_by, row.decided_by),
        decided_at=row.decided_at,
        note="" if row.note is None else tx.unseal(_c.note, row.note),
        account_id=row.account_id,
    )
