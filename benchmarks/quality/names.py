"""Names in sentences of public development parts: exact and overlapping, Night Rounds beside the spaCy CNN."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.quality import metrics, sets
from benchmarks.quality.bench import Bench
from benchmarks.quality.page import Section, table, titled
from benchmarks.quality.systems import NAMES, Mark, line_of, of_kind

_NOTE = (
    "Each sentence is read as plain text, a blank between its words. Marks that touch a handle are left out for everybody, as "
    "the handles are in the truth. Night Rounds' marks are those of `nightrounds entities`. Stock Presidio recognises no "
    "names, places or organizations without a model, so it is not in this table. The sets differ in what they call a name."
)


def measured(bench: Bench) -> Section:
    rows, compared, brief = [], [], []
    for name, file in sets.NAME_SETS.items():
        texts = bench.some(list(sets.names(bench.data, file)))
        ours = [bench.ours.marks(line_of(one.text, "personnel")) for one in texts]
        theirs = [bench.spacy.marks(one.text) for one in texts]
        for kind in NAMES:
            counted: dict[str, tuple[list[metrics.Row], list[metrics.Row]]] = {}
            counted_f1: dict[str, metrics.Estimate] = {}
            for system, marks in ((bench.ours.name, ours), (bench.spacy.name, theirs)):
                exact, loose = (_rows(texts, marks, kind, exact=exact) for exact in (True, False))
                counted[system] = exact, loose
                scores = [
                    metrics.estimate(t, s) for t in (exact, loose) for s in (metrics.precision, metrics.recall, metrics.f1)
                ]
                rows.append([name, kind, system, sum(row[1] for row in exact), *scores])
                counted_f1[system] = scores[-1]
            if kind == "PERSON":
                brief.append(
                    (f"{kind}, overlap F1, {name}", counted_f1[bench.ours.name], f"{counted_f1[bench.spacy.name]} spaCy CNN")
                )
            first, second = counted.values()
            compared.append([name, kind, *(metrics.difference(a, b, metrics.f1) for a, b in zip(first, second, strict=True))])
    head = ("set", "tag", "system", "in truth", "exact P", "exact R", "exact F1", "overlap P", "overlap R", "overlap F1")
    versus = table(("set", "tag", "exact F1", "overlap F1"), compared)
    page = titled(
        "Names",
        _NOTE,
        table(head, rows),
        "Night Rounds less spaCy, on the same draws (they differ where 0 is outside):",
        versus,
    )
    return Section(page, tuple(brief))


def _rows(texts: Sequence[sets.Text], marks: Sequence[list[Mark]], kind: str, *, exact: bool) -> list[metrics.Row]:
    return [
        metrics.hits(of_kind(one.spans, kind, one.text), of_kind(found, kind, one.text), exact=exact)
        for one, found in zip(texts, marks, strict=True)
    ]
