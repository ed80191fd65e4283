"""The part of the screening benchmark that screens posts by every rule and tells where the time goes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any

from _posts import ordinary
from _table import Row
from _whole import posts_of

from core.policy import default_policy_path, load_policy
from core.records import Kind
from detectors._encoder import shipped_encoder
from nightrounds.screener import Screener

_KINDS = (Kind.OFFICIAL, Kind.PERSONNEL, Kind.UNOFFICIAL)  # in turn: each has rules that the others have not
_KNOWN = 20  # posts read first, so that nothing is loaded on the clock


def rule_rows(count: int) -> list[Row]:
    """`count` distinct posts with all rules: the rate, and each part's share of the CPU time."""
    screener = Screener(load_policy(default_policy_path()))
    posts = [
        (replace(account, kind=_KINDS[n % len(_KINDS)]), post)
        for n, (account, post) in enumerate(posts_of(islice(ordinary(10**9, 41), count + _KNOWN)))
    ]
    for account, post in posts[:_KNOWN]:
        screener.screen_post(account, post)
    spent: Counter[str] = Counter()
    encoder = shipped_encoder()
    session: Any = encoder._session
    encoder._session = _Timed(session, spent)
    _time(screener._reader, "read_post", "reading", spent)
    _time(screener._gate, "screen", "the gate", spent)
    for rule, detector in screener._detectors.items():
        _time(detector, "detect", f"rule {rule}", spent)
    begun = time.process_time()
    for account, post in posts[_KNOWN:]:
        screener.screen_post(account, post)
    whole = time.process_time() - begun
    encoder._session = session
    spent["reading"] -= spent["the language model"]
    spent["the rest"] = whole - sum(spent.values())
    rate = Row(f"{count:,} posts, every rule", f"{count / whole:,.0f} posts/s")
    return [rate, *(Row(f"  of it {part}", f"{seconds / whole:.1%}") for part, seconds in spent.most_common())]


class _Timed:
    """An ONNX session whose runs are added up."""

    def __init__(self, session: Any, spent: Counter[str]) -> None:
        self.run = _timed(session.run, "the language model", spent)


def _time(owner: object, name: str, part: str, spent: Counter[str]) -> None:
    setattr(owner, name, _timed(getattr(owner, name), part, spent))


def _timed(call: Callable[..., Any], part: str, spent: Counter[str]) -> Callable[..., Any]:
    """The call with its CPU time added to its part's; one that yields is run to its end."""

    def timed(*given: Any) -> Any:
        begun = time.process_time()
        try:
            result = call(*given)
            return list(result) if hasattr(result, "__next__") else result
        finally:
            spent[part] += time.process_time() - begun

    return timed
