"""The guard: which addresses the site crawler refuses, by whatever spelling, redirect or name; and Scrapy's own settings."""

from __future__ import annotations

import socket
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import Blocked, CrawlError
from core.records import Account, Basis, Kind
from core.seams import CrawlRequest
from crawlers._egress import Egress, EgressRefused, UnknownHost, is_public
from crawlers._website.spider import settings_for
from crawlers.websites import WebsiteCrawler, WebsiteOptions

NOW = datetime(2026, 3, 10, tzinfo=UTC)


def crawler(**options: Any) -> WebsiteCrawler:
    return WebsiteCrawler(WebsiteOptions(delay=0, timeout=3, **options), clock=lambda: NOW)


def request(handle: str) -> CrawlRequest:
    account = Account(
        id="a",
        platform="website",
        handle=handle,
        kind=Kind.OFFICIAL,
        basis=Basis.OWNED,
        basis_recorded_by="t",
        basis_recorded_at=NOW,
    )
    return CrawlRequest(account=account)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "198.18.0.1",
        "192.0.2.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2002:a00:1::",
        "2001:db8::1",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e", "::ffff:93.184.215.14"]
)
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    ["ftp://blog.example.org/", "file:///etc/passwd", "http://user@blog.example.org/", "http://:pw@blog.example.org/", "http://blog.example.org:22/",
     "http://blog.example.org:8080/", "http://blog.example.org:0/",
     "http:///path", "http://[::1", "http://blog.example.org:x/", "data:text/html,x"],
)  # fmt: skip
def test_urls_that_are_not_even_looked_up(url: str) -> None:
    with pytest.raises(EgressRefused) as caught:
        Egress({}).check(url)
    assert "example" not in str(caught.value)


def answering(*addresses: str) -> Any:
    """A name service that answers each time with the next address, or with several at once, parted by a plus sign."""
    left = list(addresses)

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in left.pop(0).split("+")]

    return resolve


def test_each_look_up_is_judged_so_rebinding_gains_nothing() -> None:
    egress = Egress({}, answering("93.184.215.14", "127.0.0.1", "93.184.215.14"))
    assert egress.getaddrinfo("blog.example.org", 80)
    with pytest.raises(socket.gaierror):
        egress.getaddrinfo("blog.example.org", 80)
    assert isinstance(egress.verdict("blog.example.org"), EgressRefused)
    assert egress.getaddrinfo("blog.example.org", 80)
    assert egress.verdict("blog.example.org") is None


def test_one_private_address_among_public_ones_is_refused() -> None:
    with pytest.raises(socket.gaierror):
        Egress({}, answering("93.184.215.14+10.0.0.1")).getaddrinfo("blog.example.org", 80)


def test_a_name_that_does_not_exist_is_told_from_a_silent_name_service() -> None:
    for number, kind in ((socket.EAI_NONAME, UnknownHost), (socket.EAI_AGAIN, type(None))):

        def resolve(*_: Any, number: int = number, **__: Any) -> list[Any]:
            raise socket.gaierror(number, "x")

        egress = Egress({}, resolve)
        with pytest.raises(socket.gaierror):
            egress.getaddrinfo("blog.example.org", 80)
        assert isinstance(egress.verdict("blog.example.org"), kind)


def test_a_stand_in_opens_its_own_port_and_no_other() -> None:
    egress = Egress({"http://blog.example.org": "http://127.0.0.1:8650"}, answering("127.0.0.1", "127.0.0.1"))
    assert egress.stand_in("http://blog.example.org/a?b=c") == "http://127.0.0.1:8650/a?b=c"
    assert egress.stand_in("https://blog.example.org/") is None
    assert egress.getaddrinfo("127.0.0.1", 8650)
    with pytest.raises(socket.gaierror):
        egress.getaddrinfo("127.0.0.1", 80)
    with pytest.raises(EgressRefused):
        egress.check("http://127.0.0.1:8650/")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "127.1", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]"])
def test_no_spelling_of_loopback_is_connected_to(host: str) -> None:
    with pytest.raises(CrawlError) as caught:
        list(crawler().crawl(request(f"http://{host}/")))
    assert isinstance(caught.value, Blocked), caught.value


def test_scrapy_listens_nowhere_and_checks_certificates() -> None:
    settings = settings_for(crawler()._job(request("http://blog.example.org/")))
    for name in (
        "TELNETCONSOLE_ENABLED",
        "REMOTE_CONTROL_ENABLED",
        "COOKIES_ENABLED",
        "HTTPPROXY_ENABLED",
        "LOG_ENABLED",
        "METAREFRESH_ENABLED",
    ):
        assert settings[name] is False, name
    assert settings["DOWNLOAD_VERIFY_CERTIFICATES"] is True
    assert settings["ROBOTSTXT_OBEY"] is True
    assert {scheme for scheme, handler in settings["DOWNLOAD_HANDLERS"].items() if handler} == {"http", "https"}
    assert "JOBDIR" not in settings


def test_scrapy_knows_every_setting_that_we_name() -> None:
    """A setting that a new Scrapy renamed would be ignored in silence; asked in a process of its own, away from the reactor."""
    script = "from scrapy.settings import default_settings as d; import sys\n"
    script += "sys.exit(' '.join(n for n in sys.argv[1:] if not hasattr(d, n)) or 0)"
    names = list(settings_for(crawler()._job(request("http://blog.example.org/"))))
    done = subprocess.run([sys.executable, "-c", script, *names], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
