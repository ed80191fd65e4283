"""One Mastodon-compatible server through Mastodon.py; each answer is judged here and is good when it comes back.

Mastodon.py waits for rate limits inside of a call unless it is told to throw, takes a token for the name of a file where there
is one of that name, and hides what went wrong in its own error; so it asks once, through our session that holds the token, and
everything after that is ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any, TypeGuard
from urllib.parse import parse_qs, urlsplit

import requests
from mastodon import Mastodon, MastodonNetworkError
from requests.utils import parse_header_links

from core.errors import (
    AccountNotFound,
    AuthError,
    Blocked,
    CrawlError,
    ParseError,
    PermissionMissing,
    PlatformDown,
    RateLimited,
)
from crawlers._egress import Egress, EgressRefused, UnknownHost
from crawlers._exchange import Answer, Exchange, reset_time
from crawlers._public_address import PublicAdapter
from crawlers._rebase import bare_session, rebased_session
from crawlers._strict import instant, parse_list, text

COLLECTOR = f"mastodon 1, Mastodon.py {version('Mastodon.py')}"
PAGE = 40  # posts of one answer, the most that Mastodon gives
MISSING = (404, 410)
_ACTIVITY = "application/activity+json"
_FARTHEST = timedelta(days=31)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)  # numbers, flake ids (Pleroma), ULIDs (GoToSocial)


def is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _ID.fullmatch(value) is not None


class MastodonClient:
    """Asks one server. Every method raises CrawlError; answers hold no error, but for the statuses that a method names."""

    def __init__(
        self,
        host: str,
        *,
        token: str,
        base_url: str | None,
        user_agent: str,
        timeout: float,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        prefix = f"https://{host}/"
        self.host = host
        self._has_token = bool(token)
        self._egress: Egress | None = None
        if base_url:
            session = rebased_session(prefix, base_url, seconds=timeout)
            session.headers["Host"] = host  # how whoever stands in tells the servers apart
        else:
            adapter = PublicAdapter(seconds=timeout)
            self._egress = adapter.egress
            session = bare_session(prefix, adapter)
        if token:
            session.headers["Authorization"] = f"Bearer {token}"
        session.headers["User-Agent"] = user_agent
        self._session = session
        self._clock = clock
        self._api = Mastodon(
            api_base_url=prefix.rstrip("/"),
            session=session,
            user_agent=user_agent,
            request_timeout=timeout,
            ratelimit_method="throw",
            version_check_mode="none",
        )
        self.exchange = Exchange(
            "Mastodon", session, collector=COLLECTOR, secrets=[token] if token else [], clock=clock, sleep=sleep
        )
        self._shut_until: datetime | None = None

    def account_by_name(self, name: str) -> Answer:
        return self._ask(lambda: self._api.account_lookup(name))

    def account_by_id(self, native_id: str) -> Answer:
        return self._ask(lambda: self._api.account(native_id))

    def statuses(self, native_id: str, max_id: str | None) -> Answer:
        """One page of an account's posts, newest first; those behind `max_id` where one is given."""
        return self._ask(lambda: self._api.account_statuses(native_id, max_id=max_id, limit=PAGE))

    def status(self, native_id: str) -> Answer:
        """One post; also an answer of a status in MISSING, where the server itself says so."""
        return self._ask(lambda: self._api.status(native_id), also=MISSING)

    def permalink(self, address: str) -> Answer | None:
        """A post's own address, asked for as another server would: an answer of status 200 or in MISSING, None for all else."""
        try:
            return self._ask(lambda: self._session.get(address, headers={"Accept": _ACTIVITY}), judge=_judge_permalink)
        except (ParseError, PlatformDown):
            return None

    def close(self) -> None:
        self._session.close()

    def _ask(
        self, call: Callable[[], object], *, also: tuple[int, ...] = (), judge: Callable[[Answer], None] | None = None
    ) -> Answer:
        now = self._clock()
        if self._shut_until and now < self._shut_until:
            raise RateLimited("Mastodon: the server's limit is used up", until=self._shut_until)
        try:
            answer = self.exchange.ask(lambda: _open(call), judge or (lambda answer: self._judge(answer, also)))
        except CrawlError as error:
            raise self._refusal() or error from None
        is_empty = answer.headers.get("x-ratelimit-remaining", "").strip() == "0"
        self._shut_until = _reset(answer.headers, now=now) if is_empty else None
        return answer

    def _refusal(self) -> CrawlError | None:
        """What our own guard has to say of the host."""
        verdict = self._egress.verdict(self.host) if self._egress else None
        if isinstance(verdict, EgressRefused):
            return Blocked(f"our own guard refused {verdict}")
        return AccountNotFound("Mastodon: there is no such server") if isinstance(verdict, UnknownHost) else None

    def _judge(self, answer: Answer, also: tuple[int, ...]) -> None:
        """Raise what an answer's status and error mean."""
        status = answer.status
        if status == 429:
            raise RateLimited(
                "Mastodon: too many questions to this server (429)", until=_reset(answer.headers, now=self._clock())
            )
        if status >= 500:
            raise PlatformDown(f"the Mastodon server is out of order ({status})")
        if "json" not in answer.raw.media_type:
            if status == 404:
                raise AccountNotFound("the server does not speak Mastodon's language (404)")
            raise Blocked(f"the Mastodon server answered with a page in place of data ({status}): a login or a challenge")
        if status == 200 or status in also:
            return
        if status in (401, 403) or (status == 422 and "authenticated user" in _error(answer)):
            self._judge_closed(status)
        if status in MISSING:
            raise AccountNotFound(f"the Mastodon server knows no such account ({status}); it was renamed or deleted")
        raise ParseError(f"the Mastodon server refused the question ({status})")

    def _judge_closed(self, status: int) -> None:
        if not self._has_token:
            raise PermissionMissing(
                f"Mastodon: instance closed, token needed ({status}); set it under tokens in [platforms.mastodon], "
                "or in NIGHTROUNDS_PLATFORMS__MASTODON__TOKENS"
            )
        if status == 403:
            raise PermissionMissing("Mastodon: the server's token may not read this (403); it needs the scope 'read'")
        raise AuthError(f"the Mastodon server refuses its token ({status}); make a new one there")


