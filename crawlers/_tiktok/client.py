"""TikTok's Display API: three questions and the renewal of a token, over a plain session of ours.

An answer is `{"data": {…}, "error": {"code": "ok", "message": "", "log_id": "…"}}`; its code is judged, its message never
repeated. Tokens travel in headers and in the body of the renewal alone. What a renewal answers is a secret: it is no evidence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn

from core.errors import AuthError, Blocked, ParseError, PermissionMissing, PlatformDown, RateLimited
from core.seams import Meter
from crawlers._exchange import Answer, Exchange
from crawlers._rebase import rebased_session
from crawlers._strict import mapping
from crawlers._tiktok.videos import USER_FIELDS, VIDEO_FIELDS

COLLECTOR = "tiktok 1, Display API v2"
MAX_IDS = 20  # of one lookup
MAX_COUNT = 20  # videos of one page
_URL = "https://open.tiktokapis.com/"
_CODE = re.compile(r"[a-z][a-z0-9_]{1,60}", re.ASCII)
_WINDOW = timedelta(minutes=1)  # TikTok counts requests over a sliding minute
_SCOPES = "user.info.basic, user.info.profile and video.list"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What TikTok gave for a refresh token: an access token for hours, and the refresh token that counts from now on."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


class DisplayClient:
    """Asks TikTok with the token of one account. Methods raise CrawlError and return an answer that holds no error."""

    def __init__(
        self,
        *,
        token: str,
        base_url: str,
        timeout: float,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._session = rebased_session(_URL, base_url, seconds=timeout)
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._clock = clock
        self._exchange = Exchange("TikTok", self._session, collector=COLLECTOR, secrets=[token], clock=clock, sleep=sleep)

    def read_for(self, meter: Meter) -> None:
        """Charge what is asked from now on to this meter."""
        self._exchange.meter = meter

    def user(self) -> Answer:
        """The account that the token is of."""
        return self._ask(lambda: self._session.get(f"{_URL}v2/user/info/", params={"fields": USER_FIELDS}))

    def videos(self, *, before: int | None, count: int) -> Answer:
        """One page of its public videos, newest first; `before` is milliseconds since 1970."""
        body = {"max_count": count} | ({} if before is None else {"cursor": before})
        return self._post("v2/video/list/", body)

    def lookup(self, ids: Sequence[str]) -> Answer:
        """Those of at most MAX_IDS videos that are the account's own and public."""
        return self._post("v2/video/query/", {"filters": {"video_ids": list(ids)}})

    def close(self) -> None:
        self._session.close()

    def _post(self, path: str, body: dict[str, Any]) -> Answer:
        return self._ask(lambda: self._session.post(_URL + path, params={"fields": VIDEO_FIELDS}, json=body))

    def _ask(self, call: Callable[[], object]) -> Answer:
        return self._exchange.ask(call, lambda answer: judge(answer, now=self._clock()))


def renew(
    *,
    refresh_token: str,
    client_key: str,
    client_secret: str,
    base_url: str,
    timeout: float,
    clock: Callable[[], datetime],
    meter: Meter,
) -> Renewed:
    """Exchange a refresh token. Asked once and never again: TikTok may have taken the old token back though no answer came.

    Raises:
        AuthError: TikTok takes neither this token nor this application.
        CrawlError: anything else.
    """
    session = rebased_session(_URL, base_url, seconds=timeout)
    # Nothing is struck out of this answer, because nobody keeps it: the new tokens in it could not be known beforehand.
    exchange = Exchange("TikTok", session, collector=COLLECTOR, secrets=[], clock=clock, sleep=_refuse_again)
    exchange.meter = meter
    form = {
        "client_key": client_key,
        "client_secret": client_secret,
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
    }
    try:
        answer = exchange.ask(lambda: session.post(f"{_URL}v2/oauth/token/", data=form), _judge_renewal)
    except _NotAgain:
        raise PlatformDown("TikTok did not answer the renewal of a token; it may have taken the old one back") from None
    finally:
        session.close()
    document = answer.json()
    access, refresh = document.get("access_token"), document.get("refresh_token", refresh_token)
    if not (isinstance(access, str) and access.strip() and isinstance(refresh, str) and refresh.strip()):
        raise ParseError("TikTok answered the renewal of a token without a token")
    return Renewed(access_token=access.strip(), refresh_token=refresh.strip())


class _NotAgain(Exception):
    """A renewal is about to be asked for a second time."""


def _refuse_again(_seconds: float) -> NoReturn:
    raise _NotAgain


def judge(answer: Answer, *, now: datetime) -> None:
    """Raise the CrawlError that an answer means; return when it is a good one."""
    _refuse_pages_for_people(answer)
    if not answer.is_json:
        raise PlatformDown(f"TikTok answered with something other than JSON ({answer.status})")
    code = mapping(answer.json(), "error").get("code")
    if answer.status == 200 and code == "ok":
        return
    code = code if isinstance(code, str) and _CODE.fullmatch(code) else ""
    place = f"({answer.status}{f', {code}' if code else ''})"
    if code == "access_token_invalid" or (answer.status == 401 and not code.startswith("scope_")):
        raise AuthError(f"TikTok refuses the account's access token {place}; it lives for hours only: renew it")
    if code in {"scope_not_authorized", "scope_permission_missed"} or answer.status == 403:
        raise PermissionMissing(f"TikTok: the account's owner has not granted {_SCOPES} {place}")
    if code == "rate_limit_exceeded" or answer.status == 429:
        raise RateLimited(f"TikTok asks to wait {place}", until=now + _WINDOW)
    if code == "internal_error" or answer.status >= 500:
        raise PlatformDown(f"TikTok is out of order {place}")
    raise ParseError(f"TikTok refused the question {place}")


def _judge_renewal(answer: Answer) -> None:
    _refuse_pages_for_people(answer)
    if answer.status >= 500 or not answer.is_json:
        raise PlatformDown(f"TikTok is out of order ({answer.status})")
    error = answer.json().get("error")
    if answer.status == 429:
        raise RateLimited("TikTok asks to wait (429)")
    if answer.status == 200 and error is None:
        return
    code = error if isinstance(error, str) and _CODE.fullmatch(error) else "no code that we know"
    raise AuthError(
        f"TikTok does not renew the account's token ({answer.status}, {code}); its owner must let our application in again"
    )


def _refuse_pages_for_people(answer: Answer) -> None:
    if not answer.is_json and answer.status < 400:
        raise Blocked(f"TikTok answered with a page for people instead of data ({answer.status}): a login or a challenge")
