"""The part of the screening benchmark that is about the whole of `screen`: against the bare encoder, and its memory."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from _posts import dense, ordinary
from _table import Row

from core.policy import default_policy_path, load_policy
from core.records import Account, Basis, Kind, Post, Profile
from detectors._encoder import shipped_encoder
from nightrounds.screener import Screener

ROUNDS = 5
_MOST = 2_000  # posts of the timed part: the encoder reads some hundred a second
_FLAT_SMALL, _FLAT_LARGE = 1, 10  # times as many posts, whose peak of memory is compared
_DISTINCT = 3_000  # fewer than the encoder keeps results of, so that most posts of the memory part are known to it


class _Timed:
    """An ONNX session that adds up the CPU time of its runs."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.seconds = 0.0

    def run(self, *given: Any) -> Any:
        begun = time.process_time()
        try:
            return self._session.run(*given)
        finally:
            self.seconds += time.process_time() - begun


def posts_of(texts: Iterator[str]) -> Iterator[tuple[Account, Post]]:
    """Each text as a post of one member of staff."""
    account = Account(
        id="a",
        platform="x",
        handle="someone_invented",
        kind=Kind.PERSONNEL,
        basis=Basis.SELF_DISCLOSED,
        basis_recorded_by="benchmark",
        basis_recorded_at=datetime(2025, 1, 1, tzinfo=UTC),
        profile=Profile(display_name="Some One", bio="Nurse. Views mine."),
    )
    for n, text in enumerate(texts):
        yield account, Post(platform="x", account_id="a", native_id=str(n), text=text)


def whole_rows(count: int) -> list[Row]:
    """`screen` over distinct posts, the encoder's own runs timed within the same run; then its memory over many."""
    screener = Screener(load_policy(default_policy_path()))
    encoder = shipped_encoder()
    posts = list(posts_of(islice(ordinary(10**9, 21), min(count, _MOST))))
    for account, post in posts[:20]:
        screener.screen_post(account, post)
    session: Any = encoder._session
    ratios, rates = [], []
    for n in range(ROUNDS):
        timed = encoder._session = _Timed(session)
        part = posts[n::ROUNDS]
        begun = time.process_time()
        for account, post in part:
            screener.screen_post(account, post)
        whole = time.process_time() - begun
        ratios.append(whole / timed.seconds)
        rates.append(len(part) / whole)
    encoder._session = session
    ratio = statistics.median(ratios)
    return [
        Row("screen, everything, model included", f"{statistics.median(rates):,.0f} posts/s"),
        Row("screen: whole against its encoder's own runs", f"{ratio:.2f}x", "<= 1.25x", ratio <= 1.25),
        *_memory_rows(screener, count),
    ]


def _memory_rows(screener: Screener, count: int) -> list[Row]:
    """Peak of memory after so many posts and after ten times as many, made one by one and dropped.

    Texts come again, so that the encoder mostly knows them: its results are kept in bounded number, and it is not what could
    grow with the number of posts.
    """
    known = [text for pair in zip(ordinary(_DISTINCT // 2, 31), dense(_DISTINCT // 2, 32), strict=True) for text in pair]
    peak: Callable[[], int] = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024  # noqa: E731

    def read(number: int) -> int:
        for account, post in posts_of(known[n % _DISTINCT] for n in range(number)):
            screener.screen_post(account, post)
        return peak()

    small = read(_FLAT_SMALL * count)
    large = read((_FLAT_LARGE - _FLAT_SMALL) * count)
    growth = large / small
    name = f"memory after {_FLAT_LARGE * count:,} posts ({large:,} MB) against {count:,}"
    return [Row(name, f"{growth:.3f}x", "<= 1.10x", growth <= 1.10)]
