"""The Reddit stand-in, driven through praw; and read by our crawler on both nights."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import praw
import prawcore
import pytest

from core.errors import AccountNotFound, AccountPrivate, AuthError, PlatformDown, RateLimited
from core.records import Account, CrawledPage, GoneReason, KnownPost
from core.seams import CrawlRequest
from crawlers.reddit import RedditCrawler, RedditOptions
from nightrounds.sandbox.platforms import _reddit_objects as objects
from nightrounds.sandbox.platforms.reddit import CLIENT_ID, CLIENT_SECRET
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of
from nightrounds.sandbox.world import load_world

AGENT = "linux:org.example.test:1.0 (by /u/SinaiSandboxTeam)"


def client_of(sandbox: Sandbox, secret: str = CLIENT_SECRET) -> praw.Reddit:
    url = sandbox.urls["reddit"]
    return praw.Reddit(
        client_id=CLIENT_ID, client_secret=secret, user_agent=AGENT, reddit_url=url, oauth_url=url, check_for_updates=False
    )


def names_of(key: str, *, comments: bool, night: int = 1) -> list[str]:
    account = next(a for a in load_world().accounts if a.key == key)
    shown = sorted(view_of(night).posts(account), key=lambda one: one.post.at, reverse=True)
    return [objects.full_name(one) for one in shown if objects.is_comment(one) == comments]


@pytest.fixture
def small() -> Iterator[Sandbox]:
    with Sandbox(page_size=3) as sandbox:
        yield sandbox


def test_the_library_reads_users_and_both_lists_page_by_page(small: Sandbox) -> None:
    user = client_of(small).redditor("SinaiSandboxTeam")
    assert user.id == objects.user_id(next(a for a in load_world().accounts if a.key == "rd-team"))
    assert user.subreddit.public_description.startswith("The sandbox team")
    assert [one.fullname for one in user.submissions.new(limit=None)] == names_of("rd-team", comments=False)
    assert [one.fullname for one in user.comments.new(limit=None)] == names_of("rd-team", comments=True)
    pages = [seen for seen in small.seen if seen.path.endswith("/submitted")]
    assert len(pages) == 3


def test_shapes_are_those_of_reddit(sandbox: Sandbox) -> None:
    found = {one.fullname: one for one in client_of(sandbox).redditor("SinaiSandboxTeam").submissions.new(limit=None)}
    ama, dogs, link, cross = (
        found[objects.full_name(view_of(1).by_id[name])] for name in ("rdt-ama", "rdt-picture", "rdt-link", "rdt-crosspost")
    )
    assert (ama.is_self, ama.edited, ama.author.name) == (True, False, "SinaiSandboxTeam")
    assert '<a href="https://news.sandbox.example/sleep">' in ama.selftext_html
    assert dogs.gallery_data["items"][0]["caption"] == "Three dogs in red vests sit in a row"
    assert link.url == "https://news.sandbox.example/medicine-lists"
    assert cross.crosspost_parent_list[0]["author"] == "second_shift_sol"


def test_deleted_posts_leave_a_place(sandbox: Sandbox) -> None:
    sandbox.night = 2
    names = [objects.full_name(view_of(2).by_id[name]) for name in ("rdt-removed", "rds-deleted", "rdt-ama")]
    removed, deleted, there = client_of(sandbox).info(fullnames=[*names, "t3_zzzzzz"])
    assert (removed.removed_by_category, removed.selftext, removed.author.name) == (
        "moderator",
        "[removed]",
        "SinaiSandboxTeam",
    )
    assert (deleted.body, deleted.author) == ("[deleted]", None)
    assert there.fullname == names[2]
    assert names[1] not in names_of("rd-sol", comments=True, night=2)


def test_who_hides_or_has_the_wrong_secret_is_sent_away(sandbox: Sandbox) -> None:
    with pytest.raises(prawcore.exceptions.ResponseException) as caught:
        _ = client_of(sandbox, secret="another").redditor("SinaiSandboxTeam").id
    assert caught.value.response.status_code == 401
    answer = httpx.get(f"{sandbox.urls['reddit']}/user/SinaiSandboxTeam/about", headers={"User-Agent": "python-requests/2"})
    assert (answer.status_code, "pardner" in answer.text) == (403, True)
    agent = {"User-Agent": f"{AGENT} PRAW/8"}
    assert httpx.get(f"{sandbox.urls['reddit']}/user/SinaiSandboxTeam/about", headers=agent).status_code == 401
    login = httpx.post(
        f"{sandbox.urls['reddit']}/api/v1/access_token",
        data={"grant_type": "password"},
        auth=(CLIENT_ID, CLIENT_SECRET),
        headers=agent,
    )
    assert login.json() == {"error": "unsupported_grant_type"}


def test_a_list_ends_behind_a_post_that_is_not_in_it(sandbox: Sandbox) -> None:
    user = client_of(sandbox).redditor("SinaiSandboxTeam")
    assert list(itertools.islice(user.submissions.new(params={"after": "t3_zzzzzz"}), 5)) == []


def test_unknown_users_are_404(sandbox: Sandbox) -> None:
    with pytest.raises(prawcore.exceptions.NotFound):
        _ = client_of(sandbox).redditor("nobody_at_all").id


def crawler_of(sandbox: Sandbox) -> RedditCrawler:
    return RedditCrawler(RedditOptions(**sandbox.platform_options()["reddit"]), clock=sandbox.clock(), sleep=lambda _: None)


def accounts(sandbox: Sandbox) -> list[Account]:
    return [account for account in sandbox.accounts() if account.platform == "reddit"]


def known(page: CrawledPage) -> list[KnownPost]:
    return [
        KnownPost(native_id=p.native_id, url=p.url, revision=p.revision, posted_at=p.posted_at, last_verified_at=p.posted_at)
        for p in page.posts
        if p.posted_at
    ]


def test_both_nights_are_read_whole_and_exactly(small: Sandbox) -> None:
    sandbox, crawler = small, crawler_of(small)
    one, two = ({e.native_id for e in sandbox.expected(n) if e.platform == "reddit" and e.post} for n in (1, 2))
    assert len(accounts(sandbox)) == 2
    first: dict[str, Any] = {}
    firsts = {}
    for account in accounts(sandbox):
        firsts[account.id] = list(crawler.crawl(CrawlRequest(account=account)))
        first |= {post.native_id: post for page in firsts[account.id] for post in page.posts}
    assert first.keys() == one
    sandbox.night = 2
    second: dict[str, Any] = {}
    gone = {}
    for account in accounts(sandbox):
        pages = firsts[account.id]
        request = CrawlRequest(
            account=replace(account, native_id=pages[0].native_account_id),
            cursor=[page.cursor for page in pages if page.cursor][-1],
            recheck=[post for page in pages for post in known(page)],
        )
        for page in crawler.crawl(request):
            assert page.note == ""
            second |= {post.native_id: post for post in page.posts}
            gone |= {sight.native_id: (sight.reason, sight.definite) for sight in page.gone}
    crawler.close()
    assert second.keys() == two
    names = {
        objects.full_name(shown): shown.post.id for shown in view_of(2).by_id.values() if shown.account.platform == "reddit"
    }
    edited = {names[key] for key in second.keys() & first.keys() if second[key].content() != first[key].content()}
    assert edited == {"rdt-edit", "rds-edit-adds"}
    assert {names[key]: sight for key, sight in gone.items()} == {
        "rdt-removed": (GoneReason.REMOVED, True),
        "rds-deleted": (GoneReason.DELETED, True),
    }
    assert {names[key] for key in second.keys() - first.keys()} == {"rdt-night2", "rds-night2"}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("rate_limit", RateLimited),
        ("rate_limit_no_reset", RateLimited),
        ("token_dead", AuthError),
        ("permission", AccountPrivate),
        ("server_error", PlatformDown),
        ("html_error", PlatformDown),
        ("not_found", AccountNotFound),
        ("private", AccountPrivate),
    ],
)
def test_each_fault_is_the_error_that_it_looks_like(sandbox: Sandbox, kind: str, error: Any) -> None:
    crawler = crawler_of(sandbox)
    team, sol = accounts(sandbox)
    sandbox.fault("reddit", team.handle, kind)
    with pytest.raises(error):
        list(crawler.crawl(CrawlRequest(account=team)))
    assert list(crawler.crawl(CrawlRequest(account=sol)))
    crawler.close()
