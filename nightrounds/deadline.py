"""A time limit for reading one post, kept by the process's own alarm clock.

Python code and the `re` module look at signals while they run; a C library that does not is interrupted when it returns.
Where there is no alarm (outside the main thread, on Windows) there is no limit beyond the reader's own.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TimeUp(BaseException):
    """The limit passed. No `Exception`, so that no detector can swallow it."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise TimeUp in the body once `seconds` have passed. Catch it around the `with`, not within.

    An alarm that was set already (a scheduler's own time-out) is set again for what was left of it.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    begun = time.monotonic()
    before = signal.signal(signal.SIGALRM, _ring)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:
            signal.setitimer(signal.ITIMER_REAL, max(left - (time.monotonic() - begun), 0.001), interval)


def _ring(_signal: int, _frame: FrameType | None) -> None:
    raise TimeUp
