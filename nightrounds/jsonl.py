"""Posts from one JSON Lines file to another: in order, in flat memory, over one process or several."""

from __future__ import annotations

import codecs
import json
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from core.errors import ConfigError, DetectError
from crawlers._archive.post_lines import LINE_LIMIT, BadPost, PostLine, numbered_lines, parse_line

_CHUNK_LINES = 200  # what one worker gets at a time
_CHUNK_BYTES = 1 << 20
_CHUNKS_AHEAD = 3  # chunks under way for each worker: enough to keep it busy, few enough to keep memory flat

Line = tuple[int, bytes | None]
Answer = Callable[[PostLine], dict[str, Any]]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """What became of a file, in lines. `bad` were no posts; `not_read` were answered, but with why they count as unread."""

    read: int = 0
    written: int = 0
    bad: int = 0
    not_read: int = 0
    findings: int = 0
    unknown_keys: bool = False


@dataclass(frozen=True, slots=True)
class _Result:
    """What one line came to: an output line, or the problem that it has."""

    number: int
    output: str = ""
    problem: str = ""
    unknown_keys: bool = False
    not_read: bool = False
    findings: int = 0


def answer_lines(
    source: Path | IO[bytes],
    out: IO[str],
    say: Say,
    make_answer: Callable[[], Answer],
    *,
    workers: int = 1,
    progress: Callable[[int], None] | None = None,
) -> FileReport:
    """Write the answer to each post of `source` to `out`, in the order read.

    `say` gets one sentence for each line that is no post, and one in all where keys are unknown; it quotes nothing.
    `make_answer` is called once a process and must be picklable for more than one. `progress` is told of each line dealt with.

    Raises:
        ConfigError: the file can't be opened or is UTF-16, or `make_answer` raises it.
        DetectError: a worker process died (out of memory, or ended from outside).
    """
    read = written = bad = not_read = findings = 0
    unknown_keys = False
    with ExitStack() as stack:
        lines = _filled_lines(stack.enter_context(_open(source)) if isinstance(source, Path) else source)
        results = _in_this_process(lines, make_answer) if workers <= 1 else _in_workers(lines, make_answer, workers)
        stack.callback(results.close)
        for result in results:
            read += 1
            if result.problem:
                bad += 1
                say(f"line {result.number}: not a post: {result.problem}")
            else:
                written += 1
                out.write(result.output)
            if result.unknown_keys and not unknown_keys:
                unknown_keys = True
                say(f"line {result.number}: has keys that are not known; they are ignored, here and below (docs/screen.md)")
            not_read += result.not_read
            findings += result.findings
            if progress:
                progress(1)
    return FileReport(read=read, written=written, bad=bad, not_read=not_read, findings=findings, unknown_keys=unknown_keys)


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except OSError as error:
        raise ConfigError(f"{path}: can't be read ({error.strerror or type(error).__name__})") from None


def _filled_lines(stream: IO[bytes]) -> Iterator[Line]:
    for number, line in numbered_lines(stream):
        if number == 1 and line is not None and line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise ConfigError("the input is UTF-16; save it as UTF-8, one JSON object a line")
        if line is None or line.strip():
            yield number, line


def _answer_line(answer: Answer, number: int, line: bytes | None) -> _Result:
    if line is None:
        return _Result(number, problem=f"longer than {LINE_LIMIT >> 20} MiB")
    try:
        post = parse_line(line)
    except BadPost as error:
        return _Result(number, problem=str(error))
    row = answer(post)
    return _Result(
        number,
        output=json.dumps(row) + "\n",
        unknown_keys=post.unknown_keys,
        not_read="not_read" in row,
        findings=len(row.get("findings", ())),
    )


def _in_this_process(lines: Iterator[Line], make_answer: Callable[[], Answer]) -> Generator[_Result, None, None]:
    answer = make_answer()
    for number, line in lines:
        yield _answer_line(answer, number, line)


def _in_workers(lines: Iterator[Line], make_answer: Callable[[], Answer], workers: int) -> Generator[_Result, None, None]:
    """Chunks go out to all workers and come back in order; no more than a window of them is held at any time."""
    spawn = multiprocessing.get_context("spawn")  # a fork would copy threads' locks
    pool = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_start_worker, initargs=(make_answer,))
    under_way: deque[Future[list[_Result]]] = deque()
    try:
        for chunk in _chunks(lines):
            under_way.append(pool.submit(_answer_chunk, chunk))
            if len(under_way) >= workers * _CHUNKS_AHEAD:
                yield from under_way.popleft().result()
        while under_way:
            yield from under_way.popleft().result()
    except BrokenProcessPool:
        raise DetectError("a worker process died; run again with fewer workers, or with --workers 1") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _chunks(lines: Iterator[Line]) -> Iterator[Sequence[Line]]:
    chunk, size = list[Line](), 0
    for number, line in lines:
        chunk.append((number, line))
        size += len(line or b"")
        if len(chunk) >= _CHUNK_LINES or size >= _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


_answer: Answer | None = None  # a worker's own, made once by `_start_worker`


def _start_worker(make_answer: Callable[[], Answer]) -> None:
    global _answer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to tell
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _answer = make_answer()


def _end_with_parent() -> None:
    """A parent that was killed outright would leave its workers waiting for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _answer_chunk(chunk: Sequence[Line]) -> list[_Result]:
    assert _answer is not None
    return [_answer_line(_answer, number, line) for number, line in chunk]
