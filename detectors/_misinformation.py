"""Claims about health that are known to be false: where one of the reviewed list (_data/misinformation.yaml) stands in a text.

One that is denied, asked, reported or put in quotation marks is none. Every claim has a page that refutes it, for the reason
of a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

import yaml

from detectors._fold import Folded
from detectors._phrases import compile_phrases
from detectors._sign_points import data_text

FILE = "misinformation.yaml"
_MOST = 16  # places of one claim in one text; more add nothing
_BEFORE, _WORDS = 64, 7  # characters and words before a claim that may turn it
_SENTENCE_END = re.compile(r"[.!?\n]")
_FAR = 200  # characters around a claim in which its sentence's end and quotation marks are looked for


class Claim(NamedTuple):
    """A false claim at [start, end) of a folded text; `refuted_by` is the page."""

    name: str
    refuted_by: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Known:
    name: str
    pattern: Any
    refuted_by: str
    denies: bool


class Misinformation:
    """Finds the claims of the list; `denials` are wordings that turn what they stand before, or in."""

    def __init__(self, denials: Iterable[str]) -> None:
        self._denials = compile_phrases(denials)

    def claims_in(self, folded: Folded) -> Iterator[Claim]:
        """Those that are stated as true, each once for each place."""
        lower = folded.lower
        if not _any_claim().search(lower):
            return
        for known in _list():
            for match in islice(known.pattern.finditer(lower), _MOST):
                if not self._is_turned(known, lower, *match.span()):
                    yield Claim(known.name, known.refuted_by, *match.span())

    def _is_turned(self, known: _Known, lower: str, start: int, end: int) -> bool:
        before = _SENTENCE_END.split(lower[max(0, start - _BEFORE) : start])[-1]
        words = " ".join(before.split()[-_WORDS:])
        if self._denials is not None and self._denials.search(f"{words} {'' if known.denies else lower[start:end]}"):
            return True
        last = _SENTENCE_END.search(lower, end, end + _FAR)
        asked = last is not None and last[0] == "?"
        quoted = lower[max(0, start - _FAR) : start].count('"') % 2 == 1 and '"' in lower[end : end + _FAR]
        return asked or quoted


@cache
def _list() -> tuple[_Known, ...]:
    data = yaml.safe_load(data_text(FILE))
    return tuple(
        _Known(name, compile_phrases(entry["claims"]), entry["refuted_by"], entry.get("denies", False))
        for name, entry in data.items()
    )


@cache
def _any_claim() -> Any:
    """All claims in one pattern: most texts hold none."""
    return compile_phrases(claim for entry in yaml.safe_load(data_text(FILE)).values() for claim in entry["claims"])
