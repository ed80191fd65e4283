"""Reads a post or a profile once for all detectors: its segments, the identifiers in each, and its language.

What can't be read says so (`Signals.not_read`) and is never taken for clean. A trained encoder adds its entities and classes to
the same Signals; what is here needs none. Nothing here opens a connection.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from functools import cache
from typing import ClassVar

from core.policy import Policy
from core.records import Account, Entity, Post, Reading, Segment, Signals, Span
from detectors._fold import Folded, fold
from detectors._identifiers import Found, Identifiers
from detectors._identifiers_hipaa import hipaa_shapes
from detectors._identifiers_presidio import presidio_shapes
from detectors._language import is_large_part, is_unread, load_languages
from detectors._names import name_shapes

WINDOW = 65_536  # code points read at a time
OVERLAP = 512  # longer than any identifier
LONGEST = 16 * WINDOW  # beyond it a text is read to this point and counts as not read
MOST_PARTS = 256  # links, and pictures, of one post; the rest count as not read
_KEPT_TEXTS = 2_048  # bios and boilerplate come again with every post
_KEPT_LENGTH = 1_000

_NO_PROSE = ("handle", "display_name", "link.")
CONTEXT_SEGMENTS = frozenset({"in_reply_to", "quote_of"})  # another author's words
PROFILE_SEGMENTS = frozenset({"handle", "display_name", "bio"})


class Reader:
    """Makes Readings. One serves a whole process, one text at a time; building it takes about two seconds."""

    revision: ClassVar[str] = "3"  # raised when the code would read differently: history is then read again

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self._identifiers = _identifiers()
        self._languages = load_languages()
        self._known: OrderedDict[tuple[str, bool], tuple[tuple[Found, ...], str, str | None]] = OrderedDict()

    def read_post(self, account: Account, post: Post) -> Reading:
        """Segments and signals of a post, its author's profile among them."""
        return self._read(account, post, [*_post_segments(post), *_profile_segments(account)])

    def read_profile(self, account: Account) -> Reading:
        """Segments and signals of a profile alone."""
        return self._read(account, None, list(_profile_segments(account)))

    def _read(self, account: Account, post: Post | None, segments: list[Segment]) -> Reading:
        signals = {segment.name: self._signals(segment) for segment in segments}
        return Reading(account=account, post=post, segments=tuple(segments), signals=signals)

    def _signals(self, segment: Segment) -> Signals:
        name, prose = segment.name, not segment.name.startswith(_NO_PROSE)
        if name.startswith(("link.", "media.")) and int(name.split(".")[1]) >= MOST_PARTS:
            return Signals(segment=name, not_read="too many parts")
        found, language, not_read = self._recall(segment.text, prose)
        entities = tuple(Entity(type=f.type, span=Span(name, f.start, f.end), score=f.score) for f in found)
        return Signals(segment=name, entities=entities, lang=language, not_read=not_read)

    def _recall(self, text: str, prose: bool) -> tuple[tuple[Found, ...], str, str | None]:
        if len(text) > _KEPT_LENGTH:
            return self._read_text(text, prose)
        key = (text, prose)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._read_text(text, prose)
            if len(self._known) > _KEPT_TEXTS:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return known

    def _read_text(self, text: str, prose: bool) -> tuple[tuple[Found, ...], str, str | None]:
        """Identifiers in offsets of `text`, its language, and why it can't count as read."""
        length = min(len(text), LONGEST)
        not_read = "too long" if len(text) > LONGEST else None
        found: dict[Found, None] = {}
        for start in _window_starts(length):
            end = min(start + WINDOW, length)
            in_window, in_time = self._read_window(text[start:end])
            placed = (f._replace(start=f.start + start, end=f.end + start) for f in in_window)
            cut = {start} - {0}, {end} - {length}  # what touches an inner edge is read whole in the neighbouring window
            found |= dict.fromkeys(f for f in placed if f.start not in cut[0] and f.end not in cut[1])
            not_read = not_read or (None if in_time else "time")
        language = self._languages.name(text[:WINDOW]) if prose else "und"
        if not_read is None and (is_unread(language) or (prose and self._is_largely_unread(text[:WINDOW]))):
            not_read = "language"
        return tuple(sorted(found, key=lambda f: (f.start, f.end, f.type))), language, not_read

    def _is_largely_unread(self, text: str) -> bool:
        return is_large_part(*self._languages.unread_letters(text))

    def _read_window(self, text: str) -> tuple[list[Found], bool]:
        folded = fold(text)
        found, in_time = self._identifiers.find(folded)
        if folded.map is not None:
            found = [f._replace(start=s, end=e) for f in found for s, e in [folded.original_span(f.start, f.end)]]
        if folded.dropped:  # what was dropped may have stood as the boundary of an identifier
            apart, apart_in_time = self._identifiers.find(Folded(text, text))
            found, in_time = found + apart, in_time and apart_in_time
        return found, in_time


def entities_of(reading: Reading) -> list[dict[str, str | int | float]]:
    """The raw entities of a reading, before any judgement, as plain data in reading order."""
    return [
        {"type": e.type, "segment": e.span.segment, "start": e.span.start, "end": e.span.end, "score": round(e.score, 4)}
        for e in reading.entities()
    ]


def _window_starts(length: int) -> range:
    return range(0, max(length - OVERLAP, 1), WINDOW - OVERLAP)


def _post_segments(post: Post) -> Iterator[Segment]:
    parts = [("title", post.title), ("text", post.text), ("summary", post.summary)]
    parts += [(f"media.{n}.alt_text", media.alt_text) for n, media in enumerate(post.media)]
    parts += [(f"link.{n}", link) for n, link in enumerate(post.links)]
    parts += [(name, ref.text) for name, ref in (("in_reply_to", post.in_reply_to), ("quote_of", post.quote_of)) if ref]
    yield from (Segment(name=name, text=text) for name, text in parts if text)


def _profile_segments(account: Account) -> Iterator[Segment]:
    parts = (("handle", account.handle), ("display_name", account.profile.display_name), ("bio", account.profile.bio))
    yield from (Segment(name=name, text=text) for name, text in parts if text)


@cache
def _identifiers() -> Identifiers:
    return Identifiers([*presidio_shapes(), *hipaa_shapes(), *name_shapes()])
