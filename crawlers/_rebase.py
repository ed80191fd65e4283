"""A requests adapter for client libraries with a fixed host: it sends their questions to ours, in bounded time and size.

tweepy and facebook-sdk know one host each, and no time-out (tweepy) or no size limit (both). The base URL that stands in is a
site's own setting: the platform itself, a gateway, or the loopback sandbox.
"""

from __future__ import annotations

from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError

from crawlers._deadline import BoundedAdapter, within

MAX_BODY = 8 * 1024 * 1024  # bytes after decompression; a page of 100 long posts with all their parts is below 2 MiB
_CONNECT_SECONDS = 10.0
_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
_STEP = 64 * 1024


class TooLarge(requests.RequestException):
    """The answer is larger than MAX_BODY."""


class RebaseAdapter(BoundedAdapter):
    """Sends what is meant for the library's own host to `base_url`; reads the whole answer, at most `seconds` and MAX_BODY."""

    def __init__(self, base_url: str, *, seconds: float) -> None:
        super().__init__(max_retries=0)
        self._base = urlsplit(base_url)
        self._seconds = seconds

    def send(self, request: requests.PreparedRequest, *_args: Any, **options: Any) -> requests.Response:
        """The answer with its body read. Raises requests' exceptions: TooLarge, and Timeout for one that trickles, too."""
        rebased = request.copy()
        asked = urlsplit(request.url or "")
        path = self._base.path.rstrip("/") + asked.path
        rebased.url = urlunsplit((self._base.scheme, self._base.netloc, path, asked.query, ""))
        options |= {
            "stream": True,
            "timeout": (min(_CONNECT_SECONDS, self._seconds), self._seconds),
            "proxies": {} if self._base.hostname in _LOCAL else get_environ_proxies(rebased.url),  # not the library's host's
        }
        with within(self._seconds):
            return read_whole(super().send(rebased, **options))


def read_whole(response: requests.Response) -> requests.Response:
    """The answer with its body read, at most MAX_BODY. Raises requests' exceptions."""
    try:
        body = _read(response)
    finally:
        response.close()
    response._content = body
    response._content_consumed = True  # type: ignore[attr-defined]  # with it, what requests does for `.content`
    response.encoding = "utf-8"  # else a library may have the encoding of megabytes guessed
    return response


def _read(response: requests.Response) -> bytes:
    """The body piece by piece as it arrives, unpacked once: a packing within a packing holds any size."""
    if "," in response.headers.get("Content-Encoding", ""):
        raise requests.exceptions.ContentDecodingError("packed more than once")
    pieces: list[bytes] = []
    size = 0
    try:
        while piece := response.raw.read1(_STEP, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > MAX_BODY:
                raise TooLarge(f"more than {MAX_BODY} bytes")
    except (HTTPError, OSError) as error:
        if isinstance(error, requests.RequestException):
            raise
        raise requests.ConnectionError("the body broke off") from error
    return b"".join(pieces)


class KeepAuth(requests.auth.AuthBase):
    """Keeps requests from replacing our Authorization header by what a .netrc file says of the host."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def rebased_session(library_url: str, base_url: str, *, seconds: float) -> requests.Session:
    """A session that reaches `base_url` and nothing else: other hosts and redirects are refused, so no token can travel."""
    return bare_session(library_url, RebaseAdapter(base_url, seconds=seconds))


def bare_session(prefix: str, adapter: HTTPAdapter) -> requests.Session:
    """A session that reaches addresses with this prefix and nothing else: no redirects, no cookies, no .netrc."""
    session = requests.Session()
    session.adapters.clear()
    session.mount(prefix, adapter)
    session.max_redirects = 0
    session.auth = KeepAuth()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


def trusted_base_url(url: str) -> str:
    """Check a base URL from the settings: https, or http to this very machine (a sandbox); nothing but scheme, host and path.

    Raises:
        ValueError: anything else; a token must not travel in clear.
    """
    parts = urlsplit(url)
    schemes = {"https", "http"} if parts.hostname in _LOCAL else {"https"}
    if not parts.hostname or parts.scheme not in schemes:
        raise ValueError("expected an https address (http only for this very machine)")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("expected scheme, host and path alone")
    return url.rstrip("/")
