"""Posts of X looked up by id: stored ones that are due for another look, and those that an earlier night did not understand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import ParseError
from core.records import Account, CrawledPage, Gone, GoneReason, KnownPost, Post, RawPage
from crawlers._exchange import Answer
from crawlers._outstanding import never_read, still_outstanding
from crawlers._strict import is_digits, not_understood, objects
from crawlers._x.client import MAX_IDS, XClient
from crawlers._x.posts import Includes, gone_reason, parse_post, version_ids
from crawlers._x.progress import Progress

_ROUNDS = 3  # a version that is looked up may have been replaced by another one


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What X said of the versions asked for; `newer` maps an old version to the newest that it names."""

    posts: dict[str, Post] = field(default_factory=dict, repr=False)
    newer: dict[str, str] = field(default_factory=dict, repr=False)
    old: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    broken: tuple[str, ...] = field(default=(), repr=False)
    foreign: tuple[str, ...] = field(default=(), repr=False)
    gone: dict[str, tuple[GoneReason, bool]] = field(default_factory=dict, repr=False)


def look_again(client: XClient, account: Account, recheck: Sequence[KnownPost]) -> Iterator[CrawledPage]:
    """Look stored posts up by the version last seen, then by a newer version where the history shows one."""
    asked = {_last_version(known): known.native_id for known in recheck if is_digits(_last_version(known))}
    for _ in range(_ROUNDS):
        newer: dict[str, str] = {}
        ids = list(asked)
        for start in range(0, len(ids), MAX_IDS):
            batch = {one: asked[one] for one in ids[start : start + MAX_IDS]}
            answer = client.posts(list(batch))
            found = _parse_lookup(answer, account, list(batch))
            newer |= {newest: batch[own] for own, newest in found.newer.items()}
            yield _rechecked(answer, found, batch)
        if not newer:
            return
        asked = newer


def catch_up(client: XClient, account: Account, progress: Progress, overdue: Sequence[str]) -> Iterator[CrawledPage]:
    """Look up what was not understood, and old versions whose newest was not shown; the old one is taken where X keeps the
    newest back. The cursor of each page holds what is still outstanding.
    """
    for start in range(0, len(overdue), MAX_IDS):
        batch = list(overdue[start : start + MAX_IDS])
        answer = client.posts(batch)
        raw: list[RawPage] = [answer.raw]
        found = _parse_lookup(answer, account, batch, native_id=progress.native_id)
        posts = list(found.posts.values())
        read = {*found.posts, *found.foreign}
        lost = {own for own, (_, definite) in found.gone.items() if definite}
        withheld = 0
        if found.newer:
            later = client.posts(list(dict.fromkeys(found.newer.values())))
            raw.append(later.raw)
            newest = _parse_lookup(later, account, list(found.newer.values()), native_id=progress.native_id)
            posts += newest.posts.values()
            includes = Includes(answer.json())
            for own, latest in found.newer.items():
                if latest in newest.posts:
                    read.add(own)
                    continue
                withheld += 1
                if newest.gone.get(latest, (None, False))[1]:
                    read.add(own)
                try:
                    posts.append(parse_post(found.old[own], includes, account))
                except ParseError:
                    read.discard(own)
        progress, _ = progress.keep(read=read | lost, broken=())
        left = len([one for one in batch if one in progress.outstanding and one not in found.newer])
        notes = [still_outstanding(left), never_read(len(lost))]
        notes.append(f"X names a later version of {withheld} edited posts and does not show it" if withheld else "")
        yield CrawledPage(raw=tuple(raw), posts=tuple(posts), cursor=progress.cursor(), note="; ".join(filter(None, notes)))


def _last_version(known: KnownPost) -> str:
    return known.revision or known.native_id


def _parse_lookup(answer: Answer, account: Account, asked: Sequence[str], native_id: str = "") -> _Found:
    """Everything by the version id asked for. `native_id`: the account whose posts alone are wanted, where that is open."""
    document = answer.json()
    includes = Includes(document)
    posts: dict[str, Post] = {}
    newer: dict[str, str] = {}
    old: dict[str, dict[str, Any]] = {}
    broken: list[str] = []
    foreign: list[str] = []
    wanted = set(asked)
    for item in objects(document, "data"):
        own = str(item.get("id"))
        if own not in wanted:
            continue
        if native_id and item.get("author_id") not in (None, native_id):
            foreign.append(own)
            continue
        try:
            latest = version_ids(item)[-1]
            if latest != own:
                newer[own], old[own] = latest, item
            else:
                posts[own] = parse_post(item, includes, account)
        except ParseError:
            broken.append(own)
    gone: dict[str, tuple[GoneReason, bool]] = {}
    for error in objects(document, "errors"):
        version = error.get("resource_id") or error.get("value")
        if isinstance(version, str) and version in wanted and error.get("resource_type") in ("tweet", "post"):
            gone[version] = gone_reason(error)
    return _Found(posts=posts, newer=newer, old=old, broken=tuple(broken), foreign=tuple(foreign), gone=gone)


def _rechecked(answer: Answer, found: _Found, asked: dict[str, str]) -> CrawledPage:
    """The page of a second look. `asked` maps version ids to native ids."""
    told = {*found.posts, *found.newer, *found.broken, *found.gone}
    silent = len(set(asked.values()) - {asked[one] for one in told})
    notes = [not_understood(len(found.broken)), f"X said nothing of {silent} looked-up posts" if silent else ""]
    return CrawledPage(
        raw=(answer.raw,),
        posts=tuple(replace(post, native_id=asked[own]) for own, post in found.posts.items()),
        gone=tuple(
            Gone(native_id=asked[own], reason=reason, definite=definite) for own, (reason, definite) in found.gone.items()
        ),
        verified=tuple(asked[own] for own in found.broken),  # not understood, but there
        note="; ".join(filter(None, notes)),
    )
