"""The same posts spoiled: how much PHI and how many names are still found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.quality import metrics, sets
from benchmarks.quality.bench import Bench
from benchmarks.quality.disclosures import judged_by_us, peers
from benchmarks.quality.page import Section, table, titled
from benchmarks.quality.spoil import SPOILERS, spoiled
from benchmarks.quality.systems import line_of, of_kind
from training.posts import LabelledPost

_BROKEN = ("PERSON", "LOCATION", "DATE", "AGE", "TRAIT")
_AS_IS = "as given"

_NOTE = (
    "PHI: recall on the development posts that are to be flagged, and the share of the clean ones that is flagged. PERSON: "
    "overlap recall on the sentences of all three name sets that hold a person. Each text is spoiled by a fixed draw: 30 % of "
    "the letters that have a look-alike, a zero-width space after 30 % of letters, figures for 30 % of the inner letters that "
    "have one, an emoji after 30 % of words. The drop is as given less spoiled, on the same posts."
)


def measured(bench: Bench) -> Section:
    posts, people = bench.some(bench.development), _people(bench)
    kinds = [_AS_IS, *SPOILERS]
    phi = {kind: _phi_rows(bench, posts, kind) for kind in kinds}
    ours, theirs = ({kind: _person_rows(bench, people, kind, us=us) for kind in kinds} for us in (True, False))
    rows, drops = [], []
    for kind in kinds:
        judged, clean = phi[kind]
        dropped = [
            metrics.difference(first, now, metrics.recall)
            for first, now in ((phi[_AS_IS][0], judged), (ours[_AS_IS], ours[kind]))
        ]
        drops += [(one.value, what, kind) for one, what in zip(dropped, ("PHI recall", "PERSON recall"), strict=True)]
        told = ["", ""] if kind == _AS_IS else dropped
        found, alarms = metrics.estimate(judged, metrics.recall), metrics.estimate(clean, metrics.recall)
        persons = [metrics.estimate(of_it[kind], metrics.recall) for of_it in (ours, theirs)]
        rows.append([kind, found, told[0], alarms, persons[0], told[1], persons[1]])
    worst = {what: max(one for one in drops if one[1] == what) for what in ("PHI recall", "PERSON recall")}
    named = "; ".join(f"{what}: {drop:.3f} under *{kind}*" for drop, what, kind in worst.values())
    head = ("spoiled by", "PHI recall", "drop", "clean flagged", "PERSON recall", "drop", "spaCy CNN, PERSON recall")
    page = titled("Robustness", _NOTE, table(head, rows), f"The largest drops: **{named}**.", _peers(bench, posts))
    return Section(page, tuple((f"largest drop of {what}", f"{drop:.3f} ({kind})", "") for drop, what, kind in worst.values()))


def _people(bench: Bench) -> Sequence[sets.Text]:
    texts = [one for file in sets.NAME_SETS.values() for one in sets.names(bench.data, file)]
    return bench.some([one for one in texts if any(tag == "PERSON" for tag, _, _ in one.spans)])


def _phi_rows(bench: Bench, posts: Sequence[LabelledPost], kind: str) -> tuple[list[metrics.Row], list[tuple[int, int]]]:
    """Rows of all posts, and of the clean ones whether they were flagged."""
    judged = [(post, judged_by_us(bench, spoiled_post(post, kind)).row) for post in posts]
    return [row for _, row in judged], [(row[3], 1) for post, row in judged if post.phi is None]


def spoiled_post(post: LabelledPost, kind: str) -> LabelledPost:
    """The post with its own words spoiled, text and alt texts each; what it answers stays."""
    if kind == _AS_IS:
        return post
    marked = [(start, end) for tag, start, end in post.spans if tag in _BROKEN]
    raw, at = dict(post.raw), 0

    def part(text: str) -> str:
        nonlocal at
        here = [(start - at, end - at) for start, end in marked if at <= start and end <= at + len(text)]
        at += len(text) + 1 if text else 0
        return spoiled(kind, text, here)[0]

    raw["text"] = part(raw["text"])
    raw["media"] = [{**medium, "alt_text": part(medium.get("alt_text", ""))} for medium in raw.get("media", ())]
    own = "\n".join(text for text in (raw["text"], *(medium["alt_text"] for medium in raw["media"])) if text)
    return replace(post, raw=raw, own=own)


def _person_rows(bench: Bench, texts: Sequence[sets.Text], kind: str, *, us: bool) -> list[metrics.Row]:
    rows = []
    for one in texts:
        people = of_kind(one.spans, "PERSON", one.text)
        text, gold = one.text, people
        if kind != _AS_IS:
            text, places = spoiled(kind, one.text, people)
            gold = [(places[start], places[end]) for start, end in people]
        marks = bench.ours.marks(line_of(text, "personnel")) if us else bench.spacy.marks(text)
        rows.append(metrics.hits(gold, [(s, e) for tag, s, e in marks if tag == "PERSON"], exact=False))
    return rows


def _peers(bench: Bench, posts: Sequence[LabelledPost]) -> str:
    lines = []
    for kind in (_AS_IS, *SPOILERS):
        texts = [spoiled_post(post, kind) for post in posts]
        flagged = [
            metrics.estimate([metrics.judged(flags(post.own), post.phi is not None) for post in texts], metrics.recall)
            for flags in peers(bench).values()
        ]
        lines.append([kind, *flagged])
    return "PHI recall of the peers, spoiled alike:\n\n" + table(("spoiled by", *peers(bench)), lines)
