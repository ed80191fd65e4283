"""Reddit's API through praw, with an application-only login; each answer is judged here and is good when it comes back.

praw's core sleeps before a question when a limit comes near, asks three times by itself and logs in behind one's back. So its
limiter and its retries are taken out, the login is a question of its own, and waiting is left to the scheduler.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import praw
import requests
from praw.const import __version__
from prawcore.exceptions import RequestException
from prawcore.rate_limit import RateLimiter
from prawcore.sessions import FiniteRetryStrategy

from core.errors import (
    AccountNotFound,
    AccountPrivate,
    AuthError,
    Blocked,
    CrawlError,
    ParseError,
    PlatformDown,
    RateLimited,
)
from core.seams import UNMETERED, Meter
from crawlers._exchange import Answer, Exchange, reset_time
from crawlers._rebase import RebaseAdapter, rebased_session
from crawlers._strict import mapping, objects, parse_object, text

COLLECTOR = f"reddit 1, praw {__version__}"
MAX_IDS = 100  # of one lookup
PAGE = 100  # posts of one answer, the most that Reddit gives
API_URL = "https://oauth.reddit.com"
_LOGIN_URL = "https://www.reddit.com"
_SPARE = timedelta(minutes=2)  # a login is renewed so long before it ends
_LONGEST_LOGIN = 86_400  # seconds


class _NoWaiting(RateLimiter):
    """Asks at once: the limit is watched by RedditClient."""

    def delay(self) -> None:
        """Nothing to wait for."""

    def update(self, *, response_headers: Mapping[str, str]) -> None:
        """Nothing to note."""


class _Once(FiniteRetryStrategy):
    """One try a call: Exchange tries again."""

    def _sleep_seconds(self) -> float | None:
        return None

    def should_retry_on_failure(self) -> bool:
        return False


class _LoginEnded(AuthError):
    """Reddit does not take the access token any more."""


class RedditClient:
    """Asks Reddit. Every method raises CrawlError; answers hold no error, but for the statuses that a method names."""

    def __init__(
        self,
        *,
        client_id: str,
        client_secret: str,
        user_agent: str,
        base_url: str,
        timeout: float,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        session = rebased_session(f"{API_URL}/", base_url, seconds=timeout)
        login_url = _LOGIN_URL if base_url == API_URL else base_url
        session.mount(f"{_LOGIN_URL}/", RebaseAdapter(login_url, seconds=timeout))
        self._session = session
        self._clock = clock
        self._sleep = sleep
        self._secrets = [client_secret, base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()]
        self._reddit = praw.Reddit(
            client_id=client_id,
            client_secret=client_secret,
            user_agent=user_agent,
            reddit_url=_LOGIN_URL,
            oauth_url=API_URL,
            username=None,  # named here, so that no praw.ini and no environment can put in others
            password=None,
            refresh_token=None,
            check_for_updates=False,
            check_for_async=False,
            requestor_kwargs={"session": session, "timeout": timeout},
        )
        core: Any = self._reddit._core
        core._rate_limiter = _NoWaiting(window_size=600)
        core._retry_strategy_class = _Once
        self._core = core
        self.meter: Meter = UNMETERED
        self._exchange = self._exchange_without([])
        self._login_ends: datetime | None = None
        self._shut_until: datetime | None = None

    def _exchange_without(self, secrets: Sequence[str]) -> Exchange:
        """An exchange that strikes out these secrets too."""
        self._session.hooks["response"].clear()
        return Exchange(
            "Reddit",
            self._session,
            collector=COLLECTOR,
            secrets=[*self._secrets, *secrets],
            clock=self._clock,
            sleep=self._sleep,
        )

    def about(self, name: str) -> Answer:
        return self._ask(f"user/{name}/about", {})

    def posts(self, name: str, listing: str, after: str | None) -> Answer:
        """One page of 'submitted' or 'comments', newest first, behind the post `after` where one is given."""
        place: dict[str, str | int] = {"after": after} if after else {}
        return self._ask(f"user/{name}/{listing}", {"sort": "new", "limit": PAGE, **place})

    def info(self, ids: Sequence[str]) -> Answer:
        """Posts and comments by their full names, at most MAX_IDS."""
        return self._ask("api/info", {"id": ",".join(ids)})

    def permalink(self, path: str) -> Answer:
        """A post at its own address; also an answer of status 403 or 404, where Reddit itself says so."""
        return self._ask(path.strip("/"), {"limit": 1, "depth": 1}, also=(403, 404))

    def close(self) -> None:
        self._session.close()

    def _ask(self, path: str, parameters: dict[str, str | int], also: tuple[int, ...] = ()) -> Answer:
        now = self._clock()
        if self._shut_until and now < self._shut_until:
            raise RateLimited("Reddit: the limit is used up", until=self._shut_until)
        if self._login_ends is None or now >= self._login_ends:
            self._log_in()
        for is_last in (False, True):
            try:
                answer = self._send(path, also, parameters)
                break
            except _LoginEnded:
                if is_last:
                    raise AuthError("Reddit refuses the login that it has just given (401)") from None
                self._log_in()
        self._shut_until = _wall(answer.headers, now=now)
        return answer

    def _send(self, path: str, also: tuple[int, ...], parameters: dict[str, str | int]) -> Answer:
        self._exchange.meter = self.meter
        return self._exchange.ask(
            lambda: _open(lambda: self._reddit.request(method="GET", path=path, params=parameters)),
            lambda answer: _judge(answer, also, now=self._clock()),
        )

    def _log_in(self) -> None:
        self._login_ends = None
        self._exchange = self._exchange_without([])
        self._exchange.meter = self.meter
        authorizer: Any = self._core.authorizer
        answer = self._exchange.ask(lambda: _open(authorizer.refresh), lambda answer: _judge_login(answer, now=self._clock()))
        login = answer.json()
        token, seconds = text(login, "access_token"), login.get("expires_in")
        if not token or authorizer.access_token != token or not isinstance(seconds, int) or isinstance(seconds, bool):
            raise ParseError("Reddit's answer to the login can't be read")
        self._login_ends = self._clock() + timedelta(seconds=min(max(seconds, 0), _LONGEST_LOGIN)) - _SPARE
        self._exchange = self._exchange_without([token])


def children_of(answer: Answer) -> list[dict[str, Any]]:
    """What stands at the top of a post's own page, which is a list of listings: the post, then its comments."""
    found = parse_object(b'{"items":' + answer.raw.body + b"}")
    listings = [mapping(one, "data") for one in objects(found, "items")]
    return [child for listing in listings for child in objects(listing, "children")]


