"""What X's refusals and outages become, how often they are asked again, and that nothing of them leaks."""

from __future__ import annotations

import gzip
import logging
from datetime import UTC, datetime, timedelta

import pytest
from canary import assert_says_nothing
from pydantic import ValidationError

from core.errors import (
    AccountNotFound,
    AccountPrivate,
    AuthError,
    Blocked,
    BudgetExhausted,
    CrawlError,
    Outdated,
    ParseError,
    PermissionMissing,
    PlatformDown,
    RateLimited,
)
from core.seams import CrawlRequest
from crawlers import _rebase
from crawlers.x_timelines import XCrawler, XOptions

TOKEN = "AAAAcanary%2Btoken%2Fof%3Dtests"
HANDLE = "canary_handle"
WORDS = "canary words of a post"
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def problem(kind: str, **more: object) -> dict[str, object]:
    """A problem whose every text holds something that must never be seen."""
    return {
        "title": f"{WORDS} {HANDLE}",
        "detail": f"{WORDS} {TOKEN}",
        "type": f"https://api.twitter.com/2/problems/{kind}",
        **more,
    }


def user_problem(kind: str, **more: object) -> dict[str, object]:
    return {"errors": [problem(kind, resource_type="user", parameter="username", value=HANDLE, **more)]}


@pytest.fixture
def naps():
    return []


@pytest.fixture
def crawl(loopback, clock, make_account, naps):
    def crawl() -> list[object]:
        options = XOptions(bearer_token=TOKEN, base_url=loopback.url, timeout=1)
        crawler = XCrawler(options, clock=clock, sleep=naps.append)
        try:
            return list(crawler.crawl(CrawlRequest(account=make_account("x", HANDLE))))
        finally:
            crawler.close()

    return crawl


HTML = b"<html><body>" + WORDS.encode() + b"</body></html>"
RATE = {"x-rate-limit-reset": str(int((NOW + timedelta(minutes=9)).timestamp()))}
FINAL = [
    (401, problem("about:blank"), {}, AuthError),
    (402, problem("credits-depleted"), {}, BudgetExhausted),
    (402, HTML, {}, BudgetExhausted),
    (403, problem("client-forbidden", reason="client-not-enrolled"), {}, PermissionMissing),
    (403, problem("unsupported-authentication"), {}, PermissionMissing),
    (403, problem("not-authorized-for-resource"), {}, AccountPrivate),
    (404, problem("resource-not-found"), {}, AccountNotFound),
    (451, problem("disallowed-resource"), {}, AccountPrivate),
    (429, problem("about:blank"), {}, RateLimited),
    (429, problem("about:blank"), RATE, RateLimited),
    (429, problem("about:blank"), {"x-rate-limit-reset": "soon"}, RateLimited),
    (429, problem("usage-capped"), RATE, BudgetExhausted),
    (429, HTML, {}, RateLimited),
    (400, {"errors": [{"parameters": {"id": [HANDLE]}, "message": WORDS}], **problem("invalid-request")}, {}, ParseError),
    (400, {"errors": [{"parameters": {"tweet.fields": [WORDS]}, "message": WORDS}]}, {}, Outdated),
    (400, {"errors": WORDS, "error": None}, {}, ParseError),
    (400, {"errors": [None, 5, {"parameters": [1]}]}, {}, ParseError),
    (422, {"errors": [{"message": WORDS}]}, {}, Outdated),
    (403, HTML, {}, Blocked),
    (401, HTML, {}, AuthError),
    (418, problem("about:blank"), {}, ParseError),
    (302, b"", {"Location": f"https://elsewhere.example/{TOKEN}"}, ParseError),
    (200, user_problem("resource-not-found"), {}, AccountNotFound),
    (200, user_problem("resource-not-found", title="Forbidden"), {}, AccountPrivate),
    (200, user_problem("resource-not-found", detail=f"User has been suspended: [{HANDLE}]."), {}, AccountPrivate),
    (200, user_problem("not-authorized-for-resource"), {}, AccountPrivate),
    (200, user_problem("resource-unavailable"), {}, AccountPrivate),
    (200, user_problem("something-new"), {}, ParseError),
    (200, {}, {}, ParseError),
    (200, {"data": None, "errors": []}, {}, ParseError),
    (200, {"data": {"id": 1700000000000000001, "username": HANDLE}}, {}, ParseError),
    (200, [WORDS], {}, ParseError),
    (200, {"data": {"id": "7", "name": [[WORDS]]}}, {}, ParseError),
    (200, b"[" * 100_000, {}, ParseError),
    (200, b'{"a":' * 70 + b"1" + b"}" * 70, {}, ParseError),
]
RETRIED = [
    (500, problem("internal-error"), {}, PlatformDown),
    (502, HTML, {}, PlatformDown),
    (503, b"", {}, PlatformDown),
    (200, HTML, {}, PlatformDown),
    (200, b'{"data": {"id": "7", "name": "' + WORDS.encode(), {}, ParseError),
    (200, b"\xff\xfe\x00", {}, ParseError),
    (200, b'{"data": NaN}', {}, ParseError),
    (400, b'{"errors": [{"message": "' + TOKEN.encode(), {}, ParseError),
]


