"""What a Mastodon server can refuse, who is then to act, whose wish is obeyed, and where the token must not stand."""

from __future__ import annotations

import logging
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from crawled import crawlers_of

from core.errors import (
    AccountNotFound,
    AccountPrivate,
    AuthError,
    Blocked,
    ParseError,
    PermissionMissing,
    PlatformDown,
    RateLimited,
)
from core.records import Basis, Kind
from core.seams import CrawlRequest
from crawlers._public_address import PublicAdapter
from crawlers.mastodon import MastodonCrawler

HANDLE = "harbor@social.example"
TOKEN = "invented-mastodon-token"
ACCOUNT = {"id": "42", "username": "harbor", "acct": "harbor", "display_name": "H", "note": ""}


@pytest.fixture
def make_crawler(loopback, clock):
    with crawlers_of(MastodonCrawler, clock, base_url=loopback.url, timeout=5) as make:
        yield make


@pytest.fixture
def account(make_account):
    return make_account("mastodon", HANDLE)


CLOSED = {"error": "This method requires an authenticated user"}


@pytest.mark.parametrize(
    ("status", "body", "with_token", "error", "words"),
    [
        (401, CLOSED, False, PermissionMissing, "instance closed, token needed"),
        (422, CLOSED, False, PermissionMissing, "instance closed, token needed"),
        (403, {"error": "This action is not allowed"}, False, PermissionMissing, "token needed"),
        (401, {"error": "The access token was revoked"}, True, AuthError, "refuses its token"),
        (403, {"error": "This action is outside the authorized scopes"}, True, PermissionMissing, "scope"),
        (404, {"error": "Record not found"}, False, AccountNotFound, "no such account"),
        (410, {"error": "Gone"}, False, AccountNotFound, "no such account"),
        (422, {"error": "limit is invalid"}, False, ParseError, "refused the question"),
        (400, {}, False, ParseError, "refused the question"),
        (500, {"error": "x"}, False, PlatformDown, "out of order"),
        (503, b"<html>", False, PlatformDown, "out of order"),
        (404, b"<html>", False, AccountNotFound, "does not speak"),
        (403, b"<html>", False, Blocked, "in place of data"),
        (200, b"<html>", False, Blocked, "in place of data"),
        (200, [], False, ParseError, "no JSON object"),
        (200, {"id": "../x", "username": "harbor"}, False, ParseError, "id"),
        (200, ACCOUNT | {"suspended": True}, False, AccountPrivate, "suspended"),
        (200, ACCOUNT | {"acct": "harbor@elsewhere.example"}, False, AccountNotFound, "another server"),
        (302, b"", False, ParseError, "redirect"),
    ],
)
def test_each_refusal_is_told_apart(make_crawler, account, loopback, status, body, with_token, error, words):
    media_type = "text/html" if isinstance(body, bytes) else "application/json; charset=utf-8"
    headers = {"Location": "https://evil.example/"} if status == 302 else {}
    loopback.reply_with(loopback.Reply(body, status, headers, media_type))
    crawler = make_crawler(tokens={"Social.Example": TOKEN} if with_token else {})
    with pytest.raises(error, match=words) as caught:
        list(crawler.crawl(CrawlRequest(account=account)))
    assert "harbor" not in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"X-RateLimit-Reset": "2026-11-20T03:04:00.123456Z"}, 240),
        ({"X-RateLimit-Reset": str(int(datetime(2026, 11, 20, 3, 5, tzinfo=UTC).timestamp()))}, 300),
        ({"Retry-After": "90"}, 90),
        ({"X-RateLimit-Reset": "soon"}, None),
        ({"X-RateLimit-Reset": "2099-01-01T00:00:00Z"}, None),
        ({}, None),
    ],
)
def test_a_rate_limit_says_until_when(make_crawler, account, loopback, clock, headers, wait):
    loopback.reply_with(loopback.Reply({"error": "Too many requests"}, 429, headers))
    with pytest.raises(RateLimited) as caught:
        list(make_crawler().crawl(CrawlRequest(account=account)))
    assert len(loopback.asked) == 1
    until = caught.value.until
    assert (until - clock.now).total_seconds() == pytest.approx(wait, abs=1) if wait else until is None


