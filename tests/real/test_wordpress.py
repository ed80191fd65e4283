"""The site crawler against a real WordPress: posts, edits, scheduled and renamed posts, what was trashed or deleted, its own
people's replies and nobody else's words, lists that are cut short."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.policy import load_policy
from core.records import Account, Basis, CrawledPage, Cursor, Gone, GoneReason, Kind, KnownPost, Post, PostType, account_id
from core.seams import CrawlRequest
from core.settings import Settings
from crawlers.websites import WebsiteCrawler, WebsiteOptions
from nightrounds.screener import Screener

pytestmark = pytest.mark.real

ADMIN = 1
VISITOR = {"comment_author": "Philomena Quartermaine", "comment_author_email": "p.q@mail.example"}
CONFIRMS = "We're so glad that your mother's hip replacement went well and that she was discharged from 9 West on Friday!"


def key(made: dict[str, Any], kind: str = "posts") -> str:
    return f"http://blog.example.org/?wp_{kind}={made['id']}"


def an_account(handle: str, kind: Kind = Kind.OFFICIAL) -> Account:
    return Account(
        id=account_id("website", handle),
        platform="website",
        handle=handle,
        kind=kind,
        basis=Basis.OWNED,
        basis_recorded_by="test",
        basis_recorded_at=datetime.now(UTC),
    )


class Night:
    """One crawl, and what it came to."""

    def __init__(
        self,
        wordpress: Any,
        cursor: Cursor | None = None,
        recheck: tuple[Post, ...] = (),
        kind: Kind = Kind.OFFICIAL,
        **options: Any,
    ) -> None:
        now = datetime.now(UTC)
        account = an_account(f"{wordpress.origin}/", kind)
        due = tuple(
            KnownPost(native_id=p.native_id, url=p.url, revision=p.revision, posted_at=p.posted_at, last_verified_at=now)
            for p in recheck
        )
        crawler = WebsiteCrawler(WebsiteOptions(delay=0, rebase=wordpress.rebase, **options), clock=lambda: datetime.now(UTC))
        self.pages: list[CrawledPage] = list(crawler.crawl(CrawlRequest(account=account, cursor=cursor, recheck=due)))
        crawler.close()
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


def comment(wordpress: Any, post: dict[str, Any], text: str, **fields: Any) -> dict[str, Any]:
    return dict(wordpress.do("comment", comment_post_ID=post["id"], comment_content=text, **fields))


def reply_key(made: dict[str, Any]) -> str:
    return f"http://blog.example.org/?wp_comment={made['id']}"


@contextmanager
def plugin(wordpress: Any, code: str) -> Iterator[None]:
    """A plugin that a site may well have, for the length of a with block."""
    name = f"{uuid.uuid4().hex}.php"  # PHP looks only every other second whether a file that it knows has changed
    place = wordpress.folder / "wp-content" / "mu-plugins" / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"<?php\n{code}\n")
    try:
        yield
    finally:
        place.unlink()


def test_replies_of_the_sites_own_people_and_nobody_elses(wordpress: Any) -> None:
    post = wordpress.do("create", post_title="Bees", post_content="<p>Bees live on the roof.</p>")
    review = comment(wordpress, post, "We watched the bees from her window all week.", **VISITOR)
    alone = comment(wordpress, post, "canary-9b1f: my brother Ansel was in your ICU.", **VISITOR)
    reply = comment(wordpress, post, CONFIRMS, user_id=ADMIN, comment_parent=review["id"])
    plain = comment(wordpress, post, "They are Carniolans.", user_id=ADMIN)
    comment(wordpress, post, "Not let through yet.", user_id=ADMIN, comment_approved=0)

    one = Night(wordpress)
    replies = {name: found for name, found in one.posts.items() if "wp_comment" in name}
    assert set(replies) == {reply_key(reply), reply_key(plain)}
    answer = replies[reply_key(reply)]
    assert (answer.type, answer.title) == (PostType.NOTE, "")
    assert answer.text.startswith("We")
    assert answer.text.endswith("on Friday!")
    assert answer.url == f"{post['link']}#comment-{reply['id']}"
    assert answer.in_reply_to is not None
    assert answer.in_reply_to.native_id == reply_key(review)
    assert answer.in_reply_to.text == "We watched the bees from her window all week."
    under = replies[reply_key(plain)].in_reply_to
    assert under is not None
    assert (under.native_id, under.text) == (key(post), "")
    kept = b"".join(raw.body for page in one.pages for raw in page.raw)
    assert b"canary-9b1f" not in kept, "a visitor's comment is no evidence of ours"
    assert b"Quartermaine" not in kept
    assert reply_key(alone) not in one.posts
    assert one.notes == []

    account = an_account("http://blog.example.org/")
    found = Screener(load_policy(Settings().policy)).screen_post(account, answer).findings
    assert ("phi", "review_reply") in {(finding.rule, finding.category) for finding in found}

    wordpress.do("update_comment", ID=plain["id"], content="They are Carniolans, and lazy.")
    wordpress.do("trash_comment", ID=reply["id"])
    two = Night(wordpress, one.cursor, tuple(replies.values()))
    assert two.posts[reply_key(plain)].text == "They are Carniolans, and lazy."
    assert two.gone == {
        reply_key(reply): Gone(native_id=reply_key(reply), reason=GoneReason.UNAVAILABLE, definite=True, path="lookup")
    }
    wordpress.do("delete_comment", ID=plain["id"])
    three = Night(wordpress, two.cursor, (two.posts[reply_key(plain)],))
    assert three.gone[reply_key(plain)].reason is GoneReason.DELETED

    assert not any("wp_comment" in name for name in Night(wordpress, kind=Kind.PERSONNEL).posts), "official sites alone"
    assert not any("wp_comment" in name for name in Night(wordpress, comments=False).posts)


def test_a_renamed_post_is_the_same_post(wordpress: Any) -> None:
    post = wordpress.do("create", post_title="Old name", post_content="<p>The clinic moved.</p>", post_name="old-name")
    one = Night(wordpress)
    moved = wordpress.do("update", ID=post["id"], post_name="new-name")
    assert moved["link"] != post["link"]
    two = Night(wordpress, one.cursor, (one.posts[key(post)],))
    assert two.posts[key(post)].url == moved["link"]
    assert two.posts[key(post)].content() == one.posts[key(post)].content(), "no edit: only its address changed"
    assert two.gone == {}


def test_a_host_that_gives_fewer_a_page_hides_nothing(wordpress: Any) -> None:
    wordpress.do("create_many", count=25)
    whole = Night(wordpress)
    capped = "add_filter('rest_post_query', function ($q) { $q['posts_per_page'] = 7; return $q; });"
    with plugin(wordpress, capped):
        few = Night(wordpress)
        swept = Night(wordpress, few.cursor, tuple(post for post in few.posts.values() if "wp_posts" in post.native_id)[:12])
    assert set(few.posts) == set(whole.posts)
    assert few.notes == []
    assert swept.gone == {}
    assert swept.notes == []


def test_a_list_that_holds_back_posts_is_said_to_be_cut_short(wordpress: Any) -> None:
    wordpress.do("create_many", count=5)
    hiding = "add_filter('the_posts', function ($p) { return defined('REST_REQUEST') ? array_slice($p, 1) : $p; });"
    with plugin(wordpress, hiding):
        night = Night(wordpress)
    assert any("shorter than its own total" in note for note in night.notes)
    assert Night(wordpress).notes == []
