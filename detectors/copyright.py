"""Other people's work (clause 8): whole works reposted, owners waved away, notices cut off, registered works again.

A whole work is told by words that offer it, by two hints together (that it is whole, where it is to be had, how the price or
the owner is got round), or by what stands with it: length or verse, beside a byline, a notice or the words of a newsroom. A
licence, a permission, one's own authorship, and a short quotation with its source are clean. Pictures are read by their
descriptions alone: no picture's bytes come to a detector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from core.policy import Policy
from core.records import Finding, PostType, Reading
from core.seams import Detector
from detectors._copyright_shape import shape_of
from detectors._institution import Institution
from detectors._phrases import compile_phrases
from detectors._sign_points import data_digest, rule_points
from detectors._signs import Page, Sign, Verdicts, Wordings, classes_of, pages_of
from detectors._works import Again, Works

_HINTS = ("held_out", "spread", "evades")  # of a whole work; two together make one
_LISTS = ("offered", *_HINTS, "disclaimed", "unknown_owner", "removed")
_DENIED = {"licensed": "no_right", "offered": "refused"}
_FILLS = ("whole", "work")  # lists that fill slots of the others
_OF_THE_WHOLE = ("licensed", "excerpt", "warns")
_NEVER = r"[^\s\S]"
_NUMBER = r"\d+(?:[.,]\d{3})*"
_PART, _WHOLE = 0.25, 0.6  # shares of a registered work, from which it is a sizeable part, and from which it is the work
_MANY_WORDS = 120  # of a registered work that are no short quotation, however long the work
_ARTICLES = frozenset({"copyright", PostType.ARTICLE, PostType.PAGE})
_WHAT = {
    "copied": "May pass on somebody else's whole work",
    "stripped": "Seems to lack an owner's credit or notice, or to put a disclaimer in place of permission",
    "registered": "Holds the text of a registered work",
}
_PLAIN = {
    "offered": "a whole work is offered",
    "held_out": "words of a whole work",
    "spread": "where it is to be had",
    "evades": "a way round the price, the lock or the owner",
    "whole_work": "a long text or verse with somebody's byline or notice",
    "notice": "a copyright notice",
    "byline": "a byline",
    "office": "words of a newsroom or of a book",
    "disclaimed": "a disclaimer of ownership",
    "unknown_owner": "an owner who is not known",
    "removed": "a notice that was taken off",
    "watermark": "a watermark in a picture",
    "known_part": "a sizeable part of it",
    "known_whole": "most of it",
}


class CopyrightDetector(Detector):
    """Indicators that somebody's work is shared without the right to."""

    rule: ClassVar[str] = "copyright"
    categories: ClassVar[frozenset[str]] = frozenset({"copied", "stripped", "registered"})
    revision: ClassVar[str] = "2"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self._institution = Institution(policy)
        self._wordings = Wordings(self.config, denied_by=_DENIED, slots=self._slots())
        self._works = Works((work.title, work.signature) for work in self.config.works)
        self._verdicts = Verdicts(self, rule_points(self.rule), _WHAT, _PLAIN)

    @property
    def version(self) -> str:
        """The points are part of it."""
        return f"{super().version}.{data_digest('copyright_points.yaml')}"

    def _slots(self) -> dict[str, str]:
        """Patterns for {whole} and {work}, and for {number} with its thousands ('1,100 pages')."""
        patterns = {name: compile_phrases(self.config.phrases.get(name, ()), {"number": _NUMBER}) for name in _FILLS}
        filled = {name: pattern.pattern if pattern else _NEVER for name, pattern in patterns.items()}
        return {"number": _NUMBER, **filled}

    def detect(self, reading: Reading) -> Iterator[Finding]:
        """At most one finding a category."""
        pages = pages_of(reading)
        known = [(again, page) for page in pages for again in self._works.again_in(page.folded)]
        signs = [sign for page in pages for sign in self._signs(page)]
        signs += [Sign(_known(again), page, again.start, again.end) for again, page in known if _known(again)]
        if any(sign.name == "offered" for sign in signs):  # hints add nothing to what is said plainly
            signs = [sign for sign in signs if sign.name not in _HINTS]
        context = [name for name in _OF_THE_WHOLE if any(any(self._wordings.places(page, name)) for page in pages)]
        context += self._together(reading, signs)
        for finding in self._verdicts.findings(pages, signs, context, classes_of(reading, pages)):
            yield _named(finding, [again for again, _ in known]) if "registered" in finding.category else finding

    def _signs(self, page: Page) -> Iterator[Sign]:
        yield from self._wordings.signs(page, _LISTS)
        yield from shape_of(page, self._institution)
        if page.segment.endswith(".alt_text"):
            yield from self._wordings.signs(page, ("watermark",))

    def _together(self, reading: Reading, signs: Sequence[Sign]) -> Iterator[str]:
        """What holds of signs together, or of the post: whose article it is."""
        names = {sign.name for sign in signs}
        offices = sum(sign.name == "office" for sign in signs)
        article = reading.post is not None and reading.post.type in _ARTICLES  # on our own site a byline is our author's
        claimed = "notice" in names or (not article and ("byline" in names or offices > 1))
        if claimed and not names.isdisjoint({"long", "verse"}):
            yield "whole_work"
        if article:
            yield "own_article"
        author = reading.account.profile.display_name.casefold().split()
        bylines = [sign.page.folded.lower[sign.start : sign.end] for sign in signs if sign.name == "byline"]
        if author and any(author[-1] in line and author[0] in line for line in bylines):
            yield "own_work"


def _known(again: Again) -> str:
    if again.share >= _WHOLE:
        return "known_whole"
    return "known_part" if again.share >= _PART or again.words >= _MANY_WORDS else ""


def _named(finding: Finding, known: Sequence[Again]) -> Finding:
    """With the title under which the policy registers the work that most of stands here."""
    most = max(known, key=lambda again: again.share)
    return replace(finding, reason=f"{finding.reason} Registered as '{most.title}': about {most.share:.0%} of it.")
