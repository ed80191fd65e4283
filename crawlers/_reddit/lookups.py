"""Posts of Reddit looked up by their full names: stored ones due for another look, and those not understood so far.

Reddit keeps a place for what was deleted or removed, and says so there. What it gives nothing of may lie in a community that
has been closed: that is told at the post's own address, which is asked for when a post is missing for the second time.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from core.errors import ParseError
from core.records import Account, CrawledPage, Cursor, Gone, GoneReason, KnownPost, Post, RawPage
from crawlers._exchange import Answer
from crawlers._notes import join
from crawlers._outstanding import never_read, still_outstanding
from crawlers._reddit.client import MAX_IDS, RedditClient, children_of, refusal_of
from crawlers._reddit.posts import author_of, gone_reason, is_full_name, is_public, parse_post
from crawlers._strict import mapping, not_understood, objects
from crawlers._walk import Progress

_PATH = re.compile(r"/(?:r|user)/[A-Za-z0-9_-]{1,40}/comments/[a-z0-9]{1,13}(?:/[^/?#\s]{0,200}){0,2}/?")
_CLOSED = {"private": GoneReason.PRIVATE, "banned": GoneReason.REMOVED}

Lists = Mapping[str, Progress[str]]  # by the name of Reddit's listing


def cursor_of(lists: Lists) -> Cursor:
    return Cursor({name: progress.state() for name, progress in lists.items()})


def look_again(client: RedditClient, account: Account, recheck: Sequence[KnownPost]) -> Iterator[CrawledPage]:
    """What became of stored posts."""
    due = {one.native_id: one for one in recheck if is_full_name(one.native_id)}
    ids = list(due)
    for start in range(0, len(ids), MAX_IDS):
        asked = ids[start : start + MAX_IDS]
        answer = client.info(asked)
        posts: list[Post] = []
        gone: list[Gone] = []
        verified: list[str] = []
        silent: list[KnownPost] = []
        children = _by_name(answer)
        for native_id in asked:
            child = children.get(native_id)
            if child is None:
                silent.append(due[native_id])
                continue
            sight, post = _seen(native_id, child, account)
            gone += [sight] if sight else []
            posts += [post] if post else []
            verified += [] if sight or post else [native_id]  # not understood, but there
        gone += [Gone(native_id=one.native_id, reason=GoneReason.UNAVAILABLE) for one in silent if not _again(one)]
        yield CrawledPage(
            raw=(answer.raw,),
            posts=tuple(posts),
            gone=tuple(gone),
            verified=tuple(verified),
            note=not_understood(len(verified)),
        )
        for one in silent:
            if path := _again(one):
                yield _at_its_address(client, account, one, path)


def catch_up(
    client: RedditClient, account: Account, lists: Lists, name: str, overdue: Sequence[str]
) -> Generator[CrawledPage, None, Lists]:
    """Look up what a listing showed and nobody understood. The cursor of each page holds what is still outstanding."""
    for start in range(0, len(overdue), MAX_IDS):
        asked = overdue[start : start + MAX_IDS]
        answer = client.info(asked)
        children = _by_name(answer)
        posts: list[Post] = []
        read: set[str] = set()
        for native_id, child in children.items():
            try:
                data = mapping(child, "data")
                if gone_reason(data) is None and author_of(data) == lists[name].native_id and is_public(data):
                    posts.append(parse_post(child.get("kind"), data, account))
                read.add(native_id)
            except ParseError:
                continue
        lost = set(asked) - children.keys()
        progress, _ = lists[name].keep(read=read | lost, broken=())
        lists = {**lists, name: progress}
        yield CrawledPage(
            raw=(answer.raw,),
            posts=tuple(posts),
            cursor=cursor_of(lists),
            note=join(still_outstanding(len(set(asked) - read - lost)), never_read(len(lost))),
        )
    return lists


def _by_name(answer: Answer) -> dict[str, dict[str, Any]]:
    document = answer.json()
    if not isinstance(mapping(document, "data").get("children"), list):
        raise ParseError("Reddit answered without a list of posts")
    return _named(objects(mapping(document, "data"), "children"))


def _named(children: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for child in children:
        data = child.get("data")
        if isinstance(data, dict) and is_full_name(data.get("name")):
            found[data["name"]] = child
    return found


def _seen(native_id: str, child: dict[str, Any], account: Account, path: str = "lookup") -> tuple[Gone | None, Post | None]:
    """What an answer about a post says: that it is gone, its words, or (neither) something that was not understood."""
    data = mapping(child, "data")
    try:
        if reason := gone_reason(data):
            return Gone(native_id=native_id, reason=reason, definite=True, path=path), None
        if not is_public(data):
            return Gone(native_id=native_id, reason=GoneReason.PRIVATE, definite=True, path=path), None
        return None, parse_post(child.get("kind"), data, account)
    except ParseError:
        return None, None


def _again(known: KnownPost) -> str:
    """The path of the post's own address if it is to be asked for, else empty."""
    try:
        parts = urlsplit(known.url)
    except ValueError:
        return ""
    is_ours = parts.scheme == "https" and parts.netloc == "www.reddit.com" and _PATH.fullmatch(parts.path)
    return parts.path if is_ours and known.missing_path == "lookup" else ""


def _at_its_address(client: RedditClient, account: Account, known: KnownPost, path: str) -> CrawledPage:
    answer = client.permalink(path)
    raw: tuple[RawPage, ...] = (answer.raw,)
    sight = Gone(native_id=known.native_id, reason=GoneReason.UNAVAILABLE, path="permalink")
    if answer.status != 200:
        reason = _CLOSED.get(refusal_of(answer))
        return CrawledPage(raw=raw, gone=(replace(sight, reason=reason, definite=True) if reason else sight,))
    child = _named(children_of(answer)).get(known.native_id)
    if child is None:
        return CrawledPage(raw=raw, gone=(sight,))
    told, post = _seen(known.native_id, child, account, "permalink")
    return CrawledPage(
        raw=raw,
        gone=(told,) if told else (),
        posts=(post,) if post else (),
        verified=() if told or post else (known.native_id,),
        note="" if told or post else not_understood(1),
    )