def test_it_stops_before_the_limit_is_passed_and_other_servers_go_on(make_crawler, make_account, account, loopback, clock):
    spent = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "2026-11-20T03:05:00.000000Z"}
    loopback.answer = lambda asked: (
        loopback.Reply([])
        if asked.path.endswith("statuses")
        else loopback.Reply(ACCOUNT, 200, spent if asked.headers["host"] == "social.example" else {})
    )
    crawler = make_crawler()
    crawl = crawler.crawl(CrawlRequest(account=account))
    next(crawl)
    with pytest.raises(RateLimited) as caught:
        next(crawl)
    assert caught.value.until == clock.now + timedelta(minutes=5)
    assert len(loopback.asked) == 1
    other = make_account("mastodon", "harbor@other.example")
    assert list(crawler.crawl(CrawlRequest(account=other)))
    assert crawler.credential_of(account) != crawler.credential_of(other)
    clock.move(minutes=6)
    assert list(crawler.crawl(CrawlRequest(account=account)))


@pytest.mark.parametrize("fault", ["drip", "cut", "huge", "closed"])
def test_what_goes_wrong_on_the_way_is_the_platforms_or_too_much(make_crawler, account, loopback, monkeypatch, fault):
    loopback.reply_with(
        {
            "drip": loopback.Reply(b"{" + b" " * 900, drip=0.02),
            "cut": loopback.Reply(b'{"id": "4', cut=True),
            "huge": loopback.Reply(b"x" * 200_000),
            "closed": loopback.Reply(b""),
        }[fault]
    )
    monkeypatch.setattr("crawlers._rebase.MAX_BODY", 100_000)
    crawler = make_crawler(timeout=0.3)
    if fault == "closed":
        loopback.close()
    with pytest.raises(ParseError if fault == "huge" else PlatformDown) as caught:
        list(crawler.crawl(CrawlRequest(account=account)))
    assert "client library failed" not in str(caught.value)


def test_one_server_error_is_asked_again(make_crawler, account, loopback):
    loopback.reply_with(loopback.Reply(b"", 503), loopback.Reply(ACCOUNT), loopback.Reply([]))
    assert len(list(make_crawler().crawl(CrawlRequest(account=account)))) == 2


@pytest.mark.parametrize(
    "handle",
    ["", "harbor", "harbor@", "@social.example", "a@b", "a b@social.example", "a@127.0.0.1", "a@[::1]", "a@2130706433",
     "a@x.e:8", "a@localhost", "a/../b@social.example", "a@social.example/x", "é@social.example", "a@social..example", "https://social.example/@a"],
)  # fmt: skip
def test_a_handle_that_can_not_be_is_never_asked_for(make_crawler, make_account, loopback, handle):
    with pytest.raises(AccountNotFound):
        list(make_crawler().crawl(CrawlRequest(account=make_account("mastodon", handle))))
    assert loopback.asked == []


@pytest.mark.parametrize("native_id", ["42", "42@other.example", "a/b@social.example", "@social.example"])
def test_a_native_id_of_another_server_or_shape_is_never_asked_for(make_crawler, make_account, loopback, native_id):
    with pytest.raises(AccountNotFound, match="id@host"):
        list(make_crawler().crawl(CrawlRequest(account=make_account("mastodon", HANDLE, native_id=native_id))))
    assert loopback.asked == []


