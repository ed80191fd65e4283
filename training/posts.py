"""Reads the posts that were composed and labelled by hand (labelling.md and labelling-rules.md say how), strictly.

The folder that a file lies in is its subject (corpus/political/a.jsonl), unless the file's own name is one, as a development
set's is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).resolve().parent
CORPUS = HERE / "corpus"
PHI_CATEGORIES = ("direct_identifier", "indirect_identifier", "deceased", "review_reply", "image_caption")
# By category: labels of which one at least must hold where it is to be flagged.
FLAGS: dict[str, dict[str, tuple[str, ...]]] = {
    "political": {"endorse": ("endorses",), "oppose": ("opposes",)},
    "brand": {
        "impersonation": ("speaks_as_us",),
        "endorsement_claim": ("endorsed_by_us",),
        "merchandise": ("sells_ours",),
        "scam": ("scam",),
    },
    "disclaimer": {"missing": ("affiliated",), "incomplete": ("affiliated",), "undisclosed": ("promotes",)},
    "conduct": {name: (name,) for name in ("hate", "threat", "harassment", "discrimination")},
    "confidential": {"confidential": ("unannounced", "internal", "security")},
    "copyright": {"copyright": ("copied", "stripped")},
    "claims": {"claims": ("promises", "superior", "misinformation")},
    "protected": {},
    "ordinary": {},
}
_KEYS = {"id", "platform", "account", "lang", "text", "media", "in_reply_to", "labels", "pair", "reason"}
_PHI_KEYS, _RULE_KEYS = {"spans", "phi"}, {"links", "judged", "flag"}
_KINDS = {"official", "personnel", "unofficial"}
_PLATFORMS = {"x", "facebook", "instagram", "linkedin", "youtube", "tiktok", "reddit", "bluesky", "mastodon", "threads"}
_PLATFORMS |= {"website"}


class LabellingError(ValueError):
    """A post is not labelled as the guide says; the message names file, line, post and words."""


@dataclass(frozen=True, slots=True)
class Heads:
    """What the model is asked: tags of words by head, and questions about a post."""

    tags: dict[str, tuple[str, ...]]
    subjects: dict[str, tuple[str, ...]]  # the classes that are asked together
    elsewhere_never: frozenset[str]  # classes that no post of another subject bears
    flagged_never: dict[str, frozenset[str]] = field(default_factory=dict)  # by class: subjects whose flagged posts lack it

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(name for names in self.subjects.values() for name in names)

    def head_of(self, tag: str) -> str:
        return next(head for head, tags in self.tags.items() if tag in tags)


@dataclass(frozen=True, slots=True)
class LabelledPost:
    """A post with its truth. `own` is what its author wrote, with pictures' texts on lines of their own.

    `judged` holds the subjects whose labels are told in full; of the others nothing is known.
    """

    id: str
    subject: str
    lang: str
    kind: str
    own: str
    context: str
    spans: tuple[tuple[str, int, int], ...]  # tag, start, end in `own`
    labels: frozenset[str]
    judged: frozenset[str]
    flag: str | None  # the category that a person should see
    pair: str | None
    raw: dict[str, Any]

    @property
    def phi(self) -> str | None:
        return self.flag if self.subject == "phi" else None


@cache
def heads(path: Path = HERE / "heads.yaml") -> Heads:
    """The heads as declared."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Heads(
        {head: tuple(tags) for head, tags in data["tags"].items()},
        {subject: tuple(classes) for subject, classes in data["classes"].items()},
        frozenset(data["elsewhere_never"]),
        {name: frozenset(subjects) for name, subjects in data["flagged_never"].items()},
    )


def subject_of(file: Path) -> str:
    """What the posts of a file are judged on."""
    named = file.stem if file.stem in FLAGS else file.parent.name
    return named if named in FLAGS else "phi"


