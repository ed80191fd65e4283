"""How a rule adds what its wordings found to what the language model says: in log odds, by three numbers a rule.

The numbers are in _data/rule_points.yaml; training/fit_rules.py sets the constants. Where the model does not speak (a language
that is not read, another model without the class) the wordings stand alone.
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
NO_WORDINGS = 0.1  # what it says where no wording was found: most of what is meant uses none of them
ALONE = 0.55  # the model's least probability for a finding that no wording speaks for
# By rule: the classes that speak for a finding.
CLASSES = {
    "political": ("endorses", "opposes"),
}
# And those that speak against one, where they are likelier than not, with their share.
AGAINST = {"political": {"civic": 0.6, "advocacy": 0.4}}


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the log odds of the wordings and of the model, and what is added to both."""

    wordings: float
    voice: float
    constant: float

    def join(self, wordings: float, voice: float) -> float:
        """The probability by both: the wordings given as a probability, the model's word as log odds."""
        return chance(self.wordings * odds(max(wordings, NO_WORDINGS)) + self.voice * voice + self.constant)


def joined(rule: str, wordings: float, classes: Mapping[str, float], names: tuple[str, ...]) -> float:
    """The probability by the wordings (0 where none was found) and by the likeliest of these classes."""
    told = [classes[name] for name in names if name in classes]
    if not told:
        return wordings
    against = AGAINST.get(rule, {})
    less = sum(share * max(0.0, odds(classes[name])) for name, share in against.items() if name in classes)
    return weights_of(rule).join(wordings, odds(max(told)) - less)


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
