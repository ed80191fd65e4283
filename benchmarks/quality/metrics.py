"""Counts and scores: spans against spans, posts against truths, and what a bootstrap by post says of either.

Everything is counted by post, in rows (gold found, gold, marks that hit, marks). Scores are functions of summed rows, so that
one set of draws serves every score and every system, and two systems are compared on the same draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

DRAWS = 1_000
SEED = 20261122
_EDGES = (2.5, 97.5)

Floats = NDArray[np.float64]
Range = tuple[int, int]
Score = Callable[[Floats], Floats]  # summed rows [..., columns] to values [...]
Row = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95 % interval; NaN where there is nothing to divide by."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "–"
        return f"{self.value:.3f} [{self.low:.2f}, {self.high:.2f}]"


def ratio(top: Floats, bottom: Floats) -> Floats:
    """top / bottom, NaN where bottom is 0."""
    quotient: Floats = np.divide(top, bottom, out=np.full(np.broadcast(top, bottom).shape, np.nan), where=bottom != 0)
    return quotient


def recall(sums: Floats) -> Floats:
    return ratio(sums[..., 0], sums[..., 1])


def precision(sums: Floats) -> Floats:
    return ratio(sums[..., 2], sums[..., 3])


def f_score(beta: float) -> Score:
    """F-beta (van Rijsbergen 1979) of recall and precision; 0 where nothing right was found."""

    def score(sums: Floats) -> Floats:
        r, p = recall(sums), np.nan_to_num(precision(sums))
        return np.nan_to_num(ratio((1 + beta**2) * p * r, beta**2 * p + r)) + np.where(np.isnan(r), np.nan, 0.0)

    return score


f1, f2 = f_score(1.0), f_score(2.0)


def draws(posts: int, *, seed: int = SEED, count: int = DRAWS) -> Floats:
    """How often each post stands in each resample, [count, posts]. The same for the same number of posts."""
    chance = np.random.default_rng(seed)
    return np.stack([np.bincount(chance.integers(0, posts, posts), minlength=posts) for _ in range(count)]).astype(np.float64)


def estimate(rows: Sequence[Sequence[int]] | Floats, score: Score, weights: Floats | None = None) -> Estimate:
    """The score of all rows, with the interval that resampling rows gives. `weights`: draws of one's own, [draws, rows]."""
    table = np.asarray(rows, np.float64)
    if not len(table):
        return Estimate(np.nan, np.nan, np.nan)
    return _estimate(score(table.sum(0)), score((draws(len(table)) if weights is None else weights) @ table))


def difference(rows: Sequence[Row], others: Sequence[Row], score: Score) -> Estimate:
    """Score of `rows` less that of `others`, post by post the same posts. They differ only where the interval excludes zero."""
    one, other = np.asarray(rows, np.float64), np.asarray(others, np.float64)
    weights = draws(len(one))
    return _estimate(score(one.sum(0)) - score(other.sum(0)), score(weights @ one) - score(weights @ other))


def _estimate(value: Any, values: Floats) -> Estimate:
    known = values[~np.isnan(values)]
    low, high = np.percentile(known, _EDGES) if len(known) else (np.nan, np.nan)
    return Estimate(float(value), float(low), float(high))


def average_precision(scores: Sequence[float], truths: Sequence[bool]) -> Estimate:
    """Area under the precision-recall steps; posts of one score come in together."""
    values, truth = np.asarray(scores, np.float64), np.asarray(truths, np.float64)
    order = np.argsort(-values, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(values[order]) != 0, True))

    def area(weights: Floats) -> Floats:
        found = np.cumsum(weights[..., order] * truth[order], -1)[..., ends]
        taken = np.cumsum(weights[..., order], -1)[..., ends]
        steps = np.diff(found, axis=-1, prepend=0.0)
        return ratio(np.nansum(steps * ratio(found, taken), -1), found[..., -1])

    return _estimate(area(np.ones(len(values))), area(draws(len(values))))


def hits(gold: Iterable[Range], marks: Iterable[Range], *, exact: bool) -> Row:
    """Row of one post: exact ranges, or ranges that share a character."""
    gold, marks = sorted(set(gold)), sorted(set(marks))
    if exact:
        both = len(set(gold) & set(marks))
        return both, len(gold), both, len(marks)
    found = sum(any(_touch(one, mark) for mark in marks) for one in gold)
    right = sum(any(_touch(one, mark) for one in gold) for mark in marks)
    return found, len(gold), right, len(marks)


def _touch(one: Range, other: Range) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def covered(text: str, value: Range, marks: Iterable[Range]) -> bool:
    """Whether every letter and figure of the value lies under some mark: what leak recall counts."""
    under = {at for start, end in marks for at in range(max(start, value[0]), min(end, value[1]))}
    return all(at in under for at in range(*value) if text[at].isalnum())


def judged(flagged: bool, truth: bool) -> Row:
    """Row of one post that was flagged or not."""
    both = int(flagged and truth)
    return both, int(truth), both, int(flagged)


def alarm_rate(found: int, posts: int) -> Estimate:
    """Share with its Wilson interval (1927), which also says something where nothing was found."""
    if not posts:
        return Estimate(np.nan, np.nan, np.nan)
    z, p = 1.959964, found / posts
    middle, half = p + z * z / (2 * posts), z * np.sqrt(p * (1 - p) / posts + z * z / (4 * posts * posts))
    scale = 1 + z * z / posts
    return Estimate(p, max(0.0, float((middle - half) / scale)), float((middle + half) / scale))


def mixed(first: Estimate, second: Estimate, share: float) -> Estimate:
    """The rate among posts of which `share` are of the second kind; ends by ends."""
    ends = ("value", "low", "high")
    return Estimate(*((1 - share) * getattr(first, end) + share * getattr(second, end) for end in ends))


def predictive_value(found: Estimate, alarms: Estimate, prevalence: float) -> Estimate:
    """PPV of a flag at this prevalence; its ends take the worse, and the better, ends of recall and alarm rate together."""

    def value(r: float, f: float) -> float:
        found = r * prevalence
        return found / (found + f * (1 - prevalence)) if found + f else math.nan

    return Estimate(value(found.value, alarms.value), value(found.low, alarms.high), value(found.high, alarms.low))
