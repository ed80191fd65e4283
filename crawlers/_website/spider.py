"""The Scrapy side of the site crawler: settings, spider, the guarded way out, and refusals as types."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit

from scrapy import Request, Spider, signals
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.offsite import OffsiteMiddleware
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest
from scrapy.http import Response
from scrapy.robotstxt import ProtegoRobotParser, RobotParser
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet.defer import Deferred

from core.errors import CrawlError, ParseError, RateLimited
from crawlers._egress import Egress, EgressRefused, UnknownHost
from crawlers._website.frames import Failure, Frame, Job
from crawlers._website.ladder import crawl_site
from crawlers._website.site import LeftSite, RobotsRefused, RobotsUnreachable, Site

_LONGEST_PAUSE = 30.0  # seconds; a longer Crawl-delay would not let a night end
MAX_BYTES = 8 * 1024 * 1024  # of one answer, before and after unpacking


class GuardedHandler(HTTP11DownloadHandler):
    """The only way out: every request passes here, those for robots.txt and after a redirect too. Each is asked for first."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._egress: Egress = getattr(crawler.spider, "egress")  # noqa: B009 - our own spider
        self._permit: Callable[[], Deferred[None]] = getattr(crawler.spider, "permit")  # noqa: B009

    async def download_request(self, request: Request) -> Response:
        self._egress.check(request.url)
        await maybe_deferred_to_future(self._permit())
        target = self._egress.stand_in(request.url)
        wire = request
        if target is not None:
            wire = request.replace(url=target)
            wire.headers["Host"] = urlsplit(request.url).netloc
        try:
            response = await super().download_request(wire)
        except Exception:
            verdict = self._egress.verdict(urlsplit(wire.url).hostname or "")
            if verdict is None:
                raise
            raise verdict from None
        return response.replace(url=request.url)


class TypedRobots(RobotsTxtMiddleware):
    """Obeys robots.txt by RFC 9309: a 4xx allows all, a server's failure nothing; 429 is taken for such a failure."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._failures: dict[str, Exception] = {}

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status == 429 or response.status >= 500:
            raise RobotsUnreachable
        empty = response.status >= 400  # a page that says 'not found' gives no orders
        await super()._parse_robots(response.replace(body=b"") if empty else response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        own = isinstance(exc, EgressRefused | UnknownHost | CannotResolveHostError)  # of the site's host: it tells more
        self._failures[netloc] = exc if own else RobotsUnreachable()
        super()._robots_error(exc, netloc)

    def process_request_2(self, rp: RobotParser | None, request: Request) -> None:
        if failure := self._failures.get(urlsplit(request.url).netloc):
            raise failure
        try:
            super().process_request_2(rp, request)
        except IgnoreRequest:
            raise RobotsRefused from None


class PoliteRetry(RetryMiddleware):
    """Asks once more after a passing failure, but not a server that says when to come back: then the pipeline waits."""

    def process_response(self, request: Request, response: Response, spider: Spider | None = None) -> Request | Response:
        if "Retry-After" in response.headers:
            return response
        answer: Request | Response = super().process_response(request, response)
        return answer


class TypedOffsite(OffsiteMiddleware):
    """Judges every request, so also each step of a redirect."""

    def should_follow(self, request: Request, spider: Spider) -> bool:
        return isinstance(spider, SiteSpider) and spider.site.holds(request.url)

    def process_request(self, request: Request, spider: Spider | None = None) -> None:
        try:
            super().process_request(request)
        except IgnoreRequest:
            raise LeftSite from None


def settings_for(job: Job) -> dict[str, Any]:
    """Scrapy's settings for one site. Listeners, cookies, proxies, meta refresh and every scheme but http(s) are off."""
    return {
        "ADDONS": {},
        "AUTOTHROTTLE_ENABLED": job.delay > 0,
        "AUTOTHROTTLE_START_DELAY": job.delay,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "COOKIES_ENABLED": False,
        "DOWNLOAD_DELAY": job.delay,
        "DOWNLOAD_HANDLERS": {
            "http": GuardedHandler,
            "https": GuardedHandler,
            **dict.fromkeys(("data", "file", "ftp", "s3")),
        },
        "DOWNLOAD_MAXSIZE": MAX_BYTES,
        "DOWNLOAD_TIMEOUT": job.timeout,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            TypedOffsite: 50,
            TypedRobots: 100,
            PoliteRetry: 550,
        },
        "HTTPPROXY_ENABLED": False,  # a proxy would resolve names past our guard
        "LOG_ENABLED": False,  # Scrapy's log lines hold URLs
        "METAREFRESH_ENABLED": False,
        "REDIRECT_MAX_TIMES": 5,
        "REFERER_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "RETRY_HTTP_CODES": [500, 502, 503, 504],  # not 429: the pipeline waits, not we
        "RETRY_TIMES": 1,
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_PARSER": "scrapy.robotstxt.ProtegoRobotParser",
        "ROBOTSTXT_USER_AGENT": job.robots_agent,
        "TELNETCONSOLE_ENABLED": False,
        "USER_AGENT": job.user_agent,
    }


class SiteSpider(Spider):
    """Reads one site, one request after the other; each page goes out through `write` before the next is asked for."""

    name = "site"

    def __init__(self, job: Job, egress: Egress, write: Callable[[Frame], None], permit: Callable[[], Deferred[None]]) -> None:
        super().__init__()
        self.egress = egress
        self.permit = permit  # resolves once the pipeline has charged one request
        self.site = Site(job, download=self._download, emit=lambda page: write(Frame.of_page(page)))
        self._write = write

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> SiteSpider:
        spider: SiteSpider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider._learn_robots, signal=signals.robots_parsed)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        failure = None
        try:
            await crawl_site(self.site)
        except CrawlError as error:
            wait = self.site.retry_after if isinstance(error, RateLimited) else None
            kind = next(cls.__name__ for cls in type(error).__mro__ if cls.__module__ == CrawlError.__module__)
            failure = Failure(error=kind, message=str(error), retry_after=wait)
        except Exception as error:
            failure = Failure(error=ParseError.__name__, message=f"the site could not be read ({type(error).__name__})")
        received = self.crawler.stats.get_value("downloader/response_bytes", 0)
        counts = {"requests": self.site.requests, "posts": self.site.posts, "bytes": int(received)}
        self._write(Frame(failure=failure, counts=counts))
        none_left: tuple[Request, ...] = ()  # for Scrapy's scheduler: all were awaited above
        for request in none_left:
            yield request

    async def _download(self, request: Request) -> Response:
        return await self.crawler.engine.download_async(request)

    def _learn_robots(self, robotparser: ProtegoRobotParser, request: Request) -> None:
        if self.site.holds(request.url):
            self.site.sitemaps = list(robotparser.rp.sitemaps)[:20]
            self.site.crawl_delay = min(robotparser.crawl_delay(self.site.job.robots_agent) or 0.0, _LONGEST_PAUSE)
