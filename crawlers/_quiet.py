"""Keeps client libraries from logging what we ask a platform and what it answers.

tweepy writes the bearer token and whole answers at DEBUG, urllib3 writes addresses that hold handles, at WARNING too. Setting
levels would not hold against a site that turns DEBUG on, and would silence other users of these libraries in the same
process; so each of these loggers gets one filter that drops what is written while a request of ours is under way.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TALKATIVE = (
    "googleapiclient.discovery",
    "googleapiclient.http",
    "mwclient.client",
    "praw",
    "prawcore",
    "tweepy.client",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.poolmanager",
    "urllib3.response",
    "urllib3.util.retry",
    "charset_normalizer",
)
_asking: ContextVar[bool] = ContextVar("asking", default=False)


def _not_ours(record: logging.LogRecord) -> bool:
    return not _asking.get()


@contextmanager
def quiet() -> Iterator[None]:
    """What the libraries log inside of this, in this thread, is dropped."""
    for name in _TALKATIVE:
        logging.getLogger(name).addFilter(_not_ours)  # adding it twice changes nothing
    token = _asking.set(True)
    try:
        yield
    finally:
        _asking.reset(token)
