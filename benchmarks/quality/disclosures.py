"""PHI by post, on the development set: who is flagged, what near misses come along, and whether the spans tell where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.quality import metrics
from benchmarks.quality.bench import Bench
from benchmarks.quality.page import Section, table, titled
from benchmarks.quality.systems import line_of_post, own_parts, told_of
from core.records import Finding
from training.posts import PHI_CATEGORIES, LabelledPost

_IDENTIFYING = ("PERSON", "LOCATION", "DATE", "AGE", "TRAIT")
_SCORES = (metrics.precision, metrics.recall, metrics.f1, metrics.f2)

_NOTE = (
    "A post counts as flagged where `nightrounds screen` has a finding of the rule `phi`. The posts were written and labelled "
    "by another hand than the training posts; half of them are to be flagged, and most of the others are near misses, which "
    "differ from a positive in the one thing that matters. Feeds are not like that: see *Alarms* and *PPV*. The peers have no "
    "such judgement; the simplest that can be made of them is: Presidio, any entity; spaCy, a person beside a health word."
)
_TOUCHED = "Of the labelled spans that identify (PERSON, LOCATION, DATE, AGE, TRAIT) in rightly flagged posts, findings touch"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A post, the categories that it was flagged for (the surest first), and the ranges of its own words that findings name."""

    post: LabelledPost
    categories: tuple[str, ...]
    ranges: tuple[tuple[int, int], ...] = ()
    not_read: bool = False

    @property
    def row(self) -> metrics.Row:
        return metrics.judged(bool(self.categories), self.post.phi is not None)


def judged_by_us(bench: Bench, post: LabelledPost) -> Judgement:
    line = line_of_post(post)
    screened = bench.ours.screened(line)
    starts = {part.segment: part.start for part in own_parts(line)}
    findings: list[Finding] = told_of(screened, "phi")
    ranges = [
        (span.start + starts[span.segment], span.end + starts[span.segment])
        for finding in findings
        for span in finding.spans
        if span.segment in starts
    ]
    return Judgement(post, tuple(one.category for one in findings), tuple(ranges), screened.not_read is not None)


def peers(bench: Bench) -> dict[str, Callable[[str], bool]]:
    return {"stock Presidio, any entity": bench.presidio.flags, "spaCy person + health word": bench.spacy.flags}


def measured(bench: Bench) -> Section:
    posts = bench.some(bench.development)
    ours = [judged_by_us(bench, post) for post in posts]
    rows = rows_of_all(bench, ours)
    near = near_misses(posts)
    whole = [
        [name, *(metrics.estimate(of_it, score) for score in _SCORES), near_miss_alarms(posts, of_it, near)]
        for name, of_it in rows.items()
    ]
    head = ("system", "precision", "recall", "F1", "F2", f"near misses flagged (of {len(near)})")
    versus = [[name, metrics.difference(rows[bench.ours.name], of_it, metrics.f2)] for name, of_it in list(rows.items())[1:]]
    f2s = {name: metrics.estimate(of_it, metrics.f2) for name, of_it in rows.items()}
    best = max(peers(bench), key=lambda name: f2s[name].value)
    touched = _touched(ours)
    page = titled(
        f"PHI by post ({len(posts)} posts, {sum(post.phi is not None for post in posts)} to be flagged)",
        _NOTE,
        table(head, whole),
        table(("F2 of Night Rounds less that of", "difference"), versus),
        _by_category(ours),
        _by_group(ours),
        _confusion(ours),
        f"{_TOUCHED} **{touched}**. {sum(one.not_read for one in ours)} posts count as not read.",
    )
    mine = rows[bench.ours.name]
    brief = [
        (f"PHI by post, {name}", metrics.estimate(mine, score), "")
        for name, score in (("precision", metrics.precision), ("recall", metrics.recall), ("F1", metrics.f1))
    ]
    brief += [
        ("PHI by post, F2", f2s[bench.ours.name], f"{f2s[best]} {best}"),
        (
            "PHI by post, near misses flagged",
            near_miss_alarms(posts, mine, near),
            f"{near_miss_alarms(posts, rows[best], near)} {best}",
        ),
        ("PHI by post, labelled spans touched", touched, ""),
    ]
    return Section(page, tuple(brief))


def rows_of_all(bench: Bench, ours: Sequence[Judgement]) -> dict[str, list[metrics.Row]]:
    """Rows of every system on the posts of `ours`."""
    judged = {bench.ours.name: [one.row for one in ours]}
    for name, flags in peers(bench).items():
        judged[name] = [metrics.judged(flags(one.post.own), one.post.phi is not None) for one in ours]
    return judged


def near_misses(posts: Sequence[LabelledPost]) -> set[str]:
    """Ids of clean posts whose pair is to be flagged."""
    flagged = {post.id for post in posts if post.phi is not None}
    paired = {post.pair for post in posts if post.phi is not None}
    return {post.id for post in posts if post.phi is None and (post.pair in flagged or post.id in paired)}


def near_miss_alarms(posts: Sequence[LabelledPost], rows: Sequence[metrics.Row], near: set[str]) -> metrics.Estimate:
    """The share of these near misses that was flagged."""
    return metrics.estimate([(row[3], 1) for post, row in zip(posts, rows, strict=True) if post.id in near], metrics.recall)


def _by_category(ours: Sequence[Judgement]) -> str:
    rows = []
    for category in PHI_CATEGORIES:
        of_it = [one for one in ours if one.post.phi == category]
        found = metrics.estimate([one.row for one in of_it], metrics.recall)
        named = metrics.estimate([(int(category in one.categories), 1) for one in of_it], metrics.recall)
        rows.append([category, len(of_it), found, named])
    return table(("category in truth", "posts", "flagged at all", "flagged as this, among others"), rows)


def _by_group(ours: Sequence[Judgement]) -> str:
    def language(one: Judgement) -> str:
        return one.post.lang if one.post.lang in {"en", "es"} else "other"

    rows = []
    for name, group_of in (("language", language), ("account", lambda one: one.post.kind)):
        for group in sorted({group_of(one) for one in ours}):
            of_it = [one.row for one in ours if group_of(one) == group]
            positive = sum(row[1] for row in of_it)
            rows.append([f"{name}: {group}", len(of_it), positive, *(metrics.estimate(of_it, score) for score in _SCORES)])
    return table(("group", "posts", "to be flagged", "precision", "recall", "F1", "F2"), rows)


def _confusion(ours: Sequence[Judgement]) -> str:
    """Truth down, the surest finding across."""
    counted = Counter((one.post.phi, one.categories[0] if one.categories else None) for one in ours)
    kinds: list[str | None] = [*PHI_CATEGORIES, None]
    rows = [[truth or "nothing", *(counted[truth, found] for found in kinds)] for truth in kinds]
    return table(("truth \\ found", *(kind or "nothing" for kind in kinds)), rows)


def _touched(ours: Sequence[Judgement]) -> metrics.Estimate:
    rows = []
    for one in ours:
        if one.post.phi and one.categories:
            gold = [(start, end) for tag, start, end in one.post.spans if tag in _IDENTIFYING]
            rows.append(metrics.hits(gold, one.ranges, exact=False))
    return metrics.estimate(rows, metrics.recall)
