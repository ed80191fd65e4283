"""What each sign of a passage is worth where the language model tells its details too, and how the two readings are added.

The numbers are in _data/phi_points.yaml, which training/fit_phi.py writes. A sign is a class of _data/phi_terms.yaml or of
_phi_grammar, an entity (for each one, up to three), or a measure of _phi_evidence; its points are log odds. Signs that add next
to nothing were left out. Death and permission by word of mouth are no signs at all: neither may move a score.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

WORDS_OF_DEATH = 4.4  # what words of death add to the model's log odds that somebody died
PERMITTED = 0.3  # factor of a permission in writing


@dataclass(frozen=True, slots=True)
class Points:
    """`first` and `signs` make the sum of the signs; `share` and `voice` weigh it and the model, `constant` joins them."""

    first: float
    signs: Mapping[str, float]
    share: float
    voice: float
    constant: float

    def sum(self, found: Mapping[str, float]) -> float:
        """What these signs come to, as log odds."""
        return self.first + sum(worth * found.get(sign, 0.0) for sign, worth in self.signs.items())

    def join(self, found: Mapping[str, float], voice: float) -> float:
        """Both readings, as log odds."""
        return self.share * self.sum(found) + self.voice * voice + self.constant


_FILES = ("phi_points.yaml", "phi_terms.yaml", "reply_formulas.txt")


@cache
def data_digest() -> str:
    """Eight hexadecimal digits that change with the points and with the terms of health."""
    files = (resources.files("detectors").joinpath("_data", name) for name in _FILES)
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


@cache
def phi_points() -> Points:
    """The numbers that ship."""
    text = resources.files("detectors").joinpath("_data", "phi_points.yaml").read_text(encoding="utf-8")
    data = yaml.safe_load(text)
    fusion = data["fusion"]
    return Points(data["first"], data["points"], fusion["points"], fusion["voice"], fusion["constant"])