def read_posts(*paths: Path) -> Iterator[LabelledPost]:
    """Every post of these files, or of the files below these folders. Raises LabellingError."""
    for path in paths:
        for file in sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]:
            for number, line in enumerate(_lines(file), start=1):
                try:
                    yield labelled(json.loads(line), subject_of(file))
                except (LabellingError, ValueError, KeyError, TypeError, AttributeError) as error:
                    raise LabellingError(f"{file.name}:{number}: {type(error).__name__}: {error}") from None


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise LabellingError(f"{file}: can't be read ({type(error).__name__})") from None


def labelled(post: dict[str, Any], subject: str = "phi") -> LabelledPost:
    """One post, checked against the guide."""
    name = post["id"]
    if unknown := post.keys() - _KEYS - (_PHI_KEYS if subject == "phi" else _RULE_KEYS):
        raise LabellingError(f"{name}: unknown keys {sorted(unknown)}")
    if post["account"]["kind"] not in _KINDS:
        raise LabellingError(f"{name}: account.kind is none of {sorted(_KINDS)}")
    if post["platform"] not in _PLATFORMS:
        raise LabellingError(f"{name}: platform is none of {sorted(_PLATFORMS)}")
    own = "\n".join(part for part in (post["text"], *(m.get("alt_text", "") for m in post.get("media", ()))) if part)
    if not own.strip():
        raise LabellingError(f"{name}: no words")
    if not str(post["reason"]).strip():
        raise LabellingError(f"{name}: no reason")
    judged, labels, flag = _phi_truth(name, post) if subject == "phi" else _rule_truth(name, post, subject)
    return LabelledPost(
        id=name,
        subject=subject,
        lang=post["lang"],
        kind=post["account"]["kind"],
        own=own,
        context=(post.get("in_reply_to") or {}).get("text", ""),
        spans=tuple(_spans(name, own, post.get("spans") or {})),
        judged=judged,
        labels=labels,
        flag=flag,
        pair=post.get("pair"),
        raw=post,
    )


def _phi_truth(name: str, post: dict[str, Any]) -> tuple[frozenset[str], frozenset[str], str | None]:
    """Subjects judged, labels and category of a post on patients. `phi` is no label that a person gives."""
    judged = post["labels"] is not None and post["spans"] is not None
    labels, flag = _known(name, post["labels"] or (), {"phi"}) - {"phi"}, post["phi"]
    if flag is None:
        return frozenset({"phi"} if judged else ()), labels, None
    if flag not in PHI_CATEGORIES:
        raise LabellingError(f"{name}: phi is none of {PHI_CATEGORIES}")
    missing = {"patient", "health", "identifiable"} - labels if judged else set()
    if missing:
        raise LabellingError(f"{name}: flagged, yet not labelled {sorted(missing)}")
    if "consent" in labels or "unreal" in labels:
        raise LabellingError(f"{name}: flagged, yet permitted or unreal")
    return frozenset({"phi"} if judged else ()), labels | {"phi"}, flag


def _rule_truth(name: str, post: dict[str, Any], subject: str) -> tuple[frozenset[str], frozenset[str], str | None]:
    """The same of a post on another rule. An ordinary post is judged on all of them."""
    rules = {rule for rule in FLAGS if rule != "ordinary"}
    judged = rules if subject == "ordinary" else {subject, *post.get("judged", ())}
    if not judged <= rules:
        raise LabellingError(f"{name}: judged on {sorted(judged - rules)}, which is no subject")
    labels, flag = _known(name, post.get("labels", []), judged), post.get("flag")
    flags = {category: needs for rule in judged for category, needs in FLAGS[rule].items()}
    if flag is not None and (subject == "ordinary" or flag not in flags):
        raise LabellingError(f"{name}: flag is none of {sorted(flags)}")
    if flag is not None and labels.isdisjoint(flags[flag]):
        raise LabellingError(f"{name}: flagged {flag}, yet labelled none of {flags[flag]}")
    return frozenset(judged), labels, flag


def _known(name: str, given: list[str], subjects: set[str]) -> frozenset[str]:
    labels = frozenset(given)
    if unknown := labels.difference(*(heads().subjects[subject] for subject in subjects)):
        raise LabellingError(f"{name}: unknown labels {sorted(unknown)}")
    return labels


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