def refusal_of(answer: Answer) -> str:
    """Why Reddit does not show something, in its own word ('private', 'quarantined', 'banned'); empty if it says none."""
    try:
        return text(answer.json(), "reason")
    except ParseError:
        return ""


def _open(call: Callable[[], object]) -> None:
    """The library wraps what went wrong on the way."""
    try:
        call()
    except RequestException as error:
        cause = error.original_exception
        if not isinstance(cause, requests.RequestException):
            raise
    else:
        return
    raise cause


def _judge(answer: Answer, also: tuple[int, ...], *, now: datetime) -> None:
    """Raise what an answer's status and error mean."""
    _judge_shared(answer, now=now)
    status = answer.status
    if status == 200 or status in also:
        return
    if status == 401:
        raise _LoginEnded("Reddit: the login has ended (401)")
    raise _refusal(answer)


def _refusal(answer: Answer) -> CrawlError:
    status = answer.status
    if status == 403:
        return AccountPrivate("Reddit does not show the account (403)")
    if status == 404:
        return AccountNotFound("Reddit knows no such account (404); it was deleted")
    if status == 451:
        return AccountPrivate("Reddit withholds the account where we ask from (451)")
    return ParseError(f"Reddit refused the question ({status})")


def _judge_login(answer: Answer, *, now: datetime) -> None:
    _judge_shared(answer, now=now)
    if answer.status in (400, 401, 403) or "error" in answer.json():
        raise AuthError(
            f"Reddit refuses the application's id or secret ({answer.status}); check client_id and client_secret under "
            "[platforms.reddit]"
        )
    if answer.status != 200:
        raise ParseError(f"Reddit refused the login ({answer.status})")


def _judge_shared(answer: Answer, *, now: datetime) -> None:
    status = answer.status
    if status == 429:
        until = _reset(answer.headers, now=now) or reset_time(answer.headers.get("retry-after"), now=now, epoch=False)
        raise RateLimited("Reddit: too many questions (429)", until=until)
    if status >= 500:
        raise PlatformDown(f"Reddit is out of order ({status})")
    if not answer.is_json and "json" not in answer.raw.media_type:
        raise Blocked(f"Reddit answered with a page in place of data ({status}): a login, a challenge, or it refuses our agent")


def _reset(headers: Mapping[str, str], *, now: datetime) -> datetime | None:
    """Reddit counts seconds from now, with a fraction or without."""
    return reset_time(headers.get("x-ratelimit-reset", "").partition(".")[0], now=now, epoch=False)


def _wall(headers: Mapping[str, str], *, now: datetime) -> datetime | None:
    """When to ask again if the last question but one of this window is spent; None while there is room."""
    left = headers.get("x-ratelimit-remaining", "").strip().partition(".")[0]
    return _reset(headers, now=now) if left in {"0", "1"} else None
