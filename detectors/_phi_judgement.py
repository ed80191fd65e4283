"""How the parts combine: what a passage tells, of whom, by whom, and how sure that is.

Two readings are asked. The first adds up points: for each sign that words, forms, names and details give, there are points for
or against (_phi_points). The chief sign is the product of three chances: that somebody is a patient, that health is
spoken of, and that the parts together go towards one person; a drill, a film, news or the author's own illness dampens it. The
second is the language model's judgement of the post as a whole (_phi_voice). Their log odds are added. Where the model did not
read, that product decides alone. Three things are above the sum: a number that stands for one patient is enough, a permission
in writing puts the score below what counts, and a death never lowers anything.

The category is the first that fits of: a picture that shows it, a reply that confirms it, a death, a direct identifier, parts
that combine. A name or number that is open in the text is told beside a picture or a death, because its mend is another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from core.records import Span
from detectors._fold import fold
from detectors._phi_evidence import Evidence, identifying
from detectors._phi_formula import is_formula
from detectors._phi_parts import Page, Part
from detectors._phi_patient import WRITTEN_DAMPS
from detectors._phi_picture import Shown, shown_in_pictures, shows_something
from detectors._phi_points import PERMITTED, WORDS_OF_DEATH, phi_points
from detectors._phi_reply import confirms_a_patient
from detectors._phi_voice import Voice, chance, odds
from detectors._phi_weights import DIRECT

_ALONE = 0.9  # score of a number that is enough alone
_MAKE_BELIEVE = 0.2  # damping below it: a drill or a film, where even a record number is invented
_CONSENT = 0.2  # probability; the chance of it in any post is a fiftieth
_SURE_OF_DEATH = 1.4  # log odds; where no word says so, four to one
_NAMED = 0.5  # identifying power from which direct identifiers count as such
_MORE_LIKELY_THAN_NOT = 0.5
_SURE = 0.7  # product of chances from which patterns are right four times in five
_NOTHING = 0.05  # what the product of chances counts where there is none

_BESIDE = {"direct_identifier", "image_caption", "review_reply"}


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that a post seems to tell. `lead` is the first sentence of its reason and quotes nothing."""

    category: str
    score: float
    lead: str
    spans: tuple[Span, ...]
    evidence: Evidence | None = None
    parts: tuple[Part, ...] = ()  # direct identifiers that it rests on


def believed(evidence: Evidence, voice: Voice | None) -> Evidence:
    """A permission in writing counts only where the model reads one as well: papers are signed for many things."""
    if not evidence.written or voice is None or voice.consent >= _CONSENT:
        return evidence
    signs = {sign: value for sign, value in evidence.signs.items() if sign != "written"}
    return replace(evidence, written=False, damping=min(evidence.damping / WRITTEN_DAMPS, 1.0), signs=signs)


def in_passage(evidence: Evidence, voice: Voice | None, *, our_account: bool) -> Iterator[Told]:
    """What one passage tells by its words. `our_account` is false for one that only speaks as if it were ours."""
    parts = (*evidence.direct, *evidence.indirect)
    direct = identifying(evidence.direct) >= _NAMED
    if evidence.strong and our_account:
        score = _ALONE * (evidence.damping if evidence.damping < _MAKE_BELIEVE else 1.0)
        lead = f"{_listed(_kinds(evidence.strong)).capitalize()} stands for one patient by itself."
        yield Told("direct_identifier", score, lead, _spans(parts, evidence), evidence, evidence.direct)
    if evidence.released and not direct:
        return
    named, unnamed = by_patterns(evidence)
    told = fused(max(named, unnamed), voice, evidence)
    lead = _lead(parts, evidence, voice, max(named, unnamed))
    if direct:
        score = named if voice is None else told
        yield Told("direct_identifier", score, lead, _spans(parts, evidence), evidence, evidence.direct)
    if _tells_of_a_death(evidence, voice):
        yield Told("deceased", told, lead, _spans(parts, evidence), evidence)
    elif not direct or (voice is None and told > named):
        lead = _lead(evidence.indirect, evidence, voice, unnamed)
        yield Told("indirect_identifier", told, lead, _spans(evidence.indirect, evidence), evidence)


def in_picture(evidence: Evidence, voice: Voice | None, pages: Sequence[Page], *, has_media: bool) -> Iterator[Told]:
    """What the pictures of a passage show, by their descriptions and by what the text says of them."""
    shown = shown_in_pictures(pages, evidence, has_media=has_media)
    if evidence.released and not evidence.direct:
        return
    if voice is not None and shown is None and shows_something(pages, evidence, has_media=has_media):
        shown = Shown("a patient", 0.0, ())
    if shown is None:
        return
    patterns = max(shown.score, *by_patterns(evidence))
    score = shown.score if voice is None else fused(patterns, voice, evidence)
    spans = (*shown.spans, *(_spans((*evidence.direct, *evidence.indirect), evidence) if voice else ()))
    lead = f"The picture or its caption seems to show {shown.what}{_readings(voice, _speak(patterns, evidence, voice))}."
    yield Told("image_caption", score, lead, spans, evidence)


