"""What every part of the measurement is handed: the systems, the data, and how much of it is wanted."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from benchmarks.quality.systems import NightRounds, SpacyPeer, StockPresidio
from training.posts import LabelledPost

_QUICK = 12  # one post in so many
_SMALL = 300  # a set up to this size is read whole
_SEED = 20261122

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Bench:
    ours: NightRounds
    presidio: StockPresidio
    spacy: SpacyPeer
    data: Path
    folder: Path  # of the development posts
    development: Sequence[LabelledPost] = field(repr=False)
    quick: bool = False

    def some(self, things: Sequence[T]) -> Sequence[T]:
        """All of them; for a quick look, of a large set a twelfth by lot."""
        if not self.quick or len(things) <= _SMALL:
            return things
        return random.Random(_SEED).sample(things, len(things) // _QUICK)
