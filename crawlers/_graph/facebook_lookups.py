"""Facebook posts looked at again: stored ones that are due, by id and by other paths, and those not understood at first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from core.errors import ParseError
from core.records import Account, CrawledPage, Gone, GoneReason, KnownPost, Post, RawPage
from crawlers._found import find_posts
from crawlers._graph.client import MAX_IDS, GraphClient, Place, onward
from crawlers._graph.errors import NodeUnseen
from crawlers._graph.facebook_posts import POST_FIELDS, is_anothers, is_post_id, parse_post
from crawlers._notes import join
from crawlers._outstanding import never_read, still_outstanding
from crawlers._strict import not_understood
from crawlers._walk import Progress


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
        note = join(not_understood(len(verified)), f"Facebook said nothing of {silent} looked-up posts" if silent else "")
        yield CrawledPage(raw=raw, posts=tuple(posts), gone=tuple(gone), verified=tuple(verified), note=note)


def look_elsewhere(
    client: GraphClient, second: GraphClient | None, account: Account, page_id: str, missed: Sequence[KnownPost]
) -> Iterator[CrawledPage]:
    """Posts that a lookup by id missed once, sought by another path.

    That is a second token where there is one, else the Page's own list about the post's time: `published_posts` may show what
    a lookup hides. Only where no time is known is the id asked for again, alone.
    """
    for known in missed:
        if second is not None or known.posted_at is None:
            yield _by_node(second or client, account, known.native_id)
        else:
            yield _by_list(client, account, page_id, known.native_id, int(known.posted_at.timestamp()))


def _by_node(client: GraphClient, account: Account, native_id: str) -> CrawledPage:
    try:
        answer = client.node(native_id, POST_FIELDS)
    except NodeUnseen as unseen:
        gone = Gone(native_id=native_id, reason=GoneReason.UNAVAILABLE, path="node")
        return CrawledPage(raw=(unseen.raw,) if unseen.raw else (), gone=(gone,))
    return _sighting(answer.raw, [answer.json()], account, native_id, absent="")


def _by_list(client: GraphClient, account: Account, page_id: str, native_id: str, posted_at: int) -> CrawledPage:
    window = {"since": posted_at - 1, "until": posted_at + 1}
    answer = client.edge(page_id, "published_posts", fields=POST_FIELDS, limit=MAX_IDS, **window)
    document = answer.json()
    return _sighting(answer.raw, document.get("data"), account, native_id, absent="" if onward(document) else "listing")


def _sighting(raw: RawPage, items: Any, account: Account, native_id: str, *, absent: str) -> CrawledPage:
    """`absent` is the path to tell where the post is not among `items`; empty where that proves nothing."""
    wanted = (
        [item for item in items if isinstance(item, dict) and item.get("id") == native_id] if isinstance(items, list) else None
    )
    found = find_posts(wanted, lambda item: parse_post(item, account), is_id=is_post_id)
    if any(item.get("is_published") is False for item in wanted or ()):
        private = Gone(native_id=native_id, reason=GoneReason.PRIVATE, definite=True)
        return CrawledPage(raw=(raw,), gone=(private,))
    gone = (Gone(native_id=native_id, reason=GoneReason.UNAVAILABLE, path=absent),) if absent and not wanted else ()
    silent = "" if wanted or gone else "Facebook said nothing of 1 looked-up post"
    return CrawledPage(raw=(raw,), posts=found.posts, gone=gone, verified=found.broken_ids, note=join(found.note, silent))


def catch_up(client: GraphClient, account: Account, progress: Progress[Place], overdue: Sequence[str]) -> Iterator[CrawledPage]:
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
        note = join(still_outstanding(len(set(asked) - read - lost)), never_read(len(lost)))
        yield CrawledPage(raw=raw, posts=tuple(posts), cursor=progress.cursor(), note=note)


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
