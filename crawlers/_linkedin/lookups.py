"""LinkedIn posts looked up by URN: stored ones that are due for another look, and those an earlier night did not understand.

LinkedIn says of each post by itself whether it is there: 404 is gone for good, 403 may be our own lack of a role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from core.errors import ParseError
from core.records import Account, CrawledPage, Gone, GoneReason, KnownPost, Post, RawPage
from crawlers._linkedin.client import MAX_IDS, LinkedInClient, Place
from crawlers._linkedin.posts import hidden, parse_post
from crawlers._notes import join
from crawlers._outstanding import never_read, still_outstanding
from crawlers._strict import mapping, not_understood
from crawlers._walk import Progress

LOOKUP, SINGLE = "lookup", "single"  # the two ways of asking: many at once, and one by its own address


@dataclass(slots=True)
class _Seen:
    """What an answer said of the posts that were asked for. `silent` counts those of which it said nothing."""

    posts: list[Post] = field(default_factory=list)
    gone: list[Gone] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    silent: int = 0

    def read(self, native_id: str, item: Any, account: Account, *, members_too: bool, path: str) -> None:
        try:
            if not isinstance(item, dict) or item.get("id") != native_id:
                raise ParseError("id: expected the post that was asked for")
            sighting = hidden(item, members_too=members_too, path=path)
            if sighting is None:
                self.posts.append(parse_post(item, account))
            else:
                self.gone.append(sighting)
        except ParseError:
            self.broken.append(native_id)  # not understood, but there

    def missed(self, native_id: str, status: object, path: str) -> None:
        if status == 404:
            self.gone.append(Gone(native_id=native_id, reason=GoneReason.DELETED, definite=True, path=path))
        elif status == 403:
            self.gone.append(Gone(native_id=native_id, reason=GoneReason.PRIVATE, path=path))
        else:
            self.silent += 1


def look_again(
    client: LinkedInClient, account: Account, due: Sequence[KnownPost], *, members_too: bool
) -> Iterator[CrawledPage]:
    """What became of stored posts. One that was missed by the lookup is asked for by its own address."""
    together = [one.native_id for one in due if one.missing_path != LOOKUP]
    for raw, seen in _lookups(client, account, together, members_too=members_too):
        yield _page(raw, seen)
    for known in due:
        if known.missing_path != LOOKUP:
            continue
        answer, seen = client.post(known.native_id), _Seen()
        if answer.status == 200:
            seen.read(known.native_id, answer.json(), account, members_too=members_too, path=SINGLE)
        else:
            seen.missed(known.native_id, answer.status, SINGLE)
        yield _page(answer.raw, seen)


def _page(raw: RawPage, seen: _Seen) -> CrawledPage:
    silent = f"LinkedIn said nothing of {seen.silent} looked-up posts" if seen.silent else ""
    return CrawledPage(
        raw=(raw,),
        posts=tuple(seen.posts),
        gone=tuple(seen.gone),
        verified=tuple(seen.broken),
        note=join(not_understood(len(seen.broken)), silent),
    )


def catch_up(
    client: LinkedInClient, account: Account, progress: Progress[Place], overdue: Sequence[str], *, members_too: bool
) -> Iterator[CrawledPage]:
    """Look up what was not understood. The cursor of each page holds what is still outstanding."""
    for raw, seen in _lookups(client, account, overdue, members_too=members_too):
        lost = {one.native_id for one in seen.gone}
        progress, _ = progress.keep(read=lost | {post.native_id for post in seen.posts}, broken=())
        note = join(still_outstanding(len(seen.broken) + seen.silent), never_read(len(lost)))
        yield CrawledPage(raw=(raw,), posts=tuple(seen.posts), cursor=progress.cursor(), note=note)


def _lookups(
    client: LinkedInClient, account: Account, ids: Sequence[str], *, members_too: bool
) -> Iterator[tuple[RawPage, _Seen]]:
    for start in range(0, len(ids), MAX_IDS):
        asked = ids[start : start + MAX_IDS]
        answer = client.lookup(asked)
        document, seen = answer.json(), _Seen()
        results, errors, statuses = (_by_id(document, part) for part in ("results", "errors", "statuses"))
        for native_id in asked:
            if native_id in results:
                seen.read(native_id, results[native_id], account, members_too=members_too, path=LOOKUP)
            else:
                error = errors.get(native_id)
                status = error.get("status") if isinstance(error, dict) else None
                seen.missed(native_id, status if status is not None else statuses.get(native_id), LOOKUP)
        yield answer.raw, seen


def _by_id(document: Mapping[str, Any], part: str) -> dict[str, Any]:
    """A part of the answer by URN; LinkedIn writes the URNs as they stand in an address, or plain."""
    return {unquote(key): value for key, value in mapping(document, part).items()}
