"""The fetching child process: `python -m crawlers._scrapy` reads a job on its standard input and writes frames on its output.

A process of its own, because Scrapy's reactor starts once a process, because parsing hostile bytes may take all time or memory
there is, and because it can be killed. It ends when its standard input closes, so it never outlives its parent.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

from scrapy.crawler import CrawlerRunner
from scrapy.utils.reactor import install_reactor

from crawlers._egress import Egress
from crawlers._frames import HEAD_BYTES, Frame, Job, frame_length, write_message
from crawlers._spider import SiteSpider, settings_for

_MEMORY = 2 * 1024**3  # address space; a crawl of real sites stays below a quarter of it


def main() -> None:
    """Run the job that stands on standard input."""
    source, pipe = sys.stdin.buffer, _own_output()
    job = Job.model_validate_json(source.read(frame_length(source.read(HEAD_BYTES))))
    _limit(int(job.time_limit) + 10)
    threading.Thread(target=_end_with_parent, args=(source,), daemon=True).start()
    logging.disable(logging.CRITICAL)  # every library's log lines may hold URLs

    def write(frame: Frame) -> None:
        write_message(pipe, frame)
        if frame.counts is not None:
            os._exit(0)  # nothing is left to keep, and Scrapy's orderly close waits a second for idle connections

    _crawl(job, write)


def _own_output() -> BinaryIO:
    """The pipe to the parent, moved away from descriptor 1 so that no stray print can break a frame."""
    pipe = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    return pipe


def _limit(cpu_seconds: int) -> None:
    for what, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


def _end_with_parent(source: BinaryIO) -> None:
    while source.read(1):
        pass
    os._exit(1)


def _crawl(job: Job, write: Callable[[Frame], None]) -> None:
    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    from twisted.internet import reactor
    from twisted.internet._resolver import GAIResolver  # private, but made to be handed another getaddrinfo

    loop: Any = reactor
    egress = Egress(job.rebase)
    loop.installNameResolver(GAIResolver(loop, getaddrinfo=egress.getaddrinfo))
    crawled = CrawlerRunner(settings_for(job)).crawl(SiteSpider, job=job, egress=egress, write=write)
    crawled.addBoth(lambda _: loop.stop())
    loop.run()


if __name__ == "__main__":
    main()
