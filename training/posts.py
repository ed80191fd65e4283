"""Reads the posts that were composed and labelled by hand (labelling.md says how), strictly: a wrong label is an error here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
PHI_CATEGORIES = ("direct_identifier", "indirect_identifier", "deceased", "review_reply", "image_caption")
_KEYS = {"id", "platform", "account", "lang", "text", "media", "in_reply_to", "spans", "labels", "phi", "pair", "reason"}
_KINDS = {"official", "personnel", "unofficial"}


class LabellingError(ValueError):
    """A post is not labelled as the guide says; the message names file, line, post and words."""


@dataclass(frozen=True, slots=True)
class Heads:
    """What the model is asked: tags of words by head, and questions about a post."""

    tags: dict[str, tuple[str, ...]]
    classes: tuple[str, ...]

    def head_of(self, tag: str) -> str:
        return next(head for head, tags in self.tags.items() if tag in tags)


@dataclass(frozen=True, slots=True)
class LabelledPost:
    """A post with its truth. `own` is what its author wrote, with pictures' texts on lines of their own."""

    id: str
    lang: str
    kind: str
    own: str
    context: str
    spans: tuple[tuple[str, int, int], ...]  # tag, start, end in `own`
    labels: frozenset[str]
    judged: bool  # whether labels and spans are told; else only `phi` is
    phi: str | None
    pair: str | None
    raw: dict[str, Any]


@cache
def heads(path: Path = HERE / "heads.yaml") -> Heads:
    """The heads as declared."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Heads({head: tuple(tags) for head, tags in data["tags"].items()}, tuple(data["classes"]))


def read_posts(*paths: Path) -> Iterator[LabelledPost]:
    """Every post of these files, or of the files below these folders. Raises LabellingError."""
    for path in paths:
        for file in sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]:
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
                try:
                    yield labelled(json.loads(line))
                except (LabellingError, ValueError, KeyError, TypeError, AttributeError) as error:
                    raise LabellingError(f"{file.name}:{number}: {type(error).__name__}: {error}") from None


def labelled(post: dict[str, Any]) -> LabelledPost:
    """One post, checked against the guide."""
    name = post["id"]
    if unknown := post.keys() - _KEYS:
        raise LabellingError(f"{name}: unknown keys {sorted(unknown)}")
    if post["account"]["kind"] not in _KINDS:
        raise LabellingError(f"{name}: account.kind is none of {sorted(_KINDS)}")
    own = "\n".join(part for part in (post["text"], *(m.get("alt_text", "") for m in post.get("media", ()))) if part)
    if not own.strip():
        raise LabellingError(f"{name}: no words")
    judged = post["labels"] is not None and post["spans"] is not None
    labels = frozenset(post["labels"] or ())
    if unknown_labels := labels - set(heads().classes):
        raise LabellingError(f"{name}: unknown labels {sorted(unknown_labels)}")
    phi = post["phi"]
    if phi is not None:
        if phi not in PHI_CATEGORIES:
            raise LabellingError(f"{name}: phi is none of {PHI_CATEGORIES}")
        missing = {"patient", "health", "identifiable"} - labels if judged else set()
        if missing:
            raise LabellingError(f"{name}: flagged, yet not labelled {sorted(missing)}")
        if "consent" in labels or "unreal" in labels:
            raise LabellingError(f"{name}: flagged, yet permitted or unreal")
        labels |= {"phi"}
    if not str(post["reason"]).strip():
        raise LabellingError(f"{name}: no reason")
    return LabelledPost(
        id=name,
        lang=post["lang"],
        kind=post["account"]["kind"],
        own=own,
        context=(post.get("in_reply_to") or {}).get("text", ""),
        spans=tuple(_spans(name, own, post["spans"] or {})),
        judged=judged,
        labels=labels,
        phi=phi,
        pair=post.get("pair"),
        raw=post,
    )


def _spans(name: str, own: str, tagged: dict[str, list[str]]) -> Iterator[tuple[str, int, int]]:
    taken: dict[str, list[tuple[int, int]]] = {head: [] for head in heads().tags}
    for tag in tagged:
        if not any(tag in tags for tags in heads().tags.values()):
            raise LabellingError(f"{name}: unknown tag {tag}")
    # The longest first: 'Maria Lopez' is one span, and 'Maria' elsewhere another.
    wanted = sorted(((words, tag) for tag, all_ in tagged.items() for words in all_), key=lambda pair: -len(pair[0]))
    for words, tag in wanted:
        if not words.strip() or words != words.strip():
            raise LabellingError(f"{name}: a span of {tag} is empty or has blanks at its edge")
        head, at, met = heads().head_of(tag), own.find(words), False
        while at >= 0:
            start, end = at, at + len(words)
            if _whole(own, start, end) and not any(start < e and s < end for s, e in taken[head]):
                taken[head].append((start, end))
                met = True
                yield tag, start, end
            at = own.find(words, at + 1)
        if not met:
            raise LabellingError(
                f"{name}: {tag}: {words!r} does not stand in the text as whole words outside other spans of {head}"
            )


def _whole(own: str, start: int, end: int) -> bool:
    """Not inside a longer word ('Ana' in 'banana')."""
    inner = own[start].isalnum() and start > 0 and own[start - 1].isalnum()
    return not inner and not (own[end - 1].isalnum() and end < len(own) and own[end].isalnum())