def in_reply(text: str, gathered: Sequence[Evidence], voice: Voice | None, *, our_account: bool) -> Iterator[Told]:
    """Whether an answer in the institution's name confirms that somebody is or was a patient, even without a detail.

    It is known who is answered, so whatever discloses a patient in an answer confirms one. Words alone can't tell whether an
    account that is not ours speaks as if it were; the model must say so. Mere formulas confirm nothing.
    """
    folded = fold(text)
    if is_formula(folded.lower):
        return
    found = confirms_a_patient(folded.lower) if our_account else None
    if not (found or voice):
        return
    scores = [found.score] if found else []
    if voice is not None:
        scores.append(chance((odds(voice.disclosed) + odds(voice.confirms)) / 2))
        scores += [fused(max(by_patterns(evidence)), voice, evidence) for evidence in gathered]
    spans = [Span("text", *folded.original_span(start, end)) for start, end in (found.extents if found else ())]
    for evidence in gathered:
        spans += _spans((*evidence.direct, *evidence.indirect), evidence)
    what = f" ({found.what})" if found else ""
    lead = f"This reply in the institution's name seems to confirm that somebody is or was a patient{what}"
    reading = _readings(voice, found is not None)
    yield Told("review_reply", max(scores), f"{lead}, even without a detail{reading}.", tuple(spans))


def fused(patterns: float, voice: Voice | None, evidence: Evidence) -> float:
    """Both readings in one score. `patterns` is the product of chances."""
    if voice is None:
        return patterns
    score = chance(phi_points().join(signs_of(patterns, evidence), odds(voice.disclosed)))
    return score * PERMITTED if evidence.written else score


def signs_of(patterns: float, evidence: Evidence) -> dict[str, float]:
    """The signs of a passage and its measures, by the names that have points. `patterns` is the product of chances."""
    measures = {
        "patterns": odds(min(max(patterns, _NOTHING), 1.0 - _NOTHING)),
        "patterns sure": float(patterns > _SURE),
        "how surely a patient": evidence.patient,
        "how real": evidence.damping,
        "how far direct": identifying(evidence.direct),
        "how far indirect": identifying(evidence.indirect),
    }
    return {**evidence.signs, **measures}


def first_that_fit(found: Sequence[Told]) -> Iterator[Told]:
    """Of what is sure enough, what is to be told: the first category that fits, and what is open beside it."""
    categories = {told.category for told in found}
    for told in found:
        numbered = any(part.type in DIRECT for part in told.parts)
        in_text = any(not part.span.segment.startswith("media.") for part in told.parts)
        if "review_reply" in categories and told.category != "review_reply" and not numbered:
            continue
        if "image_caption" in categories and (told.category not in _BESIDE or (told.parts and not in_text and not numbered)):
            continue
        yield told


def by_patterns(evidence: Evidence) -> tuple[float, float]:
    """What patterns make of it: with what names somebody, and without."""
    context = evidence.health * evidence.damping
    direct = identifying(evidence.direct) >= _NAMED
    named = evidence.named_patient * context * identifying((*evidence.direct, *evidence.indirect)) if direct else 0.0
    return named, evidence.patient * context * identifying(evidence.indirect)


def _tells_of_a_death(evidence: Evidence, voice: Voice | None) -> bool:
    if voice is None:
        return evidence.death
    return odds(voice.deceased) + WORDS_OF_DEATH * evidence.death > _SURE_OF_DEATH


def _lead(parts: Sequence[Part], evidence: Evidence, voice: Voice | None, patterns: float) -> str:
    kinds = _kinds(parts)
    told = f", told {voice.by}," if voice and voice.by else ""
    what = f"Together, {_listed([*kinds, 'a health detail'])}" if kinds else "The way in which somebody's health is told"
    return f"{what}{told} may point to one patient{_readings(voice, _speak(patterns, evidence, voice))}."


def _readings(voice: Voice | None, patterns_speak: bool) -> str:
    """Which reading spoke; both where neither would have been sure by itself."""
    model = voice is not None and voice.disclosed >= _MORE_LIKELY_THAN_NOT
    if model != patterns_speak:
        return ", by the language model" if model else ", by word patterns"
    return ", by word patterns and the language model" if voice else ", by word patterns"


def _spans(parts: Sequence[Part], evidence: Evidence) -> tuple[Span, ...]:
    """The identifying parts and the words of health; the patient's noun only where there is nothing else to show."""
    return (*(part.span for part in parts), *evidence.health_spans) or evidence.people_spans


def _speak(patterns: float, evidence: Evidence, voice: Voice | None) -> bool:
    """Whether word patterns would have found it by themselves."""
    return voice is None or phi_points().sum(signs_of(patterns, evidence)) >= 0


def _kinds(parts: Sequence[Part]) -> list[str]:
    return list(dict.fromkeys(part.kind for part in parts))


def _listed(kinds: Sequence[str]) -> str:
    return kinds[0] if len(kinds) == 1 else f"{', '.join(kinds[:-1])} and {kinds[-1]}"
