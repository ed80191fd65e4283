"""The parent's side of the fetching child process: start it, read its frames as they come, and be sure that it ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from pydantic import ValidationError

from core.errors import ParseError, PlatformDown
from crawlers._frames import HEAD_BYTES, BrokenFrame, Frame, Job, frame_length, write_message

_KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")  # no NIGHTROUNDS_*: it needs no secret
_GRACE = 3.0  # seconds between asking the child to stop and killing it
_SLACK = 5.0  # seconds over the job's time limit: start-up, and the child's own end


class FetchingChild:
    """One child process for one job, as a context manager; leaving it ends the process group.

    Only the time spent waiting for the child counts towards the job's time limit, not what the caller does with a page.
    """

    def __init__(self, job: Job, command: tuple[str, ...] = (sys.executable, "-P", "-m", "crawlers._scrapy")) -> None:
        self._job = job
        self._command = command
        self._left = job.time_limit + _SLACK

    def __enter__(self) -> FetchingChild:
        environment = {name: os.environ[name] for name in _KEPT_ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = str(Path(__file__).resolve().parents[1])
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            start_new_session=True,
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for stop in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                os.killpg(self._process.pid, stop)
                try:
                    self._process.wait(_GRACE)
                except subprocess.TimeoutExpired:
                    continue
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass

    @property
    def pid(self) -> int:
        return self._process.pid

    def frames(self) -> Iterator[Frame]:
        """Hand the job over and yield the child's frames up to its last, the one with `counts`.

        Raises:
            PlatformDown: the time limit passed, or the child ended without a last frame.
            ParseError: it wrote something else than frames.
        """
        assert self._process.stdin is not None
        try:
            write_message(self._process.stdin, self._job)  # the pipe stays open: its closing tells the child to end
        except BrokenPipeError:
            raise PlatformDown("the fetching process ended before it began") from None
        while True:
            try:
                frame = Frame.model_validate_json(self._read(frame_length(self._read(HEAD_BYTES))))
            except (BrokenFrame, ValidationError):
                raise ParseError("the fetching process wrote something that is no page") from None
            yield frame
            if frame.counts is not None:
                return

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
                raise PlatformDown(f"the site was not read within {self._job.time_limit:.0f} s")
            chunk = os.read(pipe, min(size - len(held), 1 << 20))
            if not chunk:
                raise PlatformDown("the fetching process ended early")
            held += chunk
        return bytes(held)
