"""The parts of the screening benchmark that are about a process: hostile texts, a cold start, two processes against one."""

from __future__ import annotations

import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import cache

from _table import Row

from detectors._fold import fold
from detectors._identifiers import Identifiers

HOSTILE = (
    "a", "1", " ", "1.", "a@", "1-", "1 ", "Aa ", "mrn ", "0:", "x-", "X1", "(1, ", "her ", "one ", "#a_1", "1/1 ",
    "Maria Ann ", "é\u0301", "\u200b1",
)  # fmt: skip
LENGTH = 65_536
_CHUNK = 250
_WORK = 40_000  # posts of the two-process part, repeated where there are fewer
_COLD = """
import socket, sys, time
def refuse(*_a, **_k): raise SystemExit("the network was asked for")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from detectors._fold import fold
from detectors._identifiers import Identifiers
from detectors._identifiers_hipaa import hipaa_shapes
from detectors._identifiers_presidio import presidio_shapes
from detectors._names import name_shapes
imported = time.process_time()
engine = Identifiers([*presidio_shapes(), *hipaa_shapes(), *name_shapes()])
engine.find(fold("Call Maria Whitaker at 212-555-0142 or jane.roe@example.org"))
print(imported, time.process_time() - imported)
"""


def adversarial_rows(engine: Identifiers) -> list[Row]:
    """The dearest of the hostile texts. The bound of each single pattern is a test's."""
    worst, which = 0.0, ""
    for pump in HOSTILE:
        folded = fold((pump * LENGTH)[:LENGTH])
        begun = time.process_time()
        engine.find(folded)
        if (took := time.process_time() - begun) > worst:
            worst, which = took, pump
    name = f"hostile text of {LENGTH:,} characters, the worst ({which!r})"
    return [Row(name, f"{worst * 1000:,.0f} ms", "<= 250 ms", worst <= 0.25)]


def cold_rows() -> list[Row]:
    """CPU seconds until a new process has gates and name lists and has read a text, with the network shut."""
    built = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", _COLD], capture_output=True, text=True, check=False)
        if done.returncode:
            return [Row("cold start", done.stderr.strip()[-60:], "no network", False)]
        built.append([float(figure) for figure in done.stdout.split()])
    imports, engine = (statistics.median(figures) for figures in zip(*built, strict=True))
    return [
        Row("cold start: importing Presidio and the rest", f"{imports:.2f} s"),
        Row("cold start: gates and name lists, first text", f"{engine:.2f} s", "<= 1 s", engine <= 1.0),
    ]


@cache
def _engine() -> Identifiers:
    from screening import ours

    return ours()


def _read(posts: Sequence[str]) -> int:
    engine = _engine()
    return sum(len(engine.find(fold(post))[0]) for post in posts)


def two_process_row(posts: Sequence[str]) -> Row:
    """Wall time of the same chunks in one process and in two, both warm, interleaved."""
    many = [*posts] * (1 + _WORK // len(posts))
    chunks = [many[at : at + _CHUNK] for at in range(0, _WORK, _CHUNK)]
    context = multiprocessing.get_context("spawn")
    ratios = []
    with context.Pool(1) as one, context.Pool(2) as two:
        for pool in (one, two):
            pool.map(_read, [posts[:_CHUNK]] * 8, chunksize=1)
        for _ in range(3):
            taken = []
            for pool in (one, two):
                begun = time.perf_counter()
                pool.map(_read, chunks, chunksize=4)
                taken.append(time.perf_counter() - begun)
            ratios.append(taken[0] / taken[1])
    ratio = statistics.median(ratios)
    return Row("two processes against one (wall time)", f"{ratio:.2f}x", ">= 1.7x", ratio >= 1.7)
