"""The fetching child process: `python -m crawlers._website.fetch_process` takes jobs from its input and writes frames.

A process of its own, because Scrapy's reactor starts once a process, because parsing hostile bytes may take all time or memory
there is, and because it can be killed. It reads one site after another, since its start takes longer than a small site. It ends
when its standard input closes, so it never outlives its parent.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import threading
from collections import deque
from typing import Any, BinaryIO

from scrapy.crawler import CrawlerRunner
from scrapy.utils.reactor import install_reactor
from twisted.internet.defer import Deferred

from crawlers._egress import Egress
from crawlers._website.frames import HEAD_BYTES, Frame, Job, frame_length, write_message
from crawlers._website.spider import SiteSpider, settings_for

_MEMORY = 2 * 1024**3  # address space; a crawl of real sites stays below a quarter of it
_SLACK = 10  # seconds of CPU over a job's time limit


class Worker:
    """Runs the jobs, one at a time. Everything but `listen` runs in the reactor's thread."""

    def __init__(self, source: BinaryIO, pipe: BinaryIO, reactor: Any) -> None:
        self._source = source
        self._pipe = pipe
        self._reactor = reactor
        self._egress = Egress({})
        self._waiting: deque[Deferred[None]] = deque()

    def listen(self) -> None:
        """Read what the parent says until it falls silent for good, or says what can't be understood."""
        try:
            while head := self._source.read(HEAD_BYTES):
                length = frame_length(head)
                if length:
                    self._reactor.callFromThread(self._begin, Job.model_validate_json(self._source.read(length)))
                else:
                    self._reactor.callFromThread(self._go_on)
        finally:
            os._exit(1)

    def getaddrinfo(self, *args: Any, **options: Any) -> list[Any]:
        return self._egress.getaddrinfo(*args, **options)

    def _begin(self, job: Job) -> None:
        _limit_cpu(int(job.time_limit) + _SLACK)
        self._egress = Egress(job.rebase)
        ended = threading.Event()

        def write(frame: Frame) -> None:
            if frame.counts is not None:
                ended.set()  # Scrapy's orderly close waits a second for idle connections: the next job does not wait for it
            write_message(self._pipe, frame)

        runner = CrawlerRunner(settings_for(job))
        crawled = runner.crawl(SiteSpider, job=job, egress=self._egress, write=write, permit=self._permit)
        crawled.addBoth(lambda _: None if ended.is_set() else os._exit(1))

    def _permit(self) -> Deferred[None]:
        """Ask the parent for one request; it ends this process where there is no room for it."""
        permitted: Deferred[None] = Deferred()
        self._waiting.append(permitted)
        write_message(self._pipe, Frame(asks=True))
        return permitted

    def _go_on(self) -> None:
        if self._waiting:
            self._waiting.popleft().callback(None)


def main() -> None:
    """Run the jobs that come on standard input."""
    source, pipe = sys.stdin.buffer, _own_output()
    _limit()
    logging.disable(logging.CRITICAL)  # every library's log lines may hold URLs
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    from twisted.internet import reactor
    from twisted.internet._resolver import GAIResolver  # private, but made to be handed another getaddrinfo

    loop: Any = reactor
    worker = Worker(source, pipe, loop)
    loop.installNameResolver(GAIResolver(loop, getaddrinfo=worker.getaddrinfo))
    loop.callWhenRunning(threading.Thread(target=worker.listen, daemon=True).start)
    loop.run(installSignalHandlers=False)  # a parent that ends this process does not wait for orderly closes


def _own_output() -> BinaryIO:
    """The pipe to the parent, moved away from descriptor 1 so that no stray print can break a frame."""
    pipe = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    return pipe


def _limit() -> None:
    for what, most in ((resource.RLIMIT_AS, _MEMORY), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


def _limit_cpu(seconds: int) -> None:
    """So much more than was used so far: a job pays for no other."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    most = int(used.ru_utime + used.ru_stime) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


if __name__ == "__main__":
    main()
