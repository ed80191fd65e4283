"""Whether names are found alike wherever they come from: neutral sentences, each with each name of each origin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import yaml

from benchmarks.quality import metrics
from benchmarks.quality.bench import Bench
from benchmarks.quality.page import Section, table, titled
from benchmarks.quality.systems import line_of

_FILE = Path(__file__).resolve().parent / "origins.yaml"
_QUICK = 4  # names of an origin in a quick look

_NOTE = (
    "Each of {frames} neutral sentences with each of {names} invented full names of each origin, none of which stands in the "
    "training posts. Whole: every letter of the name lies under PERSON marks. Intervals draw sentences and names anew, both. "
    "In small letters the whole sentence is."
)


def measured(bench: Bench) -> Section:
    data = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    frames, origins = data["frames"], data["origins"]
    names = {origin: of_it[:_QUICK] if bench.quick else of_it for origin, of_it in origins.items()}
    recalls: dict[str, list[metrics.Estimate]] = {}
    for origin, people in names.items():
        weights = _weights(len(frames), len(people))
        columns = (
            _touched_and_whole(bench, frames, people, us=True, small=False),
            _touched_and_whole(bench, frames, people, us=True, small=True),
        )
        theirs = _touched_and_whole(bench, frames, people, us=False, small=False)
        recalls[origin] = [
            metrics.estimate([(row[n], 1) for row in rows], metrics.recall, weights)
            for rows, n in ((columns[0], 0), (columns[0], 1), (columns[1], 0), (theirs, 0), (theirs, 1))
        ]
    head = ("origin", "found", "whole", "found, small letters", "spaCy found", "spaCy whole")
    spread = [_spread([row[n].value for row in recalls.values()]) for n in range(len(head) - 1)]
    lowest = min(recalls, key=lambda origin: recalls[origin][0].value)
    lines = [[origin, *row] for origin, row in sorted(recalls.items(), key=lambda item: item[1][0].value)]
    note = _NOTE.format(frames=len(frames), names=len(next(iter(names.values()))))
    told = f"Spread of *found* over {len(recalls)} origins: **{spread[0]}**; the lowest is {lowest}."
    figures = table(head, [*lines, ["*spread, highest less lowest*", *spread]])
    brief = (("names of 19 origins, spread of recall", spread[0], f"{spread[3]} spaCy CNN"),)
    return Section(titled("Fairness: PERSON by origin of the name", note, figures, told), brief)


def _spread(values: list[float]) -> str:
    return f"{max(values) - min(values):.3f}"


def _weights(frames: int, people: int) -> metrics.Floats:
    """Draws of sentences times draws of names, [draws, frames * people]."""
    of_frames, of_names = metrics.draws(frames), metrics.draws(people, seed=metrics.SEED + 1)
    both: metrics.Floats = np.einsum("df,dn->dfn", of_frames, of_names).reshape(len(of_frames), -1)
    return both


def _touched_and_whole(bench: Bench, frames: list[str], people: list[str], *, us: bool, small: bool) -> list[tuple[int, int]]:
    """For each frame and name, whether a PERSON mark touches the name, and whether the marks cover it."""
    rows = []
    for frame in frames:
        start = frame.index("{name}")
        for name in people:
            text = frame.replace("{name}", name)
            text, end = text.lower() if small else text, start + len(name)
            marks = bench.ours.marks(line_of(text, "personnel")) if us else bench.spacy.marks(text)
            persons = [(s, e) for tag, s, e in marks if tag == "PERSON"]
            touched = any(s < end and start < e for s, e in persons)
            rows.append((int(touched), int(metrics.covered(text, (start, end), persons))))
    return rows