def items_of(answer: Answer) -> list[Any]:
    """The list that is the whole answer. Raises ParseError."""
    return parse_list(answer.raw.body)


def onward(answer: Answer) -> str | None:
    """The id behind which the server's next page begins: empty where it says that there is none, None where it says nothing."""
    header = answer.headers.get("link", "")
    if not header.strip():
        return None
    try:
        links = parse_header_links(header)
        following = next((one["url"] for one in links if one.get("rel") == "next"), "")
        place = parse_qs(urlsplit(following).query, max_num_fields=100).get("max_id", [""])[0]
    except (ValueError, KeyError, IndexError):
        raise ParseError("Mastodon: the Link header can't be read") from None
    if following and not is_id(place):
        raise ParseError("Mastodon says that a page follows, but not where")
    return place


def _open(call: Callable[[], object]) -> None:
    """The library says 'network error' of everything: what went wrong is what it holds."""
    try:
        call()
    except MastodonNetworkError as error:
        cause = error.__context__
        if not isinstance(cause, (requests.RequestException, EgressRefused)):
            raise
    else:
        return
    raise cause


def _judge_permalink(answer: Answer) -> None:
    if answer.status == 429:
        raise RateLimited("Mastodon: too many questions to this server (429)")
    if answer.status != 200 and answer.status not in MISSING:
        raise ParseError(f"Mastodon does not show the post's address ({answer.status})")


def _error(answer: Answer) -> str:
    try:
        return text(answer.json(), "error")
    except ParseError:
        return ""


def _reset(headers: Mapping[str, str], *, now: datetime) -> datetime | None:
    """When the server answers again: a time in ISO 8601 (Mastodon), seconds since 1970 (GoToSocial), or Retry-After."""
    told = headers.get("x-ratelimit-reset", "").strip()
    if until := reset_time(told, now=now, epoch=True) or reset_time(headers.get("retry-after"), now=now, epoch=False):
        return until
    try:
        moment = instant({"reset": told}, "reset") if told else None
    except ParseError:
        moment = None
    return max(moment.astimezone(UTC), now) if moment and moment - now < _FARTHEST else None
