"""Reads a post or a profile once for all detectors: identifiers, names and details in each segment, its language, and what the
language model says of the whole.

What can't be read says so (`Signals.not_read`) and is never taken for clean. Nothing here opens a connection.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import ClassVar, NamedTuple

from core.policy import Policy
from core.records import Account, Entity, Post, Reading, Segment, Signals, Span
from detectors._encoder import OWN_TYPES, EncoderInput, shipped_encoder
from detectors._fold import Folded, fold
from detectors._identifiers import Found, Identifiers
from detectors._identifiers_hipaa import hipaa_shapes
from detectors._identifiers_presidio import presidio_shapes
from detectors._language import is_large_part, is_unread, load_languages
from detectors._merging import merged
from detectors._model_folder import shipped_digest
from detectors._names import name_shapes
from detectors._other_model import OtherModel, configuration_digest

WINDOW = 65_536  # code points read at a time
OVERLAP = 512  # longer than any identifier
LONGEST = 16 * WINDOW  # beyond it a text is read to this point and counts as not read
MOST_PARTS = 256  # links, and pictures, of one post; the rest count as not read
_KEPT_TEXTS = 2_048  # bios and boilerplate come again with every post
_KEPT_LENGTH = 1_000

_TOO_MANY = "too many parts"
_UNREADABLE = frozenset({"language", _TOO_MANY})
_NO_PROSE = ("handle", "display_name", "link.")
_OWN_PROSE = frozenset({"title", "text", "summary"})
NAMES = frozenset({"PERSON", "LOCATION", "ORGANIZATION"})
CONTEXT_SEGMENTS = frozenset({"in_reply_to", "quote_of"})  # another author's words
PROFILE_SEGMENTS = frozenset({"handle", "display_name", "bio"})


class _Text(NamedTuple):
    """What reading one text by itself gave."""

    found: tuple[Found, ...]
    lang: str
    not_read: str | None


class Reader:
    """Makes Readings. One serves a whole process, one text at a time; building it takes about two seconds.

    `nlp_configuration` names another model's configuration, whose names are then told instead of our own model's.

    Raises:
        ConfigError: a model's files or its configuration are not what they have to be.
    """

    revision: ClassVar[str] = "5"  # raised when the code would read differently: history is then read again

    def __init__(self, policy: Policy, *, nlp_configuration: Path | None = None) -> None:
        self.policy = policy
        self._identifiers = _identifiers()
        self._languages = load_languages()
        self._encoder = shipped_encoder()
        self._other = OtherModel.load(nlp_configuration) if nlp_configuration else None
        self._known: OrderedDict[tuple[str, bool], _Text] = OrderedDict()

    @classmethod
    def version(cls, nlp_configuration: Path | None = None) -> str:
        """What changes when a text would be read differently; nothing is loaded for it. Raises ConfigError."""
        other = f".{configuration_digest(nlp_configuration)}" if nlp_configuration else ""
        return f"{cls.revision}.{shipped_digest()}{other}"

    def read_post(self, account: Account, post: Post) -> Reading:
        """Segments and signals of a post, its author's profile among them."""
        return self._read(account, post, post_segments(account, post))

    def read_profile(self, account: Account) -> Reading:
        """Segments and signals of a profile alone."""
        return self._read(account, None, profile_segments(account))

    def _read(self, account: Account, post: Post | None, segments: Sequence[Segment]) -> Reading:
        read = {segment.name: self._read_alone(segment) for segment in segments}
        classes = self._ask_model([s for s in segments if s.name == "bio"], "", read)
        if post is not None:
            classes = self._ask_model([s for s in segments if _is_own_prose(s.name)], _answered(post), read)
        signals = {name: _signals(name, text) for name, text in read.items()}
        return Reading(account=account, post=post, segments=tuple(segments), signals=signals, classes=classes)

    def _read_alone(self, segment: Segment) -> _Text:
        name, prose = segment.name, not segment.name.startswith(_NO_PROSE)
        if name.startswith(("link.", "media.")) and int(name.split(".")[1]) >= MOST_PARTS:
            return _Text((), "und", _TOO_MANY)
        return self._recall(segment.text, prose)

    def _ask_model(self, segments: Iterable[Segment], context: str, read: dict[str, _Text]) -> Mapping[str, float]:
        """Puts the model's entities to what was `read` of these segments, one author's words; gives its classes.

        The model reads them as training joins them, line by line. Those in a language that it does not know are left out.
        """
        known = {"und", *self._encoder.about.languages}
        readable = [s for s in segments if read[s.name].not_read not in _UNREADABLE and read[s.name].lang in known]
        if not readable:
            return {}
        own = "\n".join(s.text for s in readable)
        (told,) = self._encoder.read([EncoderInput(own, context)])
        found: Sequence[Found] = told.entities
        if self._other is not None:
            lang = next((read[s.name].lang for s in readable if read[s.name].lang != "und"), "und")
            found = [*(f for f in found if f.type not in NAMES), *self._other.find(own, lang)]
        starts = list(accumulate((len(s.text) + 1 for s in readable), initial=0))[:-1]
        for segment, start, here in zip(readable, starts, _shared_out(found, starts, readable), strict=True):
            text = read[segment.name]
            whole = told.read_to >= start + len(segment.text)
            not_read = text.not_read or (None if whole else "too long")
            read[segment.name] = text._replace(found=merged(text.found, here), not_read=not_read)
        return told.classes

    def _recall(self, text: str, prose: bool) -> _Text:
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

    def _read_text(self, text: str, prose: bool) -> _Text:
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
        return _Text(tuple(sorted(found, key=lambda f: (f.start, f.end, f.type))), language, not_read)

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
    """The raw entities of a reading that Presidio has names for, before any judgement, as plain data in reading order."""
    return [
        {"type": e.type, "segment": e.span.segment, "start": e.span.start, "end": e.span.end, "score": round(e.score, 4)}
        for e in reading.entities()
        if e.type not in OWN_TYPES
    ]


