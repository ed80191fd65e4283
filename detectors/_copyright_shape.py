"""What the shape of a text tells of whose work it is: length, byline, notice, verse, and the words of a newsroom."""

from __future__ import annotations

import re
from collections.abc import Iterator

from detectors._fold import Folded
from detectors._institution import Institution
from detectors._phrases import compile_pattern
from detectors._signs import Page, Sign

LONG, VERY_LONG = 180, 450  # words from which a text may be a whole article, and from which it is more than a post
_VERSE_LINES, _VERSE_WORDS = 6, 12  # so many lines, nine in ten of no more words
_FEWEST_VERSE_WORDS = 3.0  # on the average: fewer are a list
_AT_THE_EDGE = 240  # characters from either end of a text in which a byline stands
_ITEM = re.compile(r"\s*(?:[-•*–✅✔▪#@]|\d+[.):])")
_NOTICE = compile_pattern(
    r"(?i)(?:©|\(c\)|\bcopyright)\s*(?:©|\(c\))?\s*(?:19|20)\d\d(?:\s*[-–]\s*(?:19|20)?\d\d)?\b[^\n]{0,80}|"
    r"\ball rights reserved\b|"
    r"\btodos los derechos reservados\b|\bderechos reservados\b|\breproduction (?:without|is prohibited)[^\n.]{0,40}|"
    r"\bprohibida (?:su|la) reproduccion\b|\b(?:this|the) (?:article|story|essay|column) (?:originally |first )?"
    r"(?:appeared|ran|was (?:originally |first )?published) in\b"
)
_BYLINE = compile_pattern(
    r"(?m)^(?:[^\n]{0,120}\n|[^\n]{2,80}\s)?\s*(?:(?i:by|written by|words by|story by|essay by|poem by|lyrics by|"
    r"por|escrito por|letra de|texto de|autor:|autora:|author:)\s+)"
    r"[A-ZÀ-Þ][\w.'-]+(?:\s+(?:de |del |la |van |von )?[A-ZÀ-Þ][\w.'-]+){1,3}\s*(?:$|[|,/(\n•]|\s-\s)"
)
# In one line with what follows: a title in capitals or quotes, its author, and then prose.
_TITLED = compile_pattern(
    r"(?:\"[^\"\n]{4,80}\"|'[A-ZÀ-Þ][^'\n]{3,80}'|\b[A-ZÀ-Þ][A-ZÀ-Þ'-]+(?: [A-ZÀ-Þ'-]+){1,9}|"
    r"\b[A-ZÀ-Þ][\w'-]+(?: [A-ZÀ-Þ][\w'-]+){0,6})[.,]? "
    r"(?i:by|por) [A-ZÀ-Þ][\w.'-]+(?: (?:de |del |la |van |von )?[A-ZÀ-Þ][\w.'-]+){1,3}"
    r"(?:, [A-ZÀ-Þ][\w' -]{2,40})?[.:] [\"'A-ZÀ-Þ][^\n]{160,}"
)
_SIGNED = compile_pattern(r"(?m)^\s*(?:-{1,2}|~)\s*[A-ZÀ-Þ][\w.'-]+(?:\s+[A-ZÀ-Þ][\w.'-]+){1,3}\s*$")
_OFFICE = compile_pattern(
    r"(?i)\b(?:subscribe (?:now|to continue|to read)|staff (?:writer|reporter)|sign up for our newsletter|advertisement|"
    r"read more at|"
    r"chapter \d{1,3}|capitulo \d{1,3}|stanza|chorus|verse \d|estribillo|suscribase|redaccion)\b"
)


def shape_of(page: Page, institution: Institution) -> Iterator[Sign]:
    """Signs 'long', 'very_long', 'verse', 'byline', 'notice', 'own_notice' and 'office' of a page."""
    text = page.folded.text
    words = len(text.split())
    verse = _is_verse(text)
    for name, holds in (("long", words >= LONG), ("very_long", words >= VERY_LONG), ("verse", verse)):
        if holds:
            yield Sign(name, page, 0, len(text))
    for match in _NOTICE.finditer(text):
        ours = bool(institution.own_mentions(_part(page, match.start(), match.end())))
        yield Sign("own_notice" if ours else "notice", page, *match.span())
    for match in (*_BYLINE.finditer(text), *_TITLED.finditer(text), *(_SIGNED.finditer(text) if verse else ())):
        if match.start() <= _AT_THE_EDGE or match.end() >= len(text) - _AT_THE_EDGE:
            yield Sign("byline", page, *match.span())
    for match in _OFFICE.finditer(text):
        yield Sign("office", page, *match.span())


def _part(page: Page, start: int, end: int) -> Folded:
    part = page.folded.text[start:end]
    return Folded(part, part)


def _is_verse(text: str) -> bool:
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < _VERSE_LINES or sum(map(bool, map(_ITEM.match, lines))) > 2:
        return False
    counts = sorted(len(line.split()) for line in lines)
    return counts[int(len(counts) * 0.9)] <= _VERSE_WORDS and sum(counts) / len(counts) >= _FEWEST_VERSE_WORDS
