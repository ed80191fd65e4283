"""Masked excerpts: enough of a post to see why it was flagged, without the words that would tell about whom.

Only words of a short list (shown_words.txt) are shown, and not even those within a span. Hiding what looks like a name would
let through what does not: names in lower case, in other scripts, numbers in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from core.records import Span

_BLOCK = "▇"
_WORD = re.compile(r"\S+")
_PLAIN = re.compile(r"""[("'¿¡]*([^\W\d_]+(?:['’][^\W\d_]+)?)[.,;:!?)"'…]*""")
_SPACE = re.compile(r"\s+")


def masked_excerpt(text: str, spans: Iterable[Span], *, width: int = 90) -> str:
    """The neighbourhood of the first span, at most `width` code points on one line; what is hidden becomes blocks."""
    ranges = sorted((max(0, span.start), span.end) for span in spans)
    hidden = bytearray(b"\x01" * len(text))
    for match in _WORD.finditer(text):
        plain = _PLAIN.fullmatch(match[0])
        if plain and plain[1].replace("’", "'") in _shown_words():
            hidden[match.start() : match.end()] = bytes(match.end() - match.start())
    for start, end in ranges:
        hidden[start:end] = b"\x01" * len(text[start:end])
    shown = "".join(" " if char.isspace() else _BLOCK if hide else char for char, hide in zip(text, hidden, strict=True))
    first = max(0, (ranges[0][0] if ranges else 0) - width // 3)
    excerpt = _SPACE.sub(" ", shown[first : first + width]).strip()
    return ("…" if first else "") + excerpt + ("…" if first + width < len(text) else "")


@cache
def _shown_words() -> frozenset[str]:
    lines = Path(__file__).with_name("shown_words.txt").read_text(encoding="utf-8").splitlines()
    words = {word for line in lines if not line.startswith("#") for word in line.split()}
    return frozenset(words | {word.capitalize() for word in words})
