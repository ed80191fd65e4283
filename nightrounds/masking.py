"""Masked excerpts: enough of a post to see why it was flagged, without the words that would tell about whom."""

from __future__ import annotations

import re
from collections.abc import Iterable

from core.records import Span

_BLOCK = "▇"
# A word is hidden, whole and with its joints, when it could name or number somebody: a capital, a digit, @, #, an address.
_TELLING = re.compile(r"\S*[\dA-ZÀ-ÖØ-Þ@#][^\s]*|\S+\.\S+|\S+://\S*")
_SPACE = re.compile(r"\s+")


def masked_excerpt(text: str, spans: Iterable[Span], *, width: int = 90) -> str:
    """The neighbourhood of the first span, at most `width` code points; spans and telling words become blocks."""
    ranges = sorted((span.start, span.end) for span in spans)
    hidden = bytearray(len(text))
    for start, end in ranges:
        hidden[max(0, start) : end] = b"\x01" * len(text[max(0, start) : end])
    for match in _TELLING.finditer(text):
        hidden[match.start() : match.end()] = b"\x01" * (match.end() - match.start())
    shown = "".join(_BLOCK if hide and not char.isspace() else char for char, hide in zip(text, hidden, strict=True))
    shown = "".join(char if char.isprintable() or char.isspace() else "·" for char in shown)
    first = max(0, (ranges[0][0] if ranges else 0) - width // 3)
    excerpt = _SPACE.sub(" ", shown[first : first + width]).strip()
    return ("…" if first else "") + excerpt + ("…" if first + width < len(text) else "")
