"""How a rule adds what words and shapes say of a post to what the language model says of it.

Every sign is worth points, as log odds; so is the model's answer to the question that goes with a category. Without the model
the sum begins lower, because posts that break a rule are rare. The numbers stand in _data/<rule>_points.yaml:

    first: {alone: -2.0, heard: -1.0}   what the sum begins with, without the model and beside it
    <category>:
      asks: unannounced                 the class that is asked; left out where none fits
      share: 1.0                        how much of the model's log odds counts
      least: -1.5                       the model takes no more away than this
      least_signs: 0.0                  what signs must exceed before the model is asked; left out, it may speak alone
      less: {public: 0.8}               classes whose log odds, where they are positive, are taken away
      signs: {secrecy: 1.2}
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

import yaml

from detectors._phi_voice import chance, odds

_LIKELY = 0.5  # probability from which the model counts as having spoken


@dataclass(frozen=True, slots=True)
class CategoryPoints:
    """The numbers of one category."""

    signs: Mapping[str, float]
    asks: str = ""
    share: float = 1.0
    least: float = -10.0
    least_signs: float | None = None
    less: Mapping[str, float] = field(default_factory=dict)

    def of(self, signs: Iterable[str]) -> float:
        """What these signs come to; each counts once."""
        return sum(self.signs.get(sign, 0.0) for sign in set(signs))

    def speaks_for(self, sign: str) -> bool:
        return self.signs.get(sign, 0.0) > 0.0


@dataclass(frozen=True, slots=True)
class RulePoints:
    """The numbers of one rule."""

    alone: float
    heard: float
    categories: Mapping[str, CategoryPoints]

    def score(self, category: str, signs: Iterable[str], classes: Mapping[str, float]) -> float:
        """The probability of `category`. A class that the model does not know says nothing."""
        points = self.categories[category]
        told = points.of(signs)
        if points.least_signs is not None and told <= points.least_signs:
            return 0.0
        told -= sum(share * max(0.0, odds(classes[name])) for name, share in points.less.items() if name in classes)
        if points.asks not in classes:
            return chance(self.alone + told)
        return chance(self.heard + told + points.share * max(points.least, odds(classes[points.asks])))

    def spoke(self, category: str, signs: Iterable[str], classes: Mapping[str, float]) -> str:
        """Which reading found it, for a reason: 'word patterns', 'the language model', or both."""
        points = self.categories[category]
        patterns = any(points.speaks_for(sign) for sign in signs)
        model = classes.get(points.asks, 0.0) >= _LIKELY or not patterns
        return " and ".join([*(["word patterns"] if patterns else []), *(["the language model"] if model else [])])


@cache
def rule_points(rule: str) -> RulePoints:
    """The numbers that ship for this rule."""
    data = yaml.safe_load(data_text(f"{rule}_points.yaml"))
    first = data.pop("first")
    return RulePoints(first["alone"], first["heard"], {name: CategoryPoints(**given) for name, given in data.items()})


@cache
def data_digest(*names: str) -> str:
    """Eight hexadecimal digits that change with these files of _data."""
    return hashlib.sha256("".join(map(data_text, names)).encode()).hexdigest()[:8]


def data_text(name: str) -> str:
    return resources.files("detectors").joinpath("_data", name).read_text(encoding="utf-8")
