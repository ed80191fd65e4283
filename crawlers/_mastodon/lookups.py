"""Posts of Mastodon looked up one by one: stored ones due for another look, and those an earlier night did not understand.

Mastodon says 404 for what was deleted and for what became private. So a missing post's own address is asked too: some servers
keep a tombstone there (410), which is definite; else it is the second way of looking that an indefinite sighting needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from core.errors import CrawlError, ParseError
from core.records import Account, CrawledPage, Gone, GoneReason, KnownPost, Post, RawPage
from crawlers._exchange import Answer
from crawlers._mastodon.client import MISSING, MastodonClient, is_id
from crawlers._mastodon.statuses import author_of, is_public, parse_status
from crawlers._notes import join
from crawlers._outstanding import never_read, still_outstanding
from crawlers._strict import link, not_understood, text
from crawlers._walk import Progress

_AT_ONCE = 20  # posts of one page of ours


@dataclass(slots=True)
class _Found:
    """What a few lookups came to."""

    raw: list[RawPage] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    verified: list[str] = field(default_factory=list)  # there, but not understood or not to be read
    broken: int = 0
    gone: list[Gone] = field(default_factory=list)


def look_again(client: MastodonClient, account: Account, author: str, recheck: Sequence[KnownPost]) -> Iterator[CrawledPage]:
    """What became of stored posts. `author` is the account's id on the server."""
    for start in range(0, len(recheck), _AT_ONCE):
        found, failure = _Found(), None
        for known in recheck[start : start + _AT_ONCE]:
            try:
                _look(client, account, author, known, found)
            except CrawlError as error:  # what was learnt before it is kept
                failure = error
                break
        if found.raw:
            yield CrawledPage(
                raw=tuple(found.raw),
                posts=tuple(found.posts),
                gone=tuple(found.gone),
                verified=tuple(found.verified),
                note=not_understood(found.broken),
            )
        if failure:
            raise failure


def catch_up(
    client: MastodonClient, account: Account, author: str, progress: Progress[str], overdue: Sequence[str]
) -> Iterator[CrawledPage]:
    """Look up what was not understood. The cursor of each page holds what is still outstanding."""
    for native_id in overdue:
        answer = client.status(native_id)
        posts: tuple[Post, ...] = ()
        read = lost = False
        if answer.status in MISSING:
            lost = True
        else:
            try:
                item = answer.json()
                if author_of(item) == author and is_public(item):
                    posts = (parse_status(item, account),)
                read = True
            except ParseError:
                pass
        progress, _ = progress.keep(read=[native_id] if read or lost else [], broken=())
        note = join(still_outstanding(int(not read and not lost)), never_read(int(lost)))
        yield CrawledPage(raw=(answer.raw,), posts=posts, cursor=progress.cursor(), note=note)


def _look(client: MastodonClient, account: Account, author: str, known: KnownPost, found: _Found) -> None:
    native_id = known.native_id
    if not is_id(native_id):
        return
    answer = client.status(native_id)
    found.raw.append(answer.raw)
    if answer.status in MISSING:
        _look_elsewhere(client, known, answer, found)
        return
    try:
        item = answer.json()
        if not is_public(item):
            found.gone.append(Gone(native_id=native_id, reason=GoneReason.PRIVATE, definite=True))
        elif item.get("id") != native_id or author_of(item) != author:
            raise ParseError("Mastodon answered with another post")
        else:
            found.posts.append(parse_status(item, account))
    except ParseError:
        found.broken += 1
        found.verified.append(native_id)


def _look_elsewhere(client: MastodonClient, known: KnownPost, answer: Answer, found: _Found) -> None:
    """Ask for a post's own address after the server said that it knows no such post."""
    sight = Gone(native_id=known.native_id, reason=GoneReason.UNAVAILABLE)
    if answer.status == 410:
        found.gone.append(replace(sight, reason=GoneReason.DELETED, definite=True))
        return
    page = client.permalink(known.url) if _is_at(known.url, client.host) else None
    if page:
        kind = _kind_of(page)
        if kind or page.status in MISSING:  # a web page in its place, such as a login, says nothing of the post
            found.raw.append(page.raw)
        if page.status == 410 or kind == "Tombstone":
            sight = replace(sight, reason=GoneReason.DELETED, definite=True, path="permalink")
        elif page.status == 404 and known.missing_path == "lookup":
            sight = replace(sight, path="permalink")
        elif kind:
            found.verified.append(known.native_id)
            return
    found.gone.append(sight)


def _kind_of(page: Answer) -> str:
    """The ActivityStreams type of what stands at an address, empty for what is no such object."""
    try:
        return text(page.json(), "type") if "json" in page.raw.media_type and page.status == 200 else ""
    except ParseError:
        return ""


def _is_at(address: str, host: str) -> bool:
    parts = urlsplit(link({"url": address}, "url"))
    return parts.scheme == "https" and parts.netloc.casefold() == host.casefold()
