"""What each sign of bad conduct is worth, and how the signs and the language model are added.

The numbers are in _data/conduct_points.yaml, as log odds. A sign is a list of wordings in the policy, or one of those that
_conduct_evidence adds. Without the model the signs begin at `first.alone`, because such posts are rare; beside it at
`first.heard`, and its own log odds are added, less where it hears words that are quoted, or merely coarse.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from detectors._phi_voice import chance, odds

FILES = ("conduct_points.yaml", "conduct_terms.yaml", "slurs.tsv")
CATEGORIES = ("hate", "harassment", "threat", "discrimination")


@dataclass(frozen=True, slots=True)
class ConductPoints:
    """`first` and `voice` by name; `signs` by category and name."""

    first: Mapping[str, float]
    voice: Mapping[str, float]
    signs: Mapping[str, Mapping[str, float]]

    def of_signs(self, category: str, signs: Iterable[str]) -> float:
        """What these signs come to, as log odds; each counts once."""
        worth = self.signs[category]
        return sum(worth.get(sign, 0.0) for sign in set(signs))

    def speaks_for(self, category: str, sign: str) -> bool:
        return self.signs[category].get(sign, 0.0) > 0.0

    def score(self, category: str, signs: Iterable[str], classes: Mapping[str, float]) -> float:
        """The probability of `category`. A class that the model does not know says nothing."""
        told = self.of_signs(category, signs)
        if category not in classes:
            return chance(self.first["alone"] + told)
        heard = self.voice["own"] * odds(classes[category])
        heard += sum(self.voice[name] * max(0.0, odds(classes.get(name, 0.0))) for name in ("quoted", "coarse"))
        return chance(self.first["heard"] + told + heard)


@cache
def conduct_points() -> ConductPoints:
    """The numbers that ship."""
    data = yaml.safe_load(data_text("conduct_points.yaml"))
    return ConductPoints(data["first"], data["voice"], {category: data[category] for category in CATEGORIES})


@cache
def data_digest() -> str:
    """Eight hexadecimal digits that change with the points and the lists of words."""
    return hashlib.sha256("".join(map(data_text, FILES)).encode()).hexdigest()[:8]


def data_text(name: str) -> str:
    return resources.files("detectors").joinpath("_data", name).read_text(encoding="utf-8")
