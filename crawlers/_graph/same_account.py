"""Whether a name still is the account that was watched, where a platform tells no id of an account: by the posts it shows.

A name that was given up may be taken by anybody. The cursor keeps some ids of posts; a list that was read down to their time
and shows posts, but none of them, is somebody else's, and nothing of it is stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import AccountNotFound
from core.records import CrawledPage, Cursor, KnownPost
from crawlers._graph.listing import ListReader
from crawlers._strict import is_digits
from crawlers._walk import seconds

_MOST_KEPT = 50
_KEY = "known"  # in the cursor


@dataclass(slots=True)
class Acquaintance:
    """`kept` are ids of the account's newest posts and their times, in seconds since 1970."""

    kept: Mapping[str, int] = field(repr=False)
    due: frozenset[str] = field(repr=False)

    @classmethod
    def of(cls, state: Mapping[str, Any], recheck: Sequence[KnownPost]) -> Acquaintance:
        told = state.get(_KEY)
        kept = {one: at for one, at in told.items() if is_digits(one) and isinstance(at, int)} if isinstance(told, dict) else {}
        return cls(kept, frozenset(known.native_id for known in recheck))

    def recognised(self, reader: ListReader, service: str) -> Iterator[CrawledPage]:
        """The reader's pages, held back until one shows a post that is known.

        Raises:
            AccountNotFound: the list shows posts, and none that is known where those should stand.
        """
        held: list[CrawledPage] = []
        is_doubtful = bool(self.kept) and reader.progress.walk is None  # a walk that goes on further down can't tell
        for page in reader.pages():
            held.append(page)
            if is_doubtful and not any(map(reader.has_shown, {*self.kept, *self.due})):
                continue
            is_doubtful = False
            yield from map(self._with_ids, held)
            held = []
        if held and reader.sight.told and reader.has_passed(max(self.kept.values())):
            raise AccountNotFound(
                f"{service}: none of the posts that are known of this account is shown any more, and others are: the name may "
                "belong to somebody else now; look at it and correct the account list"
            )
        yield from map(self._with_ids, held)

    def _with_ids(self, page: CrawledPage) -> CrawledPage:
        shown = {post.native_id: seconds(post.posted_at) for post in page.posts if post.posted_at}
        newest = sorted({**self.kept, **shown}.items(), key=lambda one: one[1], reverse=True)[:_MOST_KEPT]
        self.kept = dict(newest)
        return replace(page, cursor=Cursor({**page.cursor.state, _KEY: dict(newest)})) if page.cursor else page
