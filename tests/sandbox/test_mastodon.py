"""The Mastodon stand-in, driven through Mastodon.py; and read by our crawler on both nights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
import requests
from mastodon import Mastodon, MastodonAPIError, MastodonNotFoundError, MastodonRatelimitError, MastodonUnauthorizedError

from core.errors import AccountNotFound, AccountPrivate, AuthError, PermissionMissing, PlatformDown, RateLimited
from core.records import Account, CrawledPage, GoneReason, KnownPost
from core.seams import CrawlRequest
from crawlers.mastodon import MastodonCrawler, MastodonOptions
from nightrounds.sandbox.platforms import _mastodon_objects as objects
from nightrounds.sandbox.platforms.mastodon import CLOSED, MASTODON_TOKEN
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of
from nightrounds.sandbox.world import load_world

KITCHEN = "teaching-kitchen.sandbox.example"


@pytest.fixture
def client_of(sandbox: Sandbox) -> Callable[..., Mastodon]:
    """Mastodon.py, with a session that names one server and asks the stand-in."""

    def make(host: str, token: str | None = None) -> Mastodon:
        session = requests.Session()
        session.headers["Host"] = host
        url = sandbox.urls["mastodon"]
        return Mastodon(
            api_base_url=url, access_token=token, session=session, ratelimit_method="throw", version_check_mode="none"
        )

    return make


def ids_of(key: str, night: int = 1) -> list[str]:
    account = next(a for a in load_world().accounts if a.key == key)
    shown = sorted(view_of(night).posts(account), key=lambda one: one.post.at, reverse=True)
    return [objects.status_id(one) for one in shown]


def test_the_library_reads_a_closed_server_page_by_page_with_a_token(client_of: Any) -> None:
    with pytest.raises(MastodonUnauthorizedError):
        client_of(CLOSED).account_lookup("newsroom")
    with pytest.raises(MastodonUnauthorizedError):
        client_of(CLOSED, "another-token").account_lookup("newsroom")
    client = client_of(CLOSED, MASTODON_TOKEN)
    account = client.account_lookup("newsroom")
    assert (account.username, account.locked, account.suspended) == ("newsroom", False, None)
    first = client.account_statuses(account.id, limit=40)
    assert len(first) == 20
    second = client.account_statuses(account.id, limit=40, max_id=first[-1].id)
    assert [one.id for one in [*first, *second]] == ids_of("md-news")
    assert first._pagination_next is not None
    assert getattr(second, "_pagination_next", None) is None


def test_shapes_are_those_of_mastodon(client_of: Any) -> None:
    client = client_of(CLOSED, MASTODON_TOKEN)
    found = {one.id: one for one in client.account_statuses(client.account_lookup("newsroom").id, limit=40)}
    names = ("mdn-flu", "mdn-poll", "mdn-warning", "mdn-boost", "mdn-quote", "mdn-quiet", "mdn-reply")
    by_name = {name: found[objects.status_id(view_of(1).by_id[name])] for name in names}
    assert 'class="ellipsis"' in by_name["mdn-flu"].content
    assert by_name["mdn-flu"].card.url.startswith("https://news.sandbox.example/")
    assert [option.title for option in by_name["mdn-poll"].poll.options][1] == "Whitefish"
    assert by_name["mdn-warning"].spoiler_text == "fake blood (beet juice)"
    assert by_name["mdn-boost"].reblog.account.username == "wren_after_dark"
    assert by_name["mdn-quote"].quote.state == "accepted"
    assert "quote-inline" in by_name["mdn-quote"].content
    assert by_name["mdn-quiet"].visibility == "unlisted"
    assert by_name["mdn-reply"].in_reply_to_id


def test_what_does_not_exist_is_404_and_a_wrong_limit_is_refused(client_of: Any) -> None:
    client = client_of(CLOSED, MASTODON_TOKEN)
    with pytest.raises(MastodonNotFoundError):
        client.account_lookup("nobody")
    with pytest.raises(MastodonNotFoundError):
        client.status("1")
    with pytest.raises(MastodonAPIError):
        client.account_statuses(client.account_lookup("newsroom").id, limit="many")


def test_the_wordpress_server_has_other_ids_no_link_header_and_tombstones(client_of: Any, sandbox: Sandbox) -> None:
    client = client_of(KITCHEN)
    account = client.account_lookup("kitchen")
    found = client.account_statuses(account.id, limit=3)
    assert getattr(found, "_pagination_next", None) is None
    ids = [one.id for one in found]
    assert ids == ids_of("md-kitchen")[:3]
    assert [int(one) for one in ids_of("md-kitchen")] != sorted((int(one) for one in ids_of("md-kitchen")), reverse=True)
    gone = view_of(2).by_id["mdk-deleted"]
    with httpx.Client(
        base_url=sandbox.urls["mastodon"], headers={"Host": KITCHEN, "Accept": "application/activity+json"}
    ) as web:
        path = objects.address_of(gone).partition(KITCHEN)[2]
        assert web.get(path).json()["type"] == "Note"
        sandbox.night = 2
        assert (web.get(path).status_code, web.get(path).json()["type"]) == (410, "Tombstone")


def test_an_unknown_server_is_no_mastodon(sandbox: Sandbox) -> None:
    assert "html" in httpx.get(f"{sandbox.urls['mastodon']}/api/v1/accounts/lookup?acct=newsroom").headers["content-type"]


def test_a_rate_limit_is_the_librarys_too(client_of: Any, sandbox: Sandbox) -> None:
    sandbox.fault("mastodon", None, "rate_limit")
    with pytest.raises(MastodonRatelimitError):
        client_of(KITCHEN).account_lookup("kitchen")


@pytest.fixture
def crawler(sandbox: Sandbox) -> Any:
    made = MastodonCrawler(
        MastodonOptions(**sandbox.platform_options()["mastodon"]), clock=sandbox.clock(), sleep=lambda _: None
    )
    yield made
    made.close()


def accounts(sandbox: Sandbox) -> list[Account]:
    return [account for account in sandbox.accounts() if account.platform == "mastodon"]


def known(page: CrawledPage) -> list[KnownPost]:
    return [
        KnownPost(native_id=p.native_id, url=p.url, revision=p.revision, posted_at=p.posted_at, last_verified_at=p.posted_at)
        for p in page.posts
        if p.posted_at
    ]


def test_both_nights_are_read_whole_and_exactly(sandbox: Sandbox, crawler: MastodonCrawler) -> None:
    one, two = ({e.native_id for e in sandbox.expected(n) if e.platform == "mastodon" and e.post} for n in (1, 2))
    assert len(accounts(sandbox)) == 3
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
    assert second.keys() == two
    names = {
        objects.status_id(shown): shown.post.id for shown in view_of(2).by_id.values() if shown.account.platform == "mastodon"
    }
    edited = {names[key] for key in second.keys() & first.keys() if second[key].content() != first[key].content()}
    assert edited == {"mdn-edit-removes", "mdw-edit-adds", "mdk-edit"}
    assert {names[key]: sight for key, sight in gone.items()} == {
        "mdn-deleted": (GoneReason.UNAVAILABLE, False),
        "mdw-deleted": (GoneReason.UNAVAILABLE, False),
        "mdk-deleted": (GoneReason.DELETED, True),
    }
    assert {names[key] for key in second.keys() - first.keys()} == {"mdn-night2", "mdw-night2", "mdk-night2"}


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("rate_limit", RateLimited),
        ("rate_limit_no_reset", RateLimited),
        ("token_dead", AuthError),
        ("permission", PermissionMissing),
        ("server_error", PlatformDown),
        ("html_error", PlatformDown),
        ("not_found", AccountNotFound),
        ("private", AccountPrivate),
    ],
)
def test_each_fault_is_the_error_that_it_looks_like(sandbox: Sandbox, crawler: MastodonCrawler, kind: str, error: Any) -> None:
    news, wren, kitchen = accounts(sandbox)
    sandbox.fault("mastodon", news.handle, kind)
    with pytest.raises(error):
        list(crawler.crawl(CrawlRequest(account=news)))
    assert list(crawler.crawl(CrawlRequest(account=kitchen)))
    assert crawler.credential_of(wren) == crawler.credential_of(news) != crawler.credential_of(kitchen)
