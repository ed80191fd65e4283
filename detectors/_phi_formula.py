"""Tells replies that hold nothing but formulas: thanks, regret, and where to write or call.

They confirm nothing, whatever the language model makes of so few words. Every word must be one of _data/reply_formulas.txt; a
greeting with a name, numbers and addresses may stand beside them.
"""

from __future__ import annotations

import re
from functools import cache

from detectors._sign_points import data_text

_GREETING = re.compile(
    r"^\s*(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hola|buen[oa]s (?:dias|tardes)|estimad[oa]s?)\b"
    r"[^,!:.\n]{0,40}[,!:]"
)
_ADDRESS = re.compile(
    r"[^\s@]{1,64}@\S{1,200}|(?:https?://|www\.)\S+|@\w+|\b[\w-]{1,60}\.(?:org|com|edu|net|example)\b|[+(]?\d[\d().\s-]*"
)
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_LONGEST = 600  # characters; a formula is short


def is_formula(lower: str) -> bool:
    """Whether a reply (folded, lower case) says nothing but thanks, regret and where to turn."""
    if len(lower) > _LONGEST or not lower.strip():
        return False
    words = _WORD.findall(_ADDRESS.sub(" ", _GREETING.sub(" ", lower)))
    return all(word in _formulas() for word in words)


@cache
def _formulas() -> frozenset[str]:
    lines = data_text("reply_formulas.txt").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
