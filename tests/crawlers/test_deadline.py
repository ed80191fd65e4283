"""No server holds its reader beyond the time-out, however it goes on sending."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from contextlib import suppress

import pytest
import requests

from crawlers import _public_address
from crawlers._public_address import public_session
from crawlers._rebase import rebased_session

SECONDS = 0.5
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n"
PACKED = JSON + b"Content-Encoding: gzip\r\n\r\n"

ENDLESS = {  # what is sent first, what is sent for ever, and the pause between
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50, 0.0),
    "status line": (b"", b"H", 0.05),
    "header": (b"HTTP/1.1 200 OK\r\nX-A: ", b"a", 0.05),
    "body": (JSON + b"\r\n{", b" ", 0.05),
    "length of a chunk": (CHUNKED + b"1;", b"a", 0.05),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: y\r\n" * 1000, 0.0),
    "trailers one by one": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X: y\r\n", 0.05),
    "name in the packing": (PACKED + b"\x1f\x8b\x08\x08\0\0\0\0\0\0", b"a" * 65536, 0.0),
    "empty packings": (PACKED, gzip.compress(b"") * 1000, 0.0),
}


@pytest.fixture
def serve():
    """A server that sends `first`, then `again` for as long as it is listened to."""
    listening: list[socket.socket] = []

    def start(first: bytes, again: bytes, pause: float) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        listening.append(server)

        def answer() -> None:
            with suppress(OSError), server.accept()[0] as one:
                one.recv(65536)
                one.sendall(first)
                while again:
                    one.sendall(again)
                    time.sleep(pause)

        threading.Thread(target=answer, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}"

    yield start
    for server in listening:
        server.close()


@pytest.mark.parametrize("name", ENDLESS)
def test_an_answer_without_end_is_a_timeout(serve, name):
    session = rebased_session("https://api.platform.example/", serve(*ENDLESS[name]), seconds=SECONDS)
    began = time.monotonic()
    with pytest.raises(requests.Timeout):
        session.get("https://api.platform.example/")
    assert time.monotonic() - began < 4 * SECONDS


def test_neither_does_a_public_server_hold_us(serve, monkeypatch):
    port = int(serve(*ENDLESS["interim answers"]).rpartition(":")[2])
    monkeypatch.setattr(_public_address, "create_connection", lambda *_a, **_k: socket.create_connection(("127.0.0.1", port)))
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 80))]
    session = public_session("http://", seconds=SECONDS, resolve=lambda *_a, **_k: found)
    with pytest.raises(requests.Timeout):
        session.get("http://server.example/")


def test_all_addresses_of_a_name_share_one_time_out(monkeypatch):
    tried = []

    def blackhole(address, timeout, **_more):
        tried.append(address)
        time.sleep(min(timeout, 0.2))
        raise TimeoutError

    monkeypatch.setattr(_public_address, "create_connection", blackhole)
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"8.8.4.{one}", 80)) for one in range(1, 41)]
    for seconds, most in ((0.3, 2), (5.0, 4)):
        tried.clear()
        with pytest.raises(requests.ConnectionError):
            public_session("http://", seconds=seconds, resolve=lambda *_a, **_k: found).get("http://server.example/")
        assert len(tried) == most


def test_what_is_packed_twice_is_not_unpacked(loopback):
    bomb = gzip.compress(gzip.compress(b"{}" + b" " * 100))
    loopback.reply_with(loopback.Reply(bomb, headers={"Content-Encoding": "gzip, gzip"}))
    session = rebased_session("https://api.platform.example/", loopback.url, seconds=5)
    with pytest.raises(requests.RequestException):
        session.get("https://api.platform.example/")
    loopback.reply_with(loopback.Reply(gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"}))
    assert session.get("https://api.platform.example/").json() == {}


def test_a_connection_that_is_used_again_is_watched_too(loopback):
    session = rebased_session("https://api.platform.example/", loopback.url, seconds=SECONDS)
    loopback.reply_with(loopback.Reply({"fine": True}), loopback.Reply(b" " * 400, drip=0.05))
    assert session.get("https://api.platform.example/").json() == {"fine": True}
    time.sleep(2 * SECONDS)  # the deadline of the first question ends nothing of the second
    with pytest.raises(requests.Timeout):
        session.get("https://api.platform.example/")
