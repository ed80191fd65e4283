"""Reads the public sets whose licences let a model that ships be trained on them (docs/train.md lists them).

Each is a folder below the data folder. Development and test parts are read by evaluate.py alone.
"""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from training.examples import Example, Span

_TAGS = {"PER": "PERSON", "LOC": "LOCATION", "ORG": "ORGANIZATION"}  # BTC and Tweebank
_TAGS |= {"person": "PERSON", "location": "LOCATION", "corporation": "ORGANIZATION", "group": "ORGANIZATION"}  # WNUT 2017
_TOLD_BY_OURS = ("phi", "by_clinician", "by_institution", "confirms")
_NO_NEWS = ("by_self", "by_family", "consent", "unreal", "endorses", "opposes", "hate", "threat", "harassment", "scam")
_NO_NEWS += ("protected",)
_NO_SPACE_BEFORE = re.compile(r" (?=[.,!?;:)\]%]|'\w{1,2}\b|n't\b)|(?<=[(\[$#]) ")

HEALTH_NEWS_TAUGHT = ("bbchealth", "foxnewshealth", "msnhealthnews", "NBChealth")
HEALTH_NEWS_MEASURED = ("cnnhealth", "gdnhealthcare", "nprhealth", "reuters_health")


def sentences(path: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Words and BIO tags of each sentence of a CoNLL file; the word is the first column and the tag the last."""
    words: list[str] = []
    tags: list[str] = []
    for line in [*path.read_text(encoding="utf-8", errors="replace").splitlines(), ""]:
        columns = line.split("\t") if "\t" in line else line.split()
        if columns and columns[0].strip():
            words.append(columns[0].strip())
            tags.append(columns[-1].strip())
        elif words:
            yield words, tags
            words, tags = [], []


def joined(words: list[str], tags: list[str]) -> tuple[str, list[Span]]:
    """The sentence as plain text, a blank between words, with spans of names. Handles are no names."""
    spans: list[Span] = []
    at = 0
    for word, tag in zip(words, tags, strict=True):
        kind = _TAGS.get(tag[2:])
        if kind and not word.startswith("@"):
            if tag.startswith("I-") and spans and spans[-1][0] == kind and spans[-1][2] == at - 1:
                spans[-1] = (kind, spans[-1][1], at + len(word))
            else:
                spans.append((kind, at, at + len(word)))
        at += len(word) + 1
    return " ".join(words), spans


def closed_up(text: str, spans: list[Span]) -> tuple[str, list[Span]]:
    """As people type: without the blanks that a tokenizer put before commas and clitics."""
    gone = [match.start() for match in _NO_SPACE_BEFORE.finditer(text)]
    if not gone:
        return text, spans
    moved = [(tag, start - sum(g < start for g in gone), end - sum(g < end for g in gone)) for tag, start, end in spans]
    return _NO_SPACE_BEFORE.sub("", text), moved


def _named(source: str, path: Path) -> Iterator[Example]:
    for number, (words, tags) in enumerate(sentences(path)):
        text, spans = joined(words, tags)
        if number % 2:
            text, spans = closed_up(text, spans)
        yield Example(source, text, spans={"names": spans}, classes=dict.fromkeys(_TOLD_BY_OURS, False))


def illness(data: Path, *, measured: bool) -> Iterator[tuple[str, bool]]:
    """Posts that name an illness, and whether somebody has it. A tenth, by hash of the text, is only measured on."""
    with (data / "illness" / "train.tsv").open(encoding="utf-8", errors="replace", newline="") as file:
        for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if len(row) == 3 and row[1] in "0123" and measured == (zlib.crc32(row[2].encode()) % 10 == 0):
                yield row[2], row[1] in "23"


def _illness(data: Path) -> Iterator[Example]:
    for text, is_ill in illness(data, measured=False):
        yield Example("illness", text, classes=dict.fromkeys(_TOLD_BY_OURS, False) | {"illness": is_ill})


def health_news(data: Path, feeds: tuple[str, ...]) -> Iterator[str]:
    """Headlines of these feeds, as posted."""
    for feed in feeds:
        for line in (data / "health_news" / f"{feed}.txt").read_text(encoding="utf-8", errors="replace").splitlines():
            text = line.split("|", 2)[-1].strip()
            if text:
                yield text


def _news(data: Path) -> Iterator[Example]:
    no_news = (
        "by_self",
        "by_family",
        "consent",
        "unreal",
        "endorses",
        "opposes",
        "hate",
        "threat",
        "harassment",
        "scam",
        "protected",
    )
    known = dict.fromkeys((*_TOLD_BY_OURS, *no_news), False)
    for text in health_news(data, HEALTH_NEWS_TAUGHT):
        yield Example("health_news", text, classes=known)


def edos(data: Path, split: str) -> Iterator[tuple[str, bool, bool]]:
    """Posts of one split, whether each is sexist, and whether it threatens or incites."""
    with (data / "edos" / "edos_train_dev.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["split"] == split:
                yield row["text"], row["label_sexist"] == "sexist", row["label_category"].startswith("1.")


def hatemoji(data: Path, part: str) -> Iterator[tuple[str, bool]]:
    """Posts of `train` or `validation`, and whether each is hateful. Many differ from another in the emoji alone."""
    with (data / "hatemojibuild" / f"{part}.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["text"], row["label_gold"] == "1"


def _edos(data: Path) -> Iterator[Example]:
    for text, hateful, threatens in edos(data, "train"):
        known = {"hate": hateful, "threat": threatens} | ({} if hateful else {"discrimination": False})
        yield Example("edos", text, classes=dict.fromkeys(_TOLD_BY_OURS, False) | known)


def _hatemoji(data: Path) -> Iterator[Example]:
    for text, hateful in hatemoji(data, "train"):
        yield Example("hatemoji", text, classes=dict.fromkeys(_TOLD_BY_OURS, False) | {"hate": hateful})


SETS: dict[str, Callable[[Path], Iterator[Example]]] = {
    "btc": lambda data: _named("btc", data / "btc" / "btc.train"),
    "wnut17": lambda data: _named("wnut17", data / "wnut17" / "wnut17train.conll"),
    "tweebank": lambda data: _named("tweebank", data / "tweebank_ner" / "train.bio"),
    "illness": _illness,
    "health_news": _news,
    "edos": _edos,
    "hatemoji": _hatemoji,
}
