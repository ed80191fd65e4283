"""The parent's side of the fetching child processes: start them, read their frames as they come, be sure that they end."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from core.errors import ParseError, PlatformDown
from crawlers._website.frames import HEAD_BYTES, BrokenFrame, Frame, Job, frame_length, write_go_on, write_message

_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")  # no NIGHTROUNDS_*: it needs no secret
_GRACE = 3.0  # seconds between asking the child to stop and killing it
_SLACK = 5.0  # seconds over the job's time limit: start-up, and the child's own end
_MOST_JOBS = 25  # of one child: what parsers leave behind in memory goes with it


class ChildEnded(PlatformDown):
    """The child is no more, though its job was not done."""


class FetchingChild:
    """A child process that reads one site after another, as a context manager; leaving it ends the process group.

    Only the time spent waiting for the child counts towards a job's time limit, not what the caller does with a page.
    """

    def __init__(self, command: tuple[str, ...] = (sys.executable, "-P", "-m", "crawlers._website.fetch_process")) -> None:
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            start_new_session=True,
        )
        self._jobs = 0
        self._in_job = False
        self._limit = self._left = 0.0

    def __enter__(self) -> FetchingChild:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()

    def end(self) -> None:
        """End the process and all that it started."""
        for stop in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, stop)
                try:
                    self._process.wait(_GRACE)
                except subprocess.TimeoutExpired:
                    continue
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with suppress(BrokenPipeError):
                    stream.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def takes_more(self) -> bool:
        """Whether it may be handed another job: alive, at rest, and not too old."""
        return not self._in_job and self._jobs < _MOST_JOBS and self._process.poll() is None

    @property
    def has_rested(self) -> bool:
        return self._jobs > 0

    def frames(self, job: Job, ask: Callable[[], None] = lambda: None) -> Iterator[Frame]:
        """Hand a job over and yield the child's frames up to its last, the one with `counts`.

        `ask` is called before each request that the child sends; what it raises comes out of here, and nothing is sent.

        Raises:
            PlatformDown: the time limit passed, or the child ended without a last frame.
            ParseError: it wrote something else than frames.
        """
        assert self._process.stdin is not None
        self._jobs, self._in_job = self._jobs + 1, True
        self._limit, self._left = job.time_limit, job.time_limit + _SLACK
        try:
            write_message(self._process.stdin, job)  # the pipe stays open: its closing tells the child to end
            while True:
                try:
                    frame = Frame.model_validate_json(self._read(frame_length(self._read(HEAD_BYTES))))
                except (BrokenFrame, ValidationError):
                    raise ParseError("the fetching process wrote something that is no page") from None
                if frame.asks:
                    ask()
                    write_go_on(self._process.stdin)
                    continue
                self._in_job = frame.counts is None
                yield frame
                if frame.counts is not None:
                    return
        except BrokenPipeError:
            raise ChildEnded("the fetching process ended before it was done") from None

    def _read(self, size: int) -> bytes:
        assert self._process.stdout is not None
        pipe, held = self._process.stdout.fileno(), bytearray()
        waiter = select.poll()
        waiter.register(pipe, select.POLLIN | select.POLLHUP)
        while len(held) < size:
            began = time.monotonic()
            ready = waiter.poll(max(self._left, 0.0) * 1000)
            self._left -= time.monotonic() - began
            if not ready:
                raise PlatformDown(f"the site was not read within {self._limit:.0f} s")
            chunk = os.read(pipe, min(size - len(held), 1 << 20))
            if not chunk:
                raise ChildEnded("the fetching process ended early")
            held += chunk
        return bytes(held)


class Children:
    """Children that wait for another site. Whoever borrows one has it alone; one that broke is never lent again."""

    def __init__(self) -> None:
        self._resting: list[FetchingChild] = []
        self._lock = threading.Lock()
        self._closed = False

    def frames(self, job: Job, ask: Callable[[], None]) -> Generator[Frame, None, None]:
        """As those of one child. One that was found to have died at rest is made up for: no account pays for it."""
        with self._lend() as child:
            has_rested, frames = child.has_rested, child.frames(job, ask)
            try:
                first = next(frames)
            except ChildEnded:
                if not has_rested:
                    raise
            else:
                yield first
                yield from frames
                return
        with self._lend() as child:
            yield from child.frames(job, ask)

    @contextmanager
    def _lend(self) -> Iterator[FetchingChild]:
        """A child for one job: a resting one, or a new one."""
        with self._lock:
            resting = self._resting.pop() if self._resting else None
        if resting is not None and not resting.takes_more:
            resting.end()
            resting = None
        child = resting or FetchingChild()
        try:
            yield child
        finally:
            self._take_back(child)

    def close(self) -> None:
        """End those that rest; those that are lent end when they come back."""
        with self._lock:
            self._closed, resting, self._resting = True, self._resting, []
        for child in resting:
            child.end()

    def _take_back(self, child: FetchingChild) -> None:
        with self._lock:
            if child.takes_more and not self._closed:
                self._resting.append(child)
                return
        child.end()
