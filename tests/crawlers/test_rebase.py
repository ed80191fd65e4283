"""The session that stands between a client library and its host."""

from __future__ import annotations

import pytest
import requests

from crawlers._rebase import rebased_session, trusted_base_url


@pytest.fixture
def session(loopback):
    loopback.reply_with(loopback.Reply({"fine": True}))
    session = rebased_session("https://api.platform.example/", f"{loopback.url}/gateway/", seconds=2)
    yield session
    session.close()


def test_what_is_meant_for_the_librarys_host_goes_to_the_base_url(session, loopback):
    response = session.get("https://api.platform.example/2/things?a=b%2Cc", headers={"Authorization": "Bearer x"})
    assert response.json() == {"fine": True}
    assert response.url == f"{loopback.url}/gateway/2/things?a=b%2Cc"
    (asked,) = loopback.asked
    assert (asked.path, asked.query, asked.headers["authorization"]) == ("/gateway/2/things", {"a": "b,c"}, "Bearer x")
    assert asked.headers["host"] == loopback.url.removeprefix("http://")


@pytest.mark.parametrize("url", ["https://elsewhere.example/", "http://api.platform.example/", "file:///etc/passwd"])
def test_nothing_else_can_be_reached(session, loopback, url):
    with pytest.raises(requests.exceptions.InvalidSchema):
        session.get(url)
    assert loopback.asked == []


def test_a_redirect_is_not_followed(session, loopback):
    loopback.reply_with(loopback.Reply(b"", 302, {"Location": "https://api.platform.example/other"}))
    with pytest.raises(requests.TooManyRedirects):
        session.get("https://api.platform.example/")
    assert len(loopback.asked) == 1


def test_no_cookie_is_kept(session, loopback):
    loopback.reply_with(loopback.Reply({}, headers={"Set-Cookie": "guest=1; Path=/"}))
    session.get("https://api.platform.example/")
    session.get("https://api.platform.example/")
    assert "cookie" not in loopback.asked[1].headers


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://api.x.com", "https://api.x.com"),
        ("https://gateway.example/x/", "https://gateway.example/x"),
        ("http://localhost:1", "http://localhost:1"),
    ],
)
def test_https_or_this_machine_is_trusted(url, trusted):
    assert trusted_base_url(url) == trusted