def _signals(name: str, text: _Text) -> Signals:
    entities = tuple(Entity(type=f.type, span=Span(name, f.start, f.end), score=min(f.score, 1.0)) for f in text.found)
    return Signals(segment=name, entities=entities, lang=text.lang, not_read=text.not_read)


def _is_own_prose(name: str) -> bool:
    return name in _OWN_PROSE or name.endswith(".alt_text")


def _answered(post: Post) -> str:
    """The words that a post answers, else those that it quotes."""
    return next((ref.text for ref in (post.in_reply_to, post.quote_of) if ref and ref.text), "")


def _shared_out(found: Iterable[Found], starts: Sequence[int], segments: Sequence[Segment]) -> list[list[Found]]:
    """What was found in joined segments, by segment and in its offsets; what reaches over an edge is cut there."""
    shares: list[list[Found]] = [[] for _ in segments]
    for one in found:
        n = bisect_right(starts, one.start) - 1
        while n < len(starts) and starts[n] < one.end:
            start, end = max(one.start - starts[n], 0), min(one.end - starts[n], len(segments[n].text))
            if start < end:
                shares[n].append(one._replace(start=start, end=end))
            n += 1
    return shares


def _window_starts(length: int) -> range:
    return range(0, max(length - OVERLAP, 1), WINDOW - OVERLAP)


def post_segments(account: Account, post: Post) -> list[Segment]:
    """The texts that spans of a post's findings lie in, those of its author's profile among them."""
    return [*_segments_of(post), *profile_segments(account)]


def _segments_of(post: Post) -> Iterator[Segment]:
    parts = [("title", post.title), ("text", post.text), ("summary", post.summary)]
    parts += [(f"media.{n}.alt_text", media.alt_text) for n, media in enumerate(post.media)]
    parts += [(f"link.{n}", link) for n, link in enumerate(post.links)]
    parts += [(name, ref.text) for name, ref in (("in_reply_to", post.in_reply_to), ("quote_of", post.quote_of)) if ref]
    yield from (Segment(name=name, text=text) for name, text in parts if text)


def profile_segments(account: Account) -> list[Segment]:
    """The texts that spans of a profile's findings lie in."""
    parts = (("handle", account.handle), ("display_name", account.profile.display_name), ("bio", account.profile.bio))
    return [Segment(name=name, text=text) for name, text in parts if text]


@cache
def _identifiers() -> Identifiers:
    return Identifiers([*presidio_shapes(), *hipaa_shapes(), *name_shapes()])
