"""What a finding that passed the gate shows of a protected post: the sentences that it points into, and no other word.

Patient information is looked at whatever else its author speaks of; the rest of the post is nobody's business but that of those
who may open seals. Of a sentence that is protected talk itself only the words are left that the finding points at. Hidden
characters become blocks one for one, so that spans still fit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

from core.records import Media, Post, Reference, Span
from detectors._reader import PROFILE_SEGMENTS

BLOCK = "▇"
_KNOWN_ANYWAY = PROFILE_SEGMENTS - {"bio"}  # who the account is stands beside every finding
_SENTENCE_END = re.compile(
    r"(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bDra)(?<!\bSr)(?<!\bSra)[.!?…。！？؟]+[\"')\]]*(?=\s)|[\r\n\u2028\u2029]+"
)


def without_protected_part(
    segments: Mapping[str, str], spans: Iterable[Span], is_protected: Callable[[str], bool]
) -> dict[str, str]:
    """`segments` with everything hidden but what `spans` touch, and the account's name and handle."""
    touched: dict[str, list[Span]] = {}
    for span in spans:
        touched.setdefault(span.segment, []).append(span)
    return {
        name: text if name in _KNOWN_ANYWAY else _only_sentences(text, touched.get(name, ()), is_protected)
        for name, text in segments.items()
    }


def post_without_protected_part(post: Post, spans: Iterable[Span], is_protected: Callable[[str], bool]) -> Post:
    """The post with all its words as `without_protected_part` leaves them: what it answers, quotes or repeats is
    hidden, and so are pictures that the finding is not about."""
    known = tuple(spans)

    def shown(name: str, text: str) -> str:
        return without_protected_part({name: text}, known, is_protected)[name]

    def picture(n: int, media: Media) -> Media:
        name = f"media.{n}.alt_text"
        if any(span.segment == name for span in known):
            return replace(media, alt_text=shown(name, media.alt_text))
        return replace(media, alt_text=shown(name, media.alt_text), url="", path="")

    def other(name: str, reference: Reference | None) -> Reference | None:
        return reference and replace(reference, text=shown(name, reference.text))

    return replace(
        post,
        title=shown("title", post.title),
        text=shown("text", post.text),
        summary=shown("summary", post.summary),
        links=tuple(shown(f"link.{n}", link) for n, link in enumerate(post.links)),
        media=tuple(picture(n, media) for n, media in enumerate(post.media)),
        in_reply_to=other("in_reply_to", post.in_reply_to),
        quote_of=other("quote_of", post.quote_of),
        repost_of=other("repost_of", post.repost_of),
    )


def _only_sentences(text: str, spans: Iterable[Span], is_protected: Callable[[str], bool]) -> str:
    inside = ((max(span.start, 0), min(span.end, len(text))) for span in spans)
    known = [(start, end) for start, end in inside if start < end]
    shown = bytearray(len(text))
    for start, end in known:
        shown[start:end] = b"\x01" * (end - start)
    for start, end in pairwise([0, *(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]):
        if any(first < min(end, last) and last > start for first, last in known) and not is_protected(text[start:end]):
            shown[start:end] = b"\x01" * (end - start)
    return "".join(char if show or char.isspace() else BLOCK for char, show in zip(text, shown, strict=True))
