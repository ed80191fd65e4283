"""What tests of crawlers make of the pages that a crawl gave, and what they ask the next one to look at again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from core.records import CrawledPage, Cursor, KnownPost
from core.seams import Crawler


@contextmanager
def crawlers_of(kind: type[Crawler], clock: Callable[[], datetime], **given: Any) -> Iterator[Callable[..., Any]]:
    """A maker of crawlers with these options and its caller's, which wait for nothing; in the end all are closed."""
    made: list[Crawler] = []

    def make(**options: Any) -> Crawler:
        made.append(kind(kind.Options(**{**given, **options}), clock=clock, sleep=lambda _: None))
        return made[-1]

    yield make
    for crawler in made:
        crawler.close()


def stored(pages: Sequence[CrawledPage]) -> Cursor:
    """The cursor as storage would hold it: JSON, of the last page that had one."""
    return Cursor(json.loads(json.dumps(dict([page.cursor for page in pages if page.cursor][-1].state))))


def texts(pages: Sequence[CrawledPage]) -> list[str]:
    return [post.text for page in pages for post in page.posts]


def known(native_id: str, posted_at: datetime | None = None, missing_path: str = "", **more: Any) -> KnownPost:
    """A stored post that is due for another look."""
    given = {"url": "", "revision": "", "last_verified_at": datetime(2026, 11, 1, 12, tzinfo=UTC), **more}
    return KnownPost(native_id=native_id, posted_at=posted_at, missing_path=missing_path, **given)
