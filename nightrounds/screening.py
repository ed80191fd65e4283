"""The screening stage: every revision and profile that some detector has not read in its present version is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from core.records import FindingScope, Kind
from nightrounds import retention
from nightrounds.cases import open_cases
from nightrounds.context import Context
from storage import barred, screenings
from storage.posts import StoredRevision
from storage.screenings import ScreenedSubject, StoredProfile

_BATCH = 200  # revisions in one transaction: what a kill can make us read again

Subject = TypeVar("Subject", StoredRevision, StoredProfile)


@dataclass(slots=True)
class Screening:
    """What one pass over the unread came to; findings and cases that are sealed are not counted."""

    posts: int = 0
    profiles: int = 0
    not_read: int = 0
    findings: int = 0
    cases_opened: int = 0


def screen_unread(context: Context, progress: Callable[[int], None] | None = None) -> Screening:
    """Read what is unread, store findings, open cases: a batch a transaction, so that a kill loses and doubles nothing.

    Then what a platform forbids to store is taken out, and conflicts between duties to delete and cases are put before counsel.
    """
    done = Screening()
    _retire_what_is_no_longer_looked_for(context)
    for profiles in _unread(context, FindingScope.PROFILE, screenings.unread_profiles):
        _screen_batch(context, profiles, done)
        done.profiles += len(profiles)
    for revisions in _unread(context, FindingScope.POST, screenings.unread_revisions):
        _screen_batch(context, revisions, done)
        done.posts += len(revisions)
        if progress:
            progress(len(revisions))
    retention.erase_not_storable(context)
    retention.raise_conflicts(context)
    return done


def _retire_what_is_no_longer_looked_for(context: Context) -> None:
    """The policy may have taken a rule off a kind of account, or a platform's terms bar it: what it found does not stand."""
    posts, profiles = (_wanted(context, scope) for scope in (FindingScope.POST, FindingScope.PROFILE))
    with context.store.begin() as tx:
        screenings.retire_dropped(tx, posts, profiles)
        barred.retire_barred(tx, context.terms)


def _wanted(context: Context, scope: FindingScope, platform: str = "") -> dict[Kind, dict[str, str]]:
    return {kind: context.screener.versions_for(kind, scope, platform) for kind in Kind}


def _wanted_elsewhere(context: Context, scope: FindingScope) -> dict[str, dict[Kind, dict[str, str]]]:
    """The platforms whose terms bar other rules than those of a platform that nobody named."""
    usual = _wanted(context, scope)
    own = {platform: _wanted(context, scope, platform) for platform in context.terms.platforms}
    return {platform: wanted for platform, wanted in own.items() if wanted != usual}


def _unread(context: Context, scope: FindingScope, query: Callable[..., list[Subject]]) -> Iterator[list[Subject]]:
    wanted, elsewhere, after = _wanted(context, scope), _wanted_elsewhere(context, scope), 0
    while True:
        with context.store.read() as tx:
            batch = query(tx, wanted, limit=_BATCH, after_id=after, elsewhere=elsewhere)
        if not batch:
            return
        yield batch
        after = batch[-1].id


def _screen_batch(context: Context, batch: Sequence[StoredRevision | StoredProfile], done: Screening) -> None:
    results = [_screen(context, subject) for subject in batch]
    with context.store.begin() as tx:
        stored = screenings.record_all(tx, results)
        done.cases_opened += open_cases(tx, context.policy, stored)
    done.findings += sum(not one.finding.sealed for one in stored)  # a count of one person's sealed findings would tell
    done.not_read += sum(result.screened.not_read is not None for result in results)


def _screen(context: Context, subject: StoredRevision | StoredProfile) -> ScreenedSubject:
    kind, platform = subject.account.kind, subject.account.platform
    if isinstance(subject, StoredRevision):
        screened = context.screener.screen_post(subject.account, subject.post)
        return ScreenedSubject(subject, context.screener.versions_for(kind, FindingScope.POST, platform), screened)
    screened = context.screener.screen_profile(subject.account)
    return ScreenedSubject(subject, context.screener.versions_for(kind, FindingScope.PROFILE, platform), screened)
