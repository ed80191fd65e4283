"""What the language model says of a post as a whole, in the few numbers that the judgement needs.

The model is asked twice: whether a patient's health is disclosed, and for each part of that judgement by itself. A post for
which one of the two answers is far off still gets a middling number. Told by those in care or by the institution, real and
without written permission are parts of it; the author's own health and the family's thereby are none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

_SURE = 0.99  # probabilities are not believed beyond it, nor below its counterpart


@dataclass(frozen=True, slots=True)
class Voice:
    """Probabilities. `disclosed`: a patient of ours, who could be recognised, is told of without permission."""

    disclosed: float
    deceased: float
    consent: float
    confirms: float
    by: str  # who tells it, in words that quote nothing; empty where that is not sure

    @classmethod
    def of(cls, classes: Mapping[str, float]) -> Voice | None:
        """None where the model did not speak: the language is not read, or another engine runs that has no such classes."""
        if not {"phi", "patient", "health", "identifiable"} <= classes.keys():
            return None

        def said(*names: str) -> float:
            return max(classes.get(name, 0.0) for name in names)

        ours = said("by_clinician", "by_institution")
        real = 1.0 - said("consent", "unreal")
        parts = min(classes["patient"], classes["health"], classes["identifiable"], ours, real)
        teller = max(_TELLERS, key=lambda name: classes.get(name, 0.0))
        return cls(
            disclosed=chance((odds(classes["phi"]) + odds(parts)) / 2),
            deceased=said("deceased"),
            consent=said("consent"),
            confirms=said("confirms"),
            by=_TELLERS[teller] if classes.get(teller, 0.0) >= 0.5 else "",
        )


_TELLERS = {
    "by_clinician": "by somebody who knows it from work in health care",
    "by_institution": "by an institution's page",
    "by_family": "by family or a friend",
    "by_self": "by the person concerned",
    "by_press": "as news that is passed on",
}


def odds(probability: float) -> float:
    """Log odds, bounded: no single voice is ever quite certain."""
    bounded = min(max(probability, 1.0 - _SURE), _SURE)
    return math.log(bounded / (1.0 - bounded))


def chance(log_odds: float) -> float:
    """The probability of these log odds."""
    return 1.0 / (1.0 + math.exp(-log_odds))
