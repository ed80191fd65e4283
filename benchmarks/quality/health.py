"""Whether a post says that somebody is ill, on the tenth of the illness set that nothing was trained on."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.quality import metrics
from benchmarks.quality.bench import Bench
from benchmarks.quality.page import Section, plain, table, titled
from training import public_sets

_LEAST = 0.5

_NOTE = (
    "Posts that name an illness; the question is whether they say that somebody has it. Night Rounds' answer is the class "
    "`illness` of the language model. The peer is a linear model over words and pairs of words (spaCy), trained on the same "
    f"nine tenths. Precision, recall and F1 at {_LEAST}, fixed beforehand."
)


def measured(bench: Bench) -> Section:
    posts = bench.some(list(public_sets.illness(bench.data, measured=True)))
    truths = [is_ill for _, is_ill in posts]
    told = {
        bench.ours.name: [bench.ours.illness(text) for text, _ in posts],
        "spaCy bag of words": [bench.spacy.illness(text) for text, _ in posts],
    }
    rows: list[list[object]] = [[name, *_scores(scores, truths)] for name, scores in told.items()]
    rows.append(["every post flagged", plain(sum(truths) / len(truths)), *("" for _ in range(3))])
    head = ("system", "average precision", "precision", "recall", "F1")
    (_, ours, *_), (peer, theirs, *_) = rows[:2]
    brief = (("illness, average precision", ours, f"{theirs} {peer}"),)
    title = f"Health: is somebody said to be ill ({len(posts):,} posts, {sum(truths)} do)"
    return Section(titled(title, _NOTE, table(head, rows)), brief)


def _scores(scores: Sequence[float], truths: Sequence[bool]) -> list[metrics.Estimate]:
    rows = [metrics.judged(score >= _LEAST, truth) for score, truth in zip(scores, truths, strict=True)]
    rest = [metrics.estimate(rows, score) for score in (metrics.precision, metrics.recall, metrics.f1)]
    return [metrics.average_precision(scores, truths), *rest]
