"""Facebook posts looked up by id: stored ones that are due for another look, and those an earlier night did not understand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core.errors import ParseError
from core.records import Account, CrawledPage, Gone, GoneReason, Post, RawPage
from crawlers._facebook_posts import POST_FIELDS, is_anothers, parse_post
from crawlers._facebook_progress import Progress
from crawlers._graph import MAX_IDS, GraphClient
from crawlers._graph_errors import NodeUnseen
from crawlers._outstanding import never_read, still_outstanding
from crawlers._strict import not_understood


def look_again(client: GraphClient, account: Account, ids: Sequence[str]) -> Iterator[CrawledPage]:
    """What became of stored posts."""
    for raw, asked, document in _answers(client, ids):
        if document is None:  # deleted, or hidden from this token: Graph does not say which, so it takes another sighting
            yield CrawledPage(raw=raw, gone=(Gone(native_id=asked[0], reason=GoneReason.UNAVAILABLE),))
            continue
        posts: list[Post] = []
        verified: list[str] = []
        gone: list[Gone] = []
        for native_id in asked:
            item = document.get(native_id)
            if not isinstance(item, dict) or item.get("id") != native_id:
                continue
            if item.get("is_published") is False:
                gone.append(Gone(native_id=native_id, reason=GoneReason.PRIVATE, definite=True))
                continue
            try:
                posts.append(parse_post(item, account))
            except ParseError:
                verified.append(native_id)  # not understood, but there
        silent = len(asked) - len(posts) - len(verified) - len(gone)
        notes = [not_understood(len(verified)), f"Facebook said nothing of {silent} looked-up posts" if silent else ""]
        yield CrawledPage(
            raw=raw, posts=tuple(posts), gone=tuple(gone), verified=tuple(verified), note="; ".join(filter(None, notes))
        )


def catch_up(client: GraphClient, account: Account, progress: Progress, overdue: Sequence[str]) -> Iterator[CrawledPage]:
    """Look up what was not understood. The cursor of each page holds what is still outstanding."""
    for raw, asked, document in _answers(client, overdue):
        posts: list[Post] = []
        read = set[str]()
        for native_id in asked if document is not None else ():
            item = (document or {}).get(native_id)
            try:
                if not isinstance(item, dict) or item.get("id") != native_id:
                    continue
                if not is_anothers(item, progress.native_id):
                    posts.append(parse_post(item, account))
                read.add(native_id)
            except ParseError:
                continue
        lost = set(asked) if document is None else set[str]()
        progress, _ = progress.keep(read=read | lost, broken=())
        notes = [still_outstanding(len(set(asked) - read - lost)), never_read(len(lost))]
        yield CrawledPage(raw=raw, posts=tuple(posts), cursor=progress.cursor(), note="; ".join(filter(None, notes)))


def _answers(
    client: GraphClient, ids: Sequence[str]
) -> Iterator[tuple[tuple[RawPage, ...], Sequence[str], dict[str, Any] | None]]:
    """Evidence, the ids asked for, and the answer; None for a single id that can't be seen.

    One that is gone fails all that are asked for together, and is then found by halving (12 questions, not 50).
    """
    for start in range(0, len(ids), MAX_IDS):
        left = [ids[start : start + MAX_IDS]]
        while left:
            asked = left.pop()
            try:
                answer = client.nodes(asked, POST_FIELDS)
            except NodeUnseen as unseen:
                if len(asked) > 1:
                    middle = len(asked) // 2
                    left += [asked[middle:], asked[:middle]]
                else:
                    yield (unseen.raw,) if unseen.raw else (), asked, None
                continue
            yield (answer.raw,), asked, answer.json()
