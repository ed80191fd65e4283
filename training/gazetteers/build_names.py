"""Builds detectors/_data/names.txt.xz: given names and surnames of people in the United States, by how much a name alone says.

    python training/gazetteers/build_names.py ../shared/data detectors/_data/names.txt.xz

Reads name_gazetteers (the word lists of the phileas redaction engine, Apache-2.0). Which of them are also everyday words is
counted in health_news (UCI 438, CC-BY-4.0), illness (MIT) and edos (CC0-1.0): a word that stands there in small letters at
least as often as now and then is one. Of these three nothing but that verdict is kept. The same input gives the same bytes.

Four lines, names in small letters parted by spaces: given names; given names that are words too; surnames; surnames that are
words too.
"""

from __future__ import annotations

import csv
import lzma
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

SHORTEST = 3  # letters; shorter names are too often abbreviations
COMMON_COUNT, COMMON_SHARE = 2, 0.35  # how often in small letters, and as what share of all, makes a word

_NOT_WORDS = re.compile(r"https?://\S+|[@#]\w+")
_WORD = re.compile(r"[A-Za-z]+")


def texts(data: Path) -> Iterator[str]:
    """The prose of the corpora that are counted."""
    for path in sorted((data / "health_news").glob("*.txt")):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            yield line.split("|", 2)[-1]
    for line in (data / "illness" / "train.tsv").read_text(encoding="utf-8", errors="replace").splitlines():
        yield line.rsplit("\t", 1)[-1]
    with (data / "edos" / "edos_train_dev.csv").open(encoding="utf-8", errors="replace", newline="") as file:
        yield from (row["text"] for row in csv.DictReader(file))


def common_words(prose: Iterable[str]) -> set[str]:
    """Words that people write in small letters."""
    small: Counter[str] = Counter()
    every: Counter[str] = Counter()
    for text in prose:
        for word in _WORD.findall(_NOT_WORDS.sub(" ", text)):
            every[word.lower()] += 1
            small[word.lower()] += word.islower()
    return {word for word, count in small.items() if count >= COMMON_COUNT and count >= COMMON_SHARE * every[word]}


def names_of(path: Path) -> set[str]:
    return {name for name in path.read_text(encoding="utf-8").split() if name.isalpha() and len(name) >= SHORTEST}


def main(data: Path, target: Path) -> None:
    common = common_words(texts(data))
    lists = [names_of(data / "name_gazetteers" / file) for file in ("first-names.txt", "surnames.txt")]
    lines = [" ".join(sorted(part)) for names in lists for part in (names - common, names & common)]
    target.write_bytes(lzma.compress("\n".join(lines).encode("ascii"), preset=9))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
