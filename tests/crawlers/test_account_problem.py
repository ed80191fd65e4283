"""What a crawler says of an account without asking the platform, and that its crawl refuses by the same words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.errors import CrawlError
from core.seams import CrawlRequest
from nightrounds.platforms import BY_HAND, crawler_classes
from nightrounds.sandbox.server import Sandbox

TOKENS = {
    "x": {"bearer_token": "t"},
    "facebook": {"access_token": "t"},
    "instagram": {"access_token": "t", "ig_user_id": "1"},
    "threads": {"access_token": "t"},
    "linkedin": {"access_token": "t"},
    "tiktok": {"tokens": {"somebody": "t"}},
    "youtube": {"api_key": "t"},
    "reddit": {"client_id": "i", "client_secret": "s", "user_agent": "linux:org.example.rounds:1.0 (by /u/nobody)"},
}


@pytest.fixture
def crawler(clock):
    made = []

    def make(platform, **options):
        kind = crawler_classes()[platform]
        made.append(kind(kind.Options(**options), clock=clock, sleep=lambda _: None))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def nobody_asks(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a connection was tried")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)


def refused(crawler, account) -> str:
    with pytest.raises(CrawlError) as refusal:
        list(crawler.crawl(CrawlRequest(account=account)))
    return str(refusal.value)


@pytest.mark.parametrize(
    ("platform", "handle", "words"),
    [
        ("linkedin", "in/some-nurse", "personal profile"),
        ("linkedin", "larkfield health", "a handle is"),
        ("reddit", "r/larkfield", "community"),
        ("reddit", "a b", "a handle is"),
        ("facebook", "https://www.facebook.com/larkfield", "a handle is"),
        ("youtube", "larkfield tv", "a handle is"),
        ("website", "10.0.0.5", "no web address"),
        ("website", "http://10.0.0.5/", "not public"),
        ("website", "http://127.1/", "not public"),
        ("website", "http://2130706433/", "not public"),
        ("website", "http://[::1]/", "not public"),
        ("website", "https://blog.example.org:8443/", "ports"),
        ("mediawiki", "wiki.larkfield.example", "no wiki's address"),
        ("mediawiki", "https://192.168.1.7/w/api.php", "not public"),
        ("bluesky", "not a handle", "a handle is"),
        ("mastodon", "@somebody@social.example", "user@host"),
        ("threads", "some body", "a handle is"),
        ("instagram", "@@", "a handle is"),
        ("x", "https://x.com/larkfield", "a handle is"),
        ("tiktok", "somebody_else", "not available"),
    ],
)
@pytest.mark.usefixtures("nobody_asks")
def test_a_handle_that_no_crawl_would_take_is_told_in_the_same_words(platform, handle, words, crawler, make_account):
    reader = crawler(platform, **TOKENS.get(platform, {}))
    account = make_account(platform, handle)
    problem = reader.account_problem(account)
    assert words in problem
    assert handle not in problem
    assert refused(reader, account) == problem


@pytest.mark.parametrize("platform", sorted(TOKENS))
@pytest.mark.usefixtures("nobody_asks")
def test_without_credentials_every_account_has_the_problem(platform, crawler, make_account):
    reader = crawler(platform)
    account = make_account(platform, "somebody")
    assert reader.account_problem(account) == reader.missing_credentials() != ""
    assert refused(reader, account) == reader.missing_credentials()


@pytest.mark.parametrize(
    ("platform", "options", "names"),
    [
        ("facebook", {"page_tokens": {"another": "t"}}, "page_tokens"),
        ("threads", {"own_tokens": {"another": "t"}}, "own_tokens"),
        ("tiktok", {"refresh_tokens": {"somebody": "t"}}, "CLIENT_KEY"),
        ("tiktok", {"refresh_tokens": {"somebody": "t"}, "tokens": {"another": "t"}}, "CLIENT_SECRET"),
    ],
)
@pytest.mark.usefixtures("nobody_asks")
def test_an_account_without_its_own_token_is_told(platform, options, names, crawler, make_account):
    reader = crawler(platform, **options)
    account = make_account(platform, "somebody")
    assert names in reader.account_problem(account)
    assert refused(reader, account) == reader.account_problem(account)


def test_a_known_id_makes_up_for_a_handle_that_can_not_be_asked_for(crawler, make_account):
    account = make_account("x", "now a long name")
    assert crawler("x", **TOKENS["x"]).account_problem(account)
    assert not crawler("x", **TOKENS["x"]).account_problem(replace(account, native_id="17"))


def test_of_the_sandboxs_accounts_none_has_a_problem(crawler):
    with Sandbox() as sandbox:
        options = sandbox.platform_options()
        accounts = sandbox.accounts()
    assert {account.platform for account in accounts} == crawler_classes().keys() - BY_HAND
    readers = {name: crawler(name, **given) for name, given in options.items()}
    assert [a.handle for a in accounts if readers[a.platform].account_problem(a)] == []
