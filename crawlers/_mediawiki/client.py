"""Questions to one wiki's API through mwclient, one after another, and what its answers mean as errors.

mwclient's own retries are switched off: it would repeat a question 25 times and sleep for hours. A wiki that lags or asks us to
wait is waited for here, for a minute at most; longer waits are the scheduler's business.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from mwclient import Site

from core.errors import AccountNotFound, AccountPrivate, Blocked, CrawlError, ParseError, PlatformDown, RateLimited
from core.records import RawPage
from core.seams import Meter
from crawlers._egress import Egress, EgressRefused, UnknownHost
from crawlers._exchange import Answer, Exchange, reset_time
from crawlers._public_address import PublicAdapter
from crawlers._rebase import bare_session, rebased_session
from crawlers._strict import is_fit, mapping, objects

COLLECTOR = "crawlers.mediawiki/1"
_MAX_LAG = 5  # seconds that a wiki's database replicas may be behind before it sends readers away
_LONGEST_WAIT = 60.0  # seconds
_WAITS = 3
_LONGEST_ALTOGETHER = 600.0  # seconds of waiting in one crawl of a wiki
_MOST_PARTS = 40  # answers that one question may be spread over
_MOST_BYTES = 32 * 2**20  # of all these answers
_MOST_ENTRIES = 500  # pages, or lines of a list, of one question; no wiki gives strangers more
_CODE = re.compile(r"[A-Za-z0-9_-]{1,60}")
_PLACE = re.compile(r"[a-z]{1,12}continue|continue")
_PRIVATE = {"readapidenied", "permissiondenied", "mustbeloggedin"}
_WAITING = {"maxlag", "ratelimited", "actionthrottledtext"}
_Sized = TypeVar("_Sized", bound=Sized)


class NoApi(ParseError):
    """There is no MediaWiki API at this address: something else, or nothing, answered."""


class BadPlace(ParseError):
    """The wiki does not know the place any more at which we want to go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a wiki told, its parts put together. `place` is where a listing goes on, empty at its end."""

    raw: tuple[RawPage, ...]
    query: Mapping[str, Any] = field(repr=False)
    pages: tuple[dict[str, Any], ...] = field(repr=False)
    place: Mapping[str, str] = field(repr=False)


class WikiClient:
    """Asks the API at `address` (scheme, host and path of api.php), or what stands in for it at `base_url`.

    `asked` counts the questions; `is_known` where its API was there before.
    """

    def __init__(
        self,
        address: str,
        *,
        base_url: str,
        is_known: bool,
        user_agent: str,
        seconds: float,
        delay: float,
        meter: Meter,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urlsplit(address)
        prefix = f"{parts.scheme}://{parts.netloc}/"
        self._host = parts.hostname or ""
        self._egress: Egress | None = None
        if base_url:
            self._session = rebased_session(prefix, base_url, seconds=seconds)
            self._session.headers["Host"] = parts.netloc  # how whoever stands in tells the wikis apart
        else:
            adapter = PublicAdapter(seconds=seconds)
            self._egress = adapter.egress
            self._session = bare_session(prefix, adapter)
        self._session.headers["User-Agent"] = user_agent
        self._exchange = Exchange("MediaWiki", self._session, collector=COLLECTOR, secrets=(), clock=clock, sleep=sleep)
        self._exchange.meter = meter
        self._site = Site(
            parts.netloc,
            path=parts.path.removesuffix("api.php"),
            scheme=parts.scheme,
            pool=self._session,
            max_retries=0,
            retry_timeout=0,
            do_init=False,
        )
        self._clock = clock
        self._sleep = sleep
        self._delay = delay
        self._is_known = is_known
        self._waited = 0.0
        self.asked = 0

    def close(self) -> None:
        self._session.close()

    def list(self, **asked: Any) -> Told:
        """One answer of a listing, whole for the entries that it holds.

        Raises CrawlError; BadPlace where the wiki does not take our place in the listing any more.
        """
        return self._query(asked, whole=False)

    def tell(self, **asked: Any) -> Told:
        """All that a wiki has to say to a question. Raises CrawlError."""
        return self._query(asked, whole=True)

    def _query(self, asked: Mapping[str, Any], *, whole: bool) -> Told:
        raw: list[RawPage] = []
        pages: dict[Any, dict[str, Any]] = {}
        query: dict[str, Any] = {}
        place: dict[str, str] = {}
        for _ in range(_MOST_PARTS):
            now_asked = dict(asked) | place
            answer = self._ask(now_asked)
            document = answer.json()
            raw.append(answer.raw)
            if sum(len(page.body) for page in raw) > _MOST_BYTES:
                raise ParseError("MediaWiki answered one question with more bytes than we read")
            told = mapping(document, "query")
            _check_list(asked.get("list"), told)
            for page in _bounded(objects(told, "pages")):
                _join(pages, page)
            _bounded(pages)
            query |= told
            place, is_batch = _place(document), document.get("batchcomplete") in (True, "")
            if not place and not is_batch:
                raise ParseError("MediaWiki told neither that this is all nor where it goes on")
            if place and place.items() <= now_asked.items():
                raise ParseError("MediaWiki leads from a part of its answer back to the same part")
            if not place or (not whole and (is_batch or "list" in asked)):  # an answer of a list has no parts
                return Told(raw=tuple(raw), query=query, pages=tuple(pages.values()), place=place)
        raise ParseError(f"MediaWiki spread one answer over more than {_MOST_PARTS}")

    def _ask(self, asked: Mapping[str, Any]) -> Answer:
        """One question. A short wait that the wiki asks for is taken here."""
        for waits_left in reversed(range(_WAITS)):
            if self.asked and self._delay:
                self._sleep(self._delay)
            self.asked += 1
            try:
                answer = self._exchange.ask(
                    lambda: self._site.get("query", formatversion=2, maxlag=_MAX_LAG, **asked), self._judge
                )
                self._is_known = True
                return answer
            except RateLimited as limited:
                wait = (limited.until - self._clock()).total_seconds() if limited.until else None
                if wait is None or wait > _LONGEST_WAIT or not waits_left or self._waited + wait > _LONGEST_ALTOGETHER:
                    raise
                self._waited += max(wait, 1.0)
                self._sleep(max(wait, 1.0))
            except NoApi as error:
                raise _as_known(error) if self._is_known else error from None
            except CrawlError as error:
                raise self._refused_by_guard() or error from None
        raise AssertionError("the last try returns or raises")

    def _refused_by_guard(self) -> CrawlError | None:
        verdict = self._egress.verdict(self._host) if self._egress else None
        if isinstance(verdict, EgressRefused):
            return Blocked(f"our own guard refused {verdict}")
        return AccountNotFound("there is no such host") if isinstance(verdict, UnknownHost) else None

    def _judge(self, answer: Answer) -> None:
        """Raises what the wiki's refusal means."""
        until = reset_time(answer.headers.get("retry-after"), now=self._clock(), epoch=False)
        status = answer.status
        if status == 429 or (status == 503 and until):
            raise RateLimited("MediaWiki asks us to wait", until=until)
        if status >= 500:
            raise PlatformDown(f"MediaWiki answered with {status}")
        if status == 401:
            raise AccountPrivate("the wiki wants a login")
        if status == 403:
            raise Blocked("the wiki refuses us (403)")
        if status != 200 or not answer.is_json:
            raise NoApi(f"no MediaWiki API answered ({status})")
        error = answer.json().get("error")
        if error is not None:
            raise self._refusal(error, until)

    def _refusal(self, error: Any, until: datetime | None) -> CrawlError:
        code = error.get("code") if isinstance(error, dict) else None
        if not isinstance(code, str) or not _CODE.fullmatch(code):
            return ParseError("MediaWiki refused without saying why")
        if code in _WAITING:
            return RateLimited(
                f"MediaWiki asks us to wait ({code})", until=until or self._clock() + timedelta(seconds=_MAX_LAG)
            )
        if code in _PRIVATE:
            return AccountPrivate(f"the wiki can be read by its members only ({code})")
        if code in {"blocked", "autoblocked", "globalblocking-blockedtext-ip"}:
            return Blocked(f"the wiki has blocked our address ({code})")
        if code.startswith(("internal_api_error", "readonly")):
            return PlatformDown(f"MediaWiki failed ({code})")
        if code in {"badcontinue", "badcontinue-"}:
            return BadPlace("MediaWiki does not know this place of its listing any more")
        return ParseError(f"MediaWiki refused our question ({code})")


