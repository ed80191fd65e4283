"""Two simple peers for each rule: a list of words, and a linear model on runs of letters taught on what taught ours."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

from training.posts import CORPUS, LabelledPost, read_posts

_WORDS = Path(__file__).resolve().parent / "rule_words.yaml"
_BUCKETS = 1 << 16
_RUNS = (3, 4, 5)  # letters
_PASSES, _RATE = 25, 0.5


def wanted(post: LabelledPost) -> bool:
    """The truth of a post: to be flagged; of protected talk, whether it is."""
    return "protected" in post.labels if post.subject == "protected" else post.flag is not None


def word_list(rule: str) -> re.Pattern[str]:
    """Any word of the rule's list, in small letters."""
    words = yaml.safe_load(_WORDS.read_text(encoding="utf-8"))[rule]
    return re.compile("|".join(rf"\b{re.escape(word.strip())}" for word in words.split(",")))


class Letters:
    """Logistic regression on hashed runs of 3 to 5 letters (Wang & Manning 2012), by averaged stochastic gradient."""

    def __init__(self, texts: Sequence[str], truths: Sequence[bool]) -> None:
        chance = np.random.default_rng(1)
        self._worth, self._constant = np.zeros(_BUCKETS), 0.0
        summed, summed_constant, steps = np.zeros(_BUCKETS), 0.0, 0
        runs = [_runs(text) for text in texts]
        for pass_ in range(_PASSES):
            for n in chance.permutation(len(texts)):
                error = truths[n] - self._chance(runs[n])
                rate = _RATE / (1 + pass_ / 4)
                self._worth[runs[n]] += rate * error / np.sqrt(max(len(runs[n]), 1))
                self._constant += 0.1 * rate * error
                steps += 1
            summed += self._worth
            summed_constant += self._constant
        self._worth, self._constant = summed / _PASSES, summed_constant / _PASSES

    def _chance(self, runs: np.ndarray) -> float:
        sum_ = self._worth[runs].sum() / np.sqrt(max(len(runs), 1)) + self._constant
        return float(1 / (1 + np.exp(-np.clip(sum_, -30, 30))))

    def flags(self, text: str) -> bool:
        return self._chance(_runs(text)) >= 0.5


def _runs(text: str) -> np.ndarray:
    small = f" {text.lower()} "
    found = {
        zlib.crc32(small[at : at + n].encode("utf-8", "replace")) % _BUCKETS for n in _RUNS for at in range(len(small) - n + 1)
    }
    return np.array(sorted(found), dtype=np.int64)


def letters_of(rule: str) -> Letters:
    """The linear model of one rule, taught on the composed posts of that rule and as many ordinary ones."""
    posts = [*read_posts(CORPUS / rule), *read_posts(CORPUS / "ordinary")]
    taught = [post for post in posts if post.subject == rule or rule in post.judged]
    return Letters([post.own for post in taught], [post.subject in (rule, "protected") and wanted(post) for post in taught])
