"""What the model is trained on: a text with the truths that are known of it, and nothing said of the others."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from training.posts import LabelledPost, heads

Span = tuple[str, int, int]  # tag, start, end in code points of the text


@dataclass(frozen=True, slots=True)
class Example:
    """`spans` holds all spans of each head that this text is labelled for, `classes` what is known of it."""

    source: str
    text: str
    context: str = ""
    spans: dict[str, list[Span]] = field(default_factory=dict)
    classes: dict[str, bool] = field(default_factory=dict)
    pair: str = ""  # examples of one pair are never parted


def of_post(post: LabelledPost) -> Example:
    """A composed post knows the classes of the subjects that it is judged on, and that it bears none of `elsewhere_never`,
    nor, where it is flagged, of `flagged_never`.

    One on patients that is not judged knows only `phi`; an ordinary one knows that it discloses no patient.
    """
    pair = min(post.id, post.pair or post.id)
    asked = heads()
    never = {name for subject, names in asked.subjects.items() if subject not in post.judged for name in names}
    broken = {name for name, subjects in asked.flagged_never.items() if post.flag is not None and post.subject in subjects}
    known = dict.fromkeys(sorted(never & (asked.elsewhere_never | broken)), False)
    known |= {name: name in post.labels for subject in sorted(post.judged) for name in asked.subjects[subject]}
    if post.subject == "ordinary":
        known["phi"] = False
    if post.subject != "phi":
        return Example("corpus", post.own, post.context, classes=known, pair=pair)
    if not post.judged:
        flagged = post.flag is not None
        parts = dict.fromkeys(("patient", "health", "identifiable"), True) if flagged else {}
        return Example("corpus", post.own, post.context, classes=known | {"phi": flagged, **parts}, pair=pair)
    spans: dict[str, list[Span]] = {head: [] for head in asked.tags}
    for tag, start, end in post.spans:
        spans[asked.head_of(tag)].append((tag, start, end))
    return Example("corpus", post.own, post.context, spans, known, pair=pair)


def write(path: Path, examples: Iterable[Example]) -> int:
    """One JSON object a line; how many."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for e in examples:
            count += 1
            row = {
                "source": e.source,
                "text": e.text,
                "context": e.context,
                "spans": e.spans,
                "classes": e.classes,
                "pair": e.pair,
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return count


def read(path: Path) -> Iterator[Example]:
    """What `write` wrote."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            spans = {head: [(tag, start, end) for tag, start, end in all_] for head, all_ in row.pop("spans").items()}
            yield Example(spans=spans, **row)