def reply(loopback, status, body, headers):
    html = isinstance(body, bytes) and body.startswith(b"<")
    return loopback.Reply(body, status, headers, media_type="text/html" if html else "application/problem+json")


@pytest.mark.parametrize(("status", "body", "headers", "kind"), FINAL)
def test_a_refusal_is_asked_once_and_says_nothing(crawl, loopback, caplog, status, body, headers, kind):
    loopback.reply_with(reply(loopback, status, body, headers))
    with caplog.at_level(logging.DEBUG), pytest.raises(CrawlError) as caught:
        crawl()
    assert type(caught.value) is kind
    assert len(loopback.asked) == 1
    assert_says_nothing(caught.value)
    assert "canary" not in caplog.text


@pytest.mark.parametrize(("status", "body", "headers", "kind"), RETRIED)
def test_an_outage_is_asked_again_with_growing_jitter(crawl, loopback, naps, caplog, status, body, headers, kind):
    loopback.reply_with(reply(loopback, status, body, headers))
    with caplog.at_level(logging.DEBUG), pytest.raises(kind) as caught:
        crawl()
    assert len(loopback.asked) == 4
    assert len(naps) == 3
    assert all(0 <= nap <= 8 for nap in naps)
    assert_says_nothing(caught.value)
    assert "canary" not in caplog.text


def test_a_short_outage_is_survived(crawl, loopback):
    user = {"data": {"id": "7", "name": "Harbor", "username": HANDLE}}
    loopback.reply_with(reply(loopback, 503, HTML, {}), loopback.Reply(user), loopback.Reply({"meta": {"result_count": 0}}))
    assert len(crawl()) == 2


@pytest.mark.parametrize(
    ("headers", "until"),
    [
        ({}, None),
        (RATE, NOW + timedelta(minutes=9)),
        ({"x-rate-limit-reset": "1"}, NOW),
        ({"x-rate-limit-reset": "99999999999"}, None),
        ({"x-rate-limit-reset": "²"}, None),
        ({"x-rate-limit-reset": "-5"}, None),
        ({"retry-after": "120"}, NOW + timedelta(minutes=2)),
    ],
)
def test_the_reset_is_told_and_never_waited_for(crawl, loopback, naps, headers, until):
    loopback.reply_with(
        loopback.Reply(problem("about:blank"), 429, {k: v.encode().decode("latin-1") for k, v in headers.items()})
    )
    with pytest.raises(RateLimited) as caught:
        crawl()
    assert caught.value.until == until
    assert (len(loopback.asked), naps) == (1, [])


def test_a_body_that_trickles_or_breaks_off_is_a_platform_down(crawl, loopback, monkeypatch):
    monkeypatch.setattr("crawlers._exchange.TRIES", 2)
    loopback.reply_with(loopback.Reply(b'{"data": "' + b"x" * 1000, drip=0.01))
    with pytest.raises(PlatformDown, match="in time"):
        crawl()
    loopback.reply_with(loopback.Reply({"data": WORDS}, cut=True))
    with pytest.raises(PlatformDown, match="reached") as caught:
        crawl()
    assert_says_nothing(caught.value)