@pytest.mark.parametrize(("name", "value"), [("noindex", True), ("indexable", False), ("discoverable", False)])
def test_a_person_who_asks_not_to_be_found_is_not_read(make_crawler, account, loopback, name, value):
    loopback.answer = lambda asked: loopback.Reply([] if asked.path.endswith("statuses") else ACCOUNT | {name: value})
    person = replace(account, kind=Kind.PERSONNEL, basis=Basis.SELF_DISCLOSED)
    with pytest.raises(Blocked, match=name) as caught:
        next(make_crawler().crawl(CrawlRequest(account=person)))
    assert "harbor" not in str(caught.value)
    others = [replace(person, basis=Basis.CONSENTED), account, replace(account, kind=Kind.UNOFFICIAL, basis=Basis.PUBLIC_CLAIM)]
    for other in others:
        assert list(make_crawler().crawl(CrawlRequest(account=other)))
    rest = [one for one in ("noindex", "indexable", "discoverable") if one != name]
    assert list(make_crawler(honour=rest).crawl(CrawlRequest(account=person)))
    loopback.answer = lambda asked: loopback.Reply([] if asked.path.endswith("statuses") else ACCOUNT | {name: None})
    assert list(make_crawler().crawl(CrawlRequest(account=person))), "a server that does not know the flag says nothing by it"


def test_the_token_goes_to_its_own_server_in_a_header_and_nowhere_else(
    make_crawler, make_account, account, loopback, caplog, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / TOKEN).write_text("a-token-out-of-a-file\nhttps://evil.example\n")  # the library would read it
    caplog.set_level(logging.DEBUG)
    loopback.answer = lambda asked: loopback.Reply(
        [] if asked.path.endswith("statuses") else ACCOUNT | {"note": f"<p>{asked.headers.get('authorization', 'none')}</p>"}
    )
    crawler = make_crawler(tokens={"social.example": TOKEN})
    pages = list(crawler.crawl(CrawlRequest(account=account)))
    assert {asked.headers["authorization"] for asked in loopback.asked} == {f"Bearer {TOKEN}"}
    loopback.asked.clear()
    list(crawler.crawl(CrawlRequest(account=make_account("mastodon", "harbor@other.example"))))
    assert not [asked for asked in loopback.asked if "authorization" in asked.headers]
    shown = "".join(f"{raw.url} {raw.headers} {raw.body!r}" for page in pages for raw in page.raw)
    assert TOKEN not in shown + caplog.text + repr(crawler.options)
    assert "REDACTED" in shown
    assert "harbor" not in caplog.text
    assert pages[0].raw[0].collector.startswith("mastodon 1, Mastodon.py 2.")


@pytest.fixture
def names(monkeypatch):
    """What the name service says: addresses by host, everything else is unknown."""
    known: dict[str, str] = {}

    def resolve(host, port, *_args, **_kwargs):
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (known[host], port))]

    defaults = {**PublicAdapter.__init__.__kwdefaults__, "resolve": resolve}
    monkeypatch.setattr(PublicAdapter.__init__, "__kwdefaults__", defaults)
    return known


def test_without_a_stand_in_only_public_addresses_are_connected_to(make_crawler, account, names, loopback):
    names["social.example"] = "127.0.0.1"
    with pytest.raises(Blocked, match="own guard"):
        list(make_crawler(base_url=None).crawl(CrawlRequest(account=account)))
    with pytest.raises(AccountNotFound, match="no such server"):
        list(make_crawler(base_url=None).crawl(CrawlRequest(account=replace(account, handle="a@nowhere.example"))))
    assert loopback.asked == []


def test_the_user_agent_names_who_can_be_asked(make_crawler, account, loopback):
    loopback.answer = lambda asked: loopback.Reply([] if asked.path.endswith("statuses") else ACCOUNT)
    list(make_crawler(contact_url="https://example.org/rounds").crawl(CrawlRequest(account=account)))
    assert {asked.headers["user-agent"] for asked in loopback.asked} == {"NightRounds (+https://example.org/rounds)"}


@pytest.mark.parametrize("header", ["<x>; rel=next", '<https://s/?max_id=../x>; rel="next"', '<https://s/?a=1>; rel="next"'])
def test_a_link_header_that_leads_nowhere_is_an_error(make_crawler, account, loopback, header):
    loopback.answer = lambda asked: (
        loopback.Reply([], 200, {"Link": header}) if asked.path.endswith("statuses") else loopback.Reply(ACCOUNT)
    )
    with pytest.raises(ParseError):
        list(make_crawler().crawl(CrawlRequest(account=account)))