def _place(document: Mapping[str, Any]) -> dict[str, str]:
    """Where an answer goes on. Raises ParseError."""
    place = mapping(document, "continue")
    if not is_place(place):
        raise ParseError("MediaWiki told no place at which to go on")
    return place


def is_place(place: Any) -> bool:
    return isinstance(place, Mapping) and all(
        isinstance(name, str) and _PLACE.fullmatch(name) and is_fit(value, 1000) for name, value in place.items()
    )


def _check_list(name: str | None, told: Mapping[str, Any]) -> None:
    """Raises ParseError where a list was asked for and none came: an absent list is not an empty one."""
    if name and (not isinstance(told.get(name), list) or len(told[name]) > _MOST_ENTRIES):
        raise ParseError(f"{name}: expected a list of at most {_MOST_ENTRIES} lines")


def _bounded(pages: _Sized) -> _Sized:
    if len(pages) > _MOST_ENTRIES:
        raise ParseError(f"pages: expected at most {_MOST_ENTRIES}")
    return pages


def _join(pages: dict[Any, dict[str, Any]], page: dict[str, Any]) -> None:
    """Parts of one page may come in several answers: its revisions are put together, all else is the same."""
    name = page.get("pageid") or page.get("title")
    key = name if isinstance(name, (int, str)) else len(pages)
    known = pages.get(key)
    if known is None:
        pages[key] = dict(page)
        return
    revisions, more = known.get("revisions"), page.get("revisions")
    known |= page
    if isinstance(revisions, list) and isinstance(more, list):
        if len(revisions) + len(more) > _MOST_ENTRIES:
            raise ParseError(f"revisions: expected at most {_MOST_ENTRIES}")
        known["revisions"] = revisions + [one for one in more if one not in revisions]
    elif isinstance(revisions, list) and more is None:
        known["revisions"] = revisions


def _as_known(error: NoApi) -> CrawlError:
    """What it means that a wiki which we know answers without its API."""
    if "(200)" in str(error):
        return Blocked("the wiki answered with a web page where its API was: a login or a challenge")
    return AccountNotFound("the wiki's API is no longer at its address; name its api.php in the account list")
