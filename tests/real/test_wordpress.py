"""The site crawler against a real WordPress: posts, an edit, a scheduled post, what was trashed and what was deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.records import Account, Basis, CrawledPage, Cursor, Gone, GoneReason, Kind, KnownPost, Post, PostType, account_id
from core.seams import CrawlRequest
from crawlers.websites import WebsiteCrawler, WebsiteOptions

pytestmark = pytest.mark.real


def key(made: dict[str, Any], kind: str = "posts") -> str:
    return f"http://blog.example.org/?wp_{kind}={made['id']}"


class Night:
    """One crawl, and what it came to."""

    def __init__(self, wordpress: Any, cursor: Cursor | None = None, recheck: tuple[Post, ...] = (), **options: Any) -> None:
        now = datetime.now(UTC)
        handle = f"{wordpress.origin}/"
        account = Account(
            id=account_id("website", handle),
            platform="website",
            handle=handle,
            kind=Kind.OFFICIAL,
            basis=Basis.OWNED,
            basis_recorded_by="test",
            basis_recorded_at=now,
        )
        due = tuple(
            KnownPost(native_id=p.native_id, url=p.url, revision=p.revision, posted_at=p.posted_at, last_verified_at=now)
            for p in recheck
        )
        crawler = WebsiteCrawler(WebsiteOptions(delay=0, rebase=wordpress.rebase, **options), clock=lambda: datetime.now(UTC))
        self.pages: list[CrawledPage] = list(crawler.crawl(CrawlRequest(account=account, cursor=cursor, recheck=due)))
        self.posts: dict[str, Post] = {post.native_id: post for page in self.pages for post in page.posts}
        self.gone: dict[str, Gone] = {gone.native_id: gone for page in self.pages for gone in page.gone}
        self.verified = {native_id for page in self.pages for native_id in page.verified}
        self.cursor = next(page.cursor for page in reversed(self.pages) if page.cursor)
        self.notes = [page.note for page in self.pages if page.note]


def test_a_site_over_several_nights(wordpress: Any) -> None:
    picture = '<img src="/a.png" alt="A closed ward door">'
    hours = f'<p>Visiting hours are <b>9 to 5</b>.</p><p>Ask <a href="/contact/">us</a>.</p>{picture}'
    first = wordpress.do("create", post_title="Visiting &amp; parking", post_content=hours)
    second = wordpress.do("create", post_title="Flu clinic", post_content="<p>The flu clinic opens Monday.</p>")
    third = wordpress.do("create", post_title="Soup kitchen", post_content="<p>The soup kitchen is back.</p>")
    page = wordpress.do("create", post_type="page", post_title="About", post_content="<p>About the clinic.</p>")
    draft = wordpress.do("create", post_title="Not yet", post_content="<p>Draft.</p>", post_status="draft")
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    scheduled = wordpress.do(
        "create",
        post_title="Scheduled",
        post_content="<p>Later.</p>",
        post_status="future",
        post_date_gmt=f"{in_an_hour:%Y-%m-%d %H:%M:%S}",
    )

    one = Night(wordpress)
    assert {key(first), key(second), key(third), key(page, "pages")} <= set(one.posts)
    assert not {key(draft), key(scheduled)} & set(one.posts)
    post = one.posts[key(first)]
    assert (post.title, post.text) == ("Visiting & parking", "Visiting hours are 9 to 5.\nAsk us.")
    assert (post.url, post.type, post.edited_at) == (first["link"], PostType.ARTICLE, None)
    assert [m.alt_text for m in post.media] == ["A closed ward door"]
    assert post.links == ("http://blog.example.org/contact/",)
    assert post.posted_at is not None
    assert abs(post.posted_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert one.posts[key(page, "pages")].type is PostType.PAGE
    assert one.notes == []
    assert one.cursor.state["rung"] == "wordpress"

    wordpress.do("update", ID=second["id"], post_content="<p>The flu clinic opens Tuesday.</p>")
    wordpress.do("trash", ID=third["id"])
    wordpress.do("delete", ID=page["id"])
    wordpress.do("publish", ID=scheduled["id"])

    two = Night(wordpress, one.cursor, tuple(one.posts.values()))
    assert two.posts[key(second)].text == "The flu clinic opens Tuesday."
    assert key(scheduled) in two.posts, "its edit lies before the first night, only the walk by date finds it"
    assert key(first) in two.verified
    assert two.gone == {
        key(third): Gone(native_id=key(third), reason=GoneReason.UNAVAILABLE, definite=True),
        key(page, "pages"): Gone(native_id=key(page, "pages"), reason=GoneReason.DELETED, definite=True),
    }

    three = Night(wordpress, two.cursor)
    assert three.gone == {}
    assert key(first) not in three.posts


def test_a_crawl_that_was_cut_short_goes_on_where_it_stopped(wordpress: Any) -> None:
    wordpress.do("create_many", count=120)  # more than two pages of the API, many of them of the same second
    whole = Night(wordpress)
    assert len([post for post in whole.posts.values() if post.title.startswith("Number ")]) == 120
    cut = next(page for page in whole.pages if page.posts)
    rest = Night(wordpress, cut.cursor)
    assert set(whole.posts) == {post.native_id for post in cut.posts} | set(rest.posts)


def test_a_limit_spreads_a_large_site_over_nights(wordpress: Any) -> None:
    wordpress.do("create_many", count=60)
    whole = set(Night(wordpress).posts)
    one = Night(wordpress, max_posts=50)
    assert len(one.posts) == 50
    assert "limit of posts" in one.notes[0]
    two = Night(wordpress, one.cursor)
    assert set(one.posts) | set(two.posts) == whole
