"""One question to a platform through its client library, and the answer as evidence: retried, bounded, without secrets.

The libraries judge answers too, and break on hostile ones (tweepy's errors read JSON that need not be there, facebook-sdk
wants a content type); so the answer is kept as it arrives and judged here, whatever the library makes of it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import requests
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from core.errors import CrawlError, ParseError, PlatformDown
from core.records import RawPage
from core.seams import UNMETERED, Meter
from crawlers._quiet import quiet
from crawlers._rebase import TooLarge
from crawlers._strict import CutShort, parse_object

TRIES = 4
VISIT_SECONDS = 1800.0  # that the questions of one visit may take together: a slow server must not hold the others up
_LONGEST_WAIT = 8.0  # seconds; longer waits are the scheduler's business
_KEPT_HEADERS = re.compile(
    r"content-type|date|etag|last-modified|api-version|facebook-api-version|(x-)?rate-?limit-.*|x-(app|page)-usage"
    r"|x-business-use-case-usage|x-fb-trace-id|retry-after",
    re.IGNORECASE,
)
_REDACTED = b"REDACTED"
_FARTHEST = timedelta(days=31)  # a reset beyond that is no reset


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a platform answered: its bytes as evidence, and what is needed to judge it. `raw` holds no secret."""

    raw: RawPage = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)  # by lower-case name

    @property
    def status(self) -> int:
        return self.raw.status

    @property
    def is_json(self) -> bool:
        """Whether the platform itself seems to speak: a gateway's error page is HTML."""
        return "json" in self.raw.media_type or (not self.raw.media_type and self.raw.body.lstrip()[:1] == b"{")

    def json(self) -> dict[str, Any]:
        """Raises ParseError."""
        return parse_object(self.raw.body)


class Exchange:
    """Asks through a library whose session is `session`.

    `secrets` are struck out of whatever a platform echoes (Graph puts the token into its paging addresses): that is the one
    way in which a RawPage's body may differ from the decompressed bytes, and its headers then say so.
    """

    def __init__(
        self,
        platform: str,
        session: requests.Session,
        *,
        collector: str,
        secrets: Sequence[str],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._platform = platform
        self._collector = collector
        self._secrets = _spellings(secrets)
        self._clock = clock
        self._sleep = sleep
        self._kept: list[requests.Response] = []
        self._meter: Meter = UNMETERED
        self._asking = 0.0  # seconds that the questions of this visit took
        session.hooks["response"].append(self._keep)

    @property
    def meter(self) -> Meter:
        """That of the account being read. Setting it begins a visit."""
        return self._meter

    @meter.setter
    def meter(self, meter: Meter) -> None:
        self._meter = meter
        self._asking = 0.0

    def _keep(self, response: requests.Response, *_args: Any, **_options: Any) -> None:
        self._kept.append(response)

    def ask(self, call: Callable[[], object], judge: Callable[[Answer], None], *, units: int = 0) -> Answer:
        """Run `call`, a call of the library, and return the answer that `judge` found good. A try costs `units` of quota.

        PlatformDown and CutShort, from either, are tried again with full jitter; any other CrawlError is final. So is the
        PlatformDown that ends a visit whose questions took VISIT_SECONDS.
        """
        if self._asking > VISIT_SECONDS:
            raise PlatformDown(f"{self._platform} answers so slowly that this account took more than its time")
        retrying = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=wait_random_exponential(multiplier=0.5, max=_LONGEST_WAIT),
            retry=retry_if_exception_type((PlatformDown, CutShort)),
            sleep=self._sleep,
            reraise=True,
        )
        began = time.monotonic()
        try:
            return retrying(self._ask_once, call, judge, units)
        finally:
            self._asking += time.monotonic() - began

    def _ask_once(self, call: Callable[[], object], judge: Callable[[Answer], None], units: int) -> Answer:
        self.meter.ask(units=units)
        answer = self._answer(self._send(call))
        if 300 <= answer.status < 400:
            raise ParseError(f"{self._platform} answered with a redirect ({answer.status}), which we don't follow")
        judge(answer)
        return answer

    def _send(self, call: Callable[[], object]) -> requests.Response:
        """The answer as it arrived. Our error is raised outside of the except clauses: it must not even hold the cause."""
        self._kept.clear()
        try:
            with quiet():
                call()
            failure: CrawlError = ParseError(f"{self._platform}: the client library asked nothing")
        except requests.Timeout:
            failure = PlatformDown(f"{self._platform} did not answer in time")
        except TooLarge:
            failure = ParseError(f"{self._platform} answered with more bytes than we read")
        except requests.RequestException as error:
            failure = PlatformDown(f"{self._platform} can't be reached ({type(error).__name__})")
        except Exception as error:  # the library stumbled over an answer, which we have, or over our question
            failure = ParseError(f"{self._platform}: the client library failed ({type(error).__name__})")
        if not self._kept:
            raise failure
        return self._kept.pop()

    def _answer(self, response: requests.Response) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        body, struck = self._without_secrets(response.content)
        kept = [(name, self._without_secrets(value.encode())[0].decode()) for name, value in sorted(headers.items())]
        kept = [pair for pair in kept if _KEPT_HEADERS.fullmatch(pair[0])]
        if struck:
            kept.append(("nightrounds-redacted", "credential echoed by the platform"))
        raw = RawPage(
            url=self._without_secrets(_scrubbed(response.url).encode())[0].decode(),
            body=body,
            media_type=headers.get("content-type", "").partition(";")[0].strip().lower(),
            status=response.status_code,
            fetched_at=self._clock(),
            collector=self._collector,
            headers=tuple(kept),
        )
        return Answer(raw=raw, headers=headers)

    def _without_secrets(self, content: bytes) -> tuple[bytes, bool]:
        clean = content
        for secret in self._secrets:
            clean = clean.replace(secret, _REDACTED)
        return clean, clean is not content and clean != content


def _spellings(secrets: Sequence[str]) -> tuple[bytes, ...]:
    """Each secret as it may stand in an address or in JSON, longest first."""
    forms = {form for secret in secrets for form in (secret, quote(secret, safe=""), unquote(secret))}
    forms |= {form.replace("/", "\\/") for form in forms}
    return tuple(sorted((form.encode() for form in forms if len(form) >= 8), key=len, reverse=True))


def _scrubbed(url: str) -> str:
    parts = urlsplit(url)
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k not in {"access_token", "appsecret_proof"}]
    return urlunsplit(parts._replace(query=urlencode(query, safe=",{}()")))


def reset_time(seconds: str | None, *, now: datetime, epoch: bool) -> datetime | None:
    """When a platform will answer again: a header in whole seconds, since 1970 (`epoch`) or from now; None if it is no time."""
    if seconds is None or not re.fullmatch(r"\d{1,11}", seconds.strip(), re.ASCII):
        return None
    count = int(seconds)
    moment = datetime.fromtimestamp(count, UTC) if epoch else now + timedelta(seconds=count)
    return max(moment, now) if moment - now < _FARTHEST else None
