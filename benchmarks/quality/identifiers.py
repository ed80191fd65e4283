"""Identifiers by leak recall: a value counts as found where every letter and figure of it lies under some mark."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from benchmarks.quality import metrics, sets
from benchmarks.quality.bench import Bench
from benchmarks.quality.page import Section, table, titled
from benchmarks.quality.systems import Mark, line_of, line_of_post
from training.posts import LabelledPost

_NOTE = (
    "A mark of any type covers, since a leak is stopped by any. `all` leaves out passwords, which no HIPAA identifier is. "
    "Values that do not stand in their text as written are passed over. Perfect posts: every value covered. Left clean: "
    "posts without any such value on which nothing is marked."
)
_CLINICAL_NOTE = (
    "Short clinical posts: the development set, and the composed posts that training keeps apart (calibration has seen "
    "those). Truth: PERSON, LOCATION, DATE, AGE. Left clean: posts with none of these that are not to be flagged; marks of "
    "organizations do not count there. Stock Presidio has no type for names, places and ages without a model, and reads "
    "dates only in figures."
)
_NO_IDENTIFIER = frozenset({"ORGANIZATION", "NRP"})
_BESIDE = frozenset({"password"})


def measured(bench: Bench) -> Section:
    texts = list(sets.identifiers(bench.data))
    ours = [bench.ours.marks(line_of(one.text, "personnel")) for one in texts]
    theirs = [bench.presidio.marks(one.text) for one in texts]
    both = ((bench.ours.name, ours), (bench.presidio.name, theirs))
    public = [
        _Found(system, [_judged(t.text, t.spans, m, is_clean=t.is_clean) for t, m in zip(texts, marks, strict=True)])
        for system, marks in both
    ]
    parts, brief = [_NOTE, "pii_nano:", _table(public), _CLINICAL_NOTE], [_brief("pii_nano", public)]
    for name, posts in (("development posts", bench.development), ("composed posts, kept apart", sets.held_out())):
        found = _clinical(bench, posts)
        parts += [f"{name.capitalize()}:", _table(found)]
        brief.append(_brief(name, found))
    return Section(titled("Identifiers", *parts), tuple(brief))


def _brief(name: str, found: Sequence[_Found]) -> tuple[str, object, object]:
    ours, *others = found
    best = max(others, key=lambda one: one.leak_recall(None).value)
    return f"leak recall, {name}", ours.leak_recall(None), f"{best.leak_recall(None)} {best.system}"


def _clinical(bench: Bench, posts: Sequence[LabelledPost]) -> list[_Found]:
    readers: list[tuple[str, Callable[[LabelledPost], list[Mark]]]] = [
        (bench.ours.name, lambda post: bench.ours.marks(line_of_post(post))),
        (bench.presidio.name, lambda post: bench.presidio.marks(post.own)),
        (bench.spacy.name, lambda post: bench.spacy.marks(post.own)),
    ]
    return [_Found(system, [_clinical_post(post, read(post)) for post in bench.some(posts)]) for system, read in readers]


def _clinical_post(post: LabelledPost, marks: list[Mark]) -> _Judged:
    spans = [span for span in post.spans if span[0] in sets.CLINICAL]
    return _judged(post.own, spans, marks, is_clean=post.phi is None and not spans)


class _Judged:
    """One post: whether each value was covered by kind, and what was marked."""

    def __init__(self, values: Sequence[tuple[str, bool]], *, is_clean: bool, marks: int) -> None:
        self.values, self.is_clean, self.marks = values, is_clean, marks

    def row(self, kind: str | None) -> tuple[int, int]:
        of_it = [under for each, under in self.values if (each not in _BESIDE if kind is None else each == kind)]
        return sum(of_it), len(of_it)


def _judged(text: str, spans: Sequence[sets.Span], marks: Sequence[Mark], *, is_clean: bool) -> _Judged:
    ranges = [(start, end) for _, start, end in marks]
    values = [(kind, metrics.covered(text, (start, end), ranges)) for kind, start, end in spans]
    return _Judged(values, is_clean=is_clean, marks=sum(tag not in _NO_IDENTIFIER for tag, _, _ in marks))


class _Found:
    def __init__(self, system: str, posts: list[_Judged]) -> None:
        self.system, self.posts = system, posts

    def leak_recall(self, kind: str | None) -> metrics.Estimate:
        return metrics.estimate([post.row(kind) for post in self.posts], metrics.recall)

    def perfect(self) -> metrics.Estimate:
        rows = [post.row(None) for post in self.posts]
        return metrics.estimate([(int(found == all_), 1) for found, all_ in rows if all_], metrics.recall)

    def left_clean(self) -> metrics.Estimate:
        return metrics.estimate([(int(post.marks == 0), 1) for post in self.posts if post.is_clean], metrics.recall)


def _table(found: Sequence[_Found]) -> str:
    counts: dict[str, int] = defaultdict(int)
    for post in found[0].posts:
        for kind, _ in post.values:
            counts[kind] += 1
    rows: list[list[object]] = [
        ["all", sum(n for kind, n in counts.items() if kind not in _BESIDE), *(one.leak_recall(None) for one in found)]
    ]
    rows += [
        [kind, counts[kind], *(one.leak_recall(kind) for one in found)] for kind in sorted(counts, key=lambda k: -counts[k])
    ]
    posts = found[0].posts
    rows.append(["*perfect posts*", sum(post.row(None)[1] > 0 for post in posts), *(one.perfect() for one in found)])
    rows.append(["*posts left clean*", sum(post.is_clean for post in posts), *(one.left_clean() for one in found)])
    return table(("leak recall", "in truth", *(one.system for one in found)), rows)
