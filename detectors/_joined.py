"""How a rule adds what its wordings found to what the language model says: in log odds, by three numbers a rule.

The numbers are in _data/rule_points.yaml, which training/fit_rules.py writes. Where the model does not speak (a language that
is not read, another model without the class) the wordings stand alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from detectors._phi_voice import chance, odds

_FILE = "rule_points.yaml"
SAID = 0.5  # probability from which the model counts as having said so
# By rule: the classes that speak for a finding.
CLASSES = {
    "political": ("endorses", "opposes"),
    "brand": ("speaks_as_us", "endorsed_by_us", "sells_ours", "scam"),
    "disclaimer": ("affiliated",),
    "affiliation": ("promotes",),
}


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the log odds of the wordings and of the model, and what is added to both."""

    wordings: float
    voice: float
    constant: float

    def join(self, wordings: float, voice: float) -> float:
        """The probability by both, each given as a probability."""
        return chance(self.wordings * odds(wordings) + self.voice * odds(voice) + self.constant)


def joined(rule: str, wordings: float, classes: Mapping[str, float], names: tuple[str, ...]) -> float:
    """The probability by the wordings (0 where none was found) and by the likeliest of these classes."""
    told = [classes[name] for name in names if name in classes]
    return weights_of(rule).join(wordings, max(told)) if told else wordings


@cache
def weights_of(rule: str) -> Weights:
    """The numbers that ship."""
    return Weights(**yaml.safe_load(_text())[rule])


@cache
def data_digest() -> str:
    """Eight hexadecimal digits that change with the numbers."""
    return hashlib.sha256(_text().encode()).hexdigest()[:8]


@cache
def _text() -> str:
    return resources.files("detectors").joinpath("_data", _FILE).read_text(encoding="utf-8")


def forget() -> None:
    """Read the numbers anew: for who has just written them."""
    for known in (_text, weights_of, data_digest):
        known.cache_clear()
