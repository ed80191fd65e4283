"""Joins what patterns found with what a language model told of the same text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from detectors._identifiers import Found

SURE = 0.5  # from this score on the model's extent counts, below it the pattern's


def merged(patterns: Sequence[Found], told: Sequence[Found]) -> tuple[Found, ...]:
    """All of both in reading order, but where two of one type overlap one stays, with the higher score.

    `told` may not overlap itself within a type. What overlaps nothing of its type stays as it is.
    """
    if not told:
        return tuple(patterns)
    types = {t.type for t in told}
    kept = [found for found in patterns if found.type not in types]
    for type_ in sorted(types):
        kept += _of_one_type([p for p in patterns if p.type == type_], [t for t in told if t.type == type_])
    return tuple(sorted(kept, key=lambda f: (f.start, f.end, f.type)))


def _of_one_type(patterns: list[Found], told: list[Found]) -> Iterator[Found]:
    lifted = [p.score for p in patterns]
    covered = [False] * len(patterns)  # by a sure entity of the model
    unsure: list[tuple[Found, list[int]]] = []
    at, open_ = 0, list[int]()
    order = sorted(range(len(patterns)), key=lambda n: patterns[n].start)
    for one in sorted(told, key=lambda t: t.start):
        while at < len(order) and patterns[order[at]].start < one.end:
            open_.append(order[at])
            at += 1
        open_ = [n for n in open_ if patterns[n].end > one.start]
        touched = [n for n in open_ if patterns[n].start < one.end]
        if one.score >= SURE:
            yield one._replace(score=max((one.score, *(patterns[n].score for n in touched))))
        else:
            unsure.append((one, touched))
        for n in touched:
            lifted[n] = max(lifted[n], one.score)
            covered[n] = covered[n] or one.score >= SURE
    yield from (one for one, touched in unsure if all(covered[n] for n in touched))
    yield from (p._replace(score=lifted[n]) for n, p in enumerate(patterns) if not covered[n])
