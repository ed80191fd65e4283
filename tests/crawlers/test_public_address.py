"""The guard for requests: public addresses only, judged when connecting, and the judged one is the one connected to."""

from __future__ import annotations

import socket
import time

import pytest
import requests
from urllib3.util.connection import create_connection

from crawlers import _public_address
from crawlers._egress import EgressRefused, UnknownHost
from crawlers._public_address import PublicAdapter, public_session
from crawlers._rebase import bare_session

PUBLIC = "93.184.215.14"


def resolving(*addresses: str):
    def resolve(host, port, *_args, **_kwargs):
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return resolve


@pytest.fixture
def session_to(monkeypatch, loopback):
    """A session for which the loopback server is the public internet: connections to PUBLIC end there."""
    reached = []

    def connect(address, *args, **kwargs):
        reached.append(address)
        port = int(loopback.url.rpartition(":")[2])
        return create_connection(("127.0.0.1", port), *args, **kwargs)

    monkeypatch.setattr(_public_address, "create_connection", connect)

    def make(*addresses: str, seconds: float = 5.0) -> requests.Session:
        session = public_session("http://", seconds=seconds, resolve=resolving(*addresses))
        session.reached = reached
        return session

    return make


@pytest.mark.parametrize("private", ["127.0.0.1", "10.0.0.8", "169.254.169.254", "192.168.1.1", "::1", "fd00::1", "100.64.0.1"])
def test_a_private_address_is_never_connected_to(session_to, private, loopback):
    for addresses in ((private,), (PUBLIC, private)):
        session = session_to(*addresses)
        with pytest.raises(EgressRefused):
            session.get("http://server.example/")
        assert session.reached == []
    assert loopback.asked == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://2130706433/", "http://[::1]/", "http://localhost/", "http://127.1/"]
)
def test_odd_spellings_of_this_machine_are_refused(url, loopback):
    session = public_session("http://", seconds=2)
    with pytest.raises(EgressRefused):
        session.get(url)
    assert loopback.asked == []


@pytest.mark.parametrize("url", ["http://server.example:22/", "http://user@server.example/", "http://server.example:8080/x"])
def test_other_ports_and_user_names_are_refused(session_to, url):
    session = session_to(PUBLIC)
    with pytest.raises((EgressRefused, requests.RequestException)):
        session.get(url, auth=None)
    if "@" not in url:
        assert session.reached == []


def test_the_judged_address_is_the_one_connected_to(session_to, loopback):
    loopback.reply_with(loopback.Reply({"ok": True}))
    session = session_to(PUBLIC)
    assert session.get("http://server.example/x?y=1").json() == {"ok": True}
    assert session.reached == [(PUBLIC, 80)]
    (asked,) = loopback.asked
    assert (asked.path, asked.headers["host"]) == ("/x", "server.example")


def test_the_name_is_looked_up_once_for_each_connection(session_to, monkeypatch):
    answers = [[PUBLIC], ["10.0.0.8"]]
    asked = []

    def rebinding(host, port, *_args, **_kwargs):
        asked.append(host)
        return resolving(*answers.pop(0))(host, port)

    reached = []
    monkeypatch.setattr(_public_address, "create_connection", lambda address, *_a, **_k: reached.append(address) or refuse())
    session = public_session("http://", seconds=2, resolve=rebinding)
    with pytest.raises(requests.ConnectionError):
        session.get("http://server.example/")
    with pytest.raises(EgressRefused):
        session.get("http://server.example/")
    assert asked == ["server.example", "server.example"]
    assert reached == [(PUBLIC, 80)]


def refuse():
    raise OSError("unreachable")


def test_an_unknown_host_is_told_apart(session_to):
    adapter = PublicAdapter(seconds=2, resolve=resolving())
    with pytest.raises(requests.ConnectionError):
        bare_session("http://", adapter).get("http://nowhere.example/")
    assert isinstance(adapter.egress.verdict("nowhere.example"), UnknownHost)


def test_proxies_of_the_environment_are_not_used(session_to, loopback, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://10.9.9.9:3128")
    monkeypatch.setenv("http_proxy", "http://10.9.9.9:3128")
    loopback.reply_with(loopback.Reply({"ok": True}))
    session = session_to(PUBLIC)
    assert session.get("http://server.example/").status_code == 200
    assert session.reached == [(PUBLIC, 80)]


def test_a_redirect_is_not_followed_and_no_other_prefix_is_reached(session_to, loopback):
    loopback.reply_with(loopback.Reply(b"", 302, {"Location": "http://other.example/"}))
    with pytest.raises(requests.TooManyRedirects):
        session_to(PUBLIC).get("http://server.example/")
    with pytest.raises(requests.exceptions.InvalidSchema):
        public_session("https://one.example/", seconds=2).get("https://two.example/")


def test_time_and_size_are_bounded(session_to, loopback, monkeypatch):
    loopback.reply_with(loopback.Reply(b"x" * 400, drip=0.05))
    began = time.monotonic()
    with pytest.raises(requests.Timeout):
        session_to(PUBLIC, seconds=0.5).get("http://server.example/")
    assert time.monotonic() - began < 3
    monkeypatch.setattr("crawlers._rebase.MAX_BODY", 1000)
    loopback.reply_with(loopback.Reply(b"x" * 70_000))
    with pytest.raises(requests.RequestException):
        session_to(PUBLIC).get("http://server.example/")


def test_a_server_without_the_right_certificate_is_not_believed(loopback, monkeypatch):
    port = int(loopback.url.rpartition(":")[2])
    monkeypatch.setattr(
        _public_address, "create_connection", lambda _a, *args, **kw: create_connection(("127.0.0.1", port), *args, **kw)
    )
    session = public_session("https://", seconds=2, resolve=resolving(PUBLIC))
    with pytest.raises(requests.exceptions.SSLError):
        session.get("https://server.example/")
