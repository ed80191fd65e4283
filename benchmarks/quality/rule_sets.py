"""Public posts that fit a rule, each with whether it is to be flagged. None of it is committed, printed or kept."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from training import public_sets

Labelled = Iterator[tuple[str, bool]]
MOST = 1_000  # posts of a set, by lot
_SEED = 20261122


def _pstance(data: Path) -> Labelled:
    for path in sorted((data / "pstance").glob("raw_val_*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            yield from ((row["Tweet"], True) for row in csv.DictReader(file))


def _semeval(data: Path) -> Labelled:
    """For or against a candidate, or neither (0)."""
    folder = data / "semeval16_stance"
    for part in ("train", "val"):
        yield from _lines(
            folder / f"hillary_{part}_text.txt", folder / f"hillary_{part}_labels.txt", lambda label: label != "0"
        )


def _propublica(data: Path) -> Labelled:
    with (data / "propublica_seeds" / "seeds_dev.csv").open(encoding="utf-8", newline="") as file:
        yield from ((row["text"], row["label"] == "political") for row in csv.DictReader(file))


def _tweeteval(name: str) -> Callable[[Path], Labelled]:
    return lambda data: _lines(data / name / "val_text.txt", data / name / "val_labels.txt", lambda label: label == "1")


def _lines(texts: Path, labels: Path, holds: Callable[[str], bool]) -> Labelled:
    both = zip(texts.read_text(encoding="utf-8").split("\n"), labels.read_text(encoding="utf-8").split("\n"), strict=False)
    yield from ((text, holds(label.strip())) for text, label in both if text.strip() and label.strip())


def _olid(data: Path) -> Labelled:
    """Aimed at a person or group, against what is not offensive; untargeted swearing is left out."""
    with (data / "olid_train" / "olid-training-v1.0.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["subtask_b"] != "UNT":
                yield row["tweet"], row["subtask_b"] == "TIN"


# rule, kind of account, what is flagged there, posts
SETS: dict[str, tuple[str, str, str, Callable[[Path], Labelled]]] = {
    "P-Stance, validation": ("political", "official", "every post is for or against a politician", _pstance),
    "SemEval 2016 stance, Clinton": ("political", "official", "for or against, as against neither", _semeval),
    "ProPublica's advertisements": (
        "political",
        "official",
        "the page's own word; issue advertising counts as political",
        _propublica,
    ),
    "TweetEval hate, validation": ("conduct", "personnel", "hateful to women or immigrants", _tweeteval("tweeteval_hate")),
    "TweetEval offensive, validation": (
        "conduct",
        "personnel",
        "offensive, also where nobody is meant",
        _tweeteval("tweeteval_offensive"),
    ),
    "OLID, targeted": ("conduct", "personnel", "offends a person or group", _olid),
    "EDOS, development": ("conduct", "personnel", "sexist", lambda data: ((t, h) for t, h, _ in public_sets.edos(data, "dev"))),
    "HatemojiBuild, validation": ("conduct", "personnel", "hateful", lambda data: public_sets.hatemoji(data, "validation")),
}


def read(name: str, data: Path, *, quick: bool) -> list[tuple[str, bool]]:
    """The posts of a set, by lot where there are many."""
    posts = list(SETS[name][3](data))
    most = MOST // 10 if quick else MOST
    return posts if len(posts) <= most else random.Random(_SEED).sample(posts, most)