def test_a_body_beyond_the_cap_is_not_read_and_not_asked_again(crawl, loopback, monkeypatch):
    monkeypatch.setattr(_rebase, "MAX_BODY", 100_000)
    bomb = gzip.compress(b'{"data": "' + b" " * 50_000_000)
    loopback.reply_with(loopback.Reply(bomb, headers={"Content-Encoding": "gzip"}))
    with pytest.raises(ParseError, match="more bytes"):
        crawl()
    assert len(loopback.asked) == 1


def test_a_compressed_answer_is_read(crawl, loopback):
    user = b'{"data": {"id": "7", "name": "Harbor", "username": "canary_handle"}}'
    loopback.reply_with(
        loopback.Reply(gzip.compress(user), headers={"Content-Encoding": "gzip"}),
        loopback.Reply({"meta": {"result_count": 0}}),
    )
    assert crawl()[0].raw[0].body == user


def test_an_echoed_token_is_struck_out_of_the_evidence(crawl, loopback):
    user = {"data": {"id": "7", "name": f"a {TOKEN} b", "username": HANDLE}}
    loopback.reply_with(
        loopback.Reply(user, headers={"x-rate-limit-limit": TOKEN}), loopback.Reply({"meta": {"result_count": 0}})
    )
    raw = crawl()[0].raw[0]
    assert b"canary%2B" not in raw.body
    assert b"a REDACTED b" in raw.body
    assert dict(raw.headers)["x-rate-limit-limit"] == "REDACTED"
    assert "nightrounds-redacted" in dict(raw.headers)


def test_evidence_names_its_collector_and_keeps_no_cookie(crawl, loopback):
    user = {"data": {"id": "7", "name": "Harbor", "username": HANDLE}}
    loopback.reply_with(
        loopback.Reply(user, headers={"Set-Cookie": "guest=1", "x-rate-limit-remaining": "5"}),
        loopback.Reply({"meta": {"result_count": 0}}),
    )
    raw = crawl()[0].raw[0]
    assert (raw.status, raw.media_type, raw.fetched_at) == (200, "application/json", NOW)
    assert raw.collector.startswith("x_timelines 1, tweepy 4.")
    assert raw.url.startswith(f"{loopback.url}/2/users/by/username/{HANDLE}?user.fields=")
    assert {name for name, _ in raw.headers} == {"content-type", "date", "x-rate-limit-remaining"}
    assert "cookie" not in loopback.asked[-1].headers


def test_a_netrc_file_does_not_replace_the_token(crawl, loopback, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("default login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    loopback.reply_with(loopback.Reply({}, 401))
    with pytest.raises(AuthError):
        crawl()
    assert loopback.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_proxy_is_not_used_for_this_machine(crawl, loopback, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    loopback.reply_with(loopback.Reply({}, 401))
    with pytest.raises(AuthError):
        crawl()


def test_other_users_of_the_libraries_keep_their_log_lines(crawl, loopback, caplog):
    loopback.reply_with(loopback.Reply({}, 401))
    with caplog.at_level(logging.DEBUG), pytest.raises(AuthError):
        crawl()
    assert not [record for record in caplog.records if record.name.startswith(("tweepy", "urllib3"))]
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("tweepy.client").debug("somebody else's")
    assert "somebody else's" in caplog.text


@pytest.mark.parametrize(
    "url",
    ["http://api.x.com", "ftp://127.0.0.1", "https://user:secret@api.x.com", "https://api.x.com/?a=b", "api.x.com", "https://"],
)
def test_a_base_url_that_could_lose_the_token_is_refused(url):
    with pytest.raises(ValidationError) as caught:
        XOptions(base_url=url)
    assert "secret" not in str(caught.value)


def test_options_never_show_the_token():
    options = XOptions(bearer_token=TOKEN)
    assert TOKEN not in repr(options)
    with pytest.raises(ValidationError) as caught:
        XOptions(bearer_token=[TOKEN], vocabulary=TOKEN)
    assert TOKEN not in str(caught.value)
