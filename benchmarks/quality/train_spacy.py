"""Trains the spaCy peers on the public sets that Night Rounds learns from: a CNN for names, a bag of words for illness.

    python -m benchmarks.quality.train_spacy --data ../shared/data --to build/quality/spacy

One seed, one thread, passes fixed beforehand: nothing is chosen by a set that is measured on. `benchmarks.quality` trains them
by itself where they are missing; about ten minutes.
"""

from __future__ import annotations

import argparse
import logging
import random
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import spacy
from spacy.training import Example
from spacy.util import fix_random_seed, minibatch
from thinc.api import compounding

from training import public_sets

SEED = 20261122
NAME_SETS = ("btc", "wnut17", "tweebank")
PASSES = 14
ILLNESS_PASSES = 4
SMALL_LETTERS = 0.1  # share of sentences that are taught in small letters, as spaCy's own recipes do
DROPOUT = 0.3


def trained(data: Path, folder: Path, *, passes: int = PASSES) -> tuple[Any, Any]:
    """The name tagger and the illness classifier of `folder`, trained first where they are not there yet."""
    names, illness = folder / f"names-{passes}", folder / f"illness-{ILLNESS_PASSES}"
    for path, train in ((names, lambda: train_names(data, passes)), (illness, lambda: train_illness(data))):
        if not path.exists():
            unfinished = path.with_suffix(".unfinished")
            unfinished.mkdir(parents=True, exist_ok=True)
            train().to_disk(unfinished)
            unfinished.rename(path)
    return spacy.load(names), spacy.load(illness)


def train_names(data: Path, passes: int) -> Any:
    """tok2vec (hash embeddings, window CNN, width 96, depth 4: spaCy's own defaults) and ner, from random weights."""
    fix_random_seed(SEED)
    warnings.filterwarnings("ignore", message=r"\[W030\]")  # says which sentence does not align, and quotes it
    nlp = spacy.blank("en")
    nlp.add_pipe("ner")
    examples = [
        _named(nlp, example.text, example.spans["names"]) for name in NAME_SETS for example in public_sets.SETS[name](data)
    ]
    return _fitted(nlp, examples, passes, SMALL_LETTERS)


def train_illness(data: Path) -> Any:
    """A linear model over words and pairs of words."""
    fix_random_seed(SEED)
    nlp = spacy.blank("en")
    model = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True, "ngram_size": 2, "no_output_layer": False}
    nlp.add_pipe("textcat", config={"model": model})
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {"ill": float(is_ill), "not": float(not is_ill)}})
        for text, is_ill in public_sets.illness(data, measured=False)
    ]
    return _fitted(nlp, examples, ILLNESS_PASSES, 0.0)


def _named(nlp: Any, text: str, spans: Iterable[tuple[str, int, int]]) -> Example:
    return Example.from_dict(nlp.make_doc(text), {"entities": [(start, end, tag) for tag, start, end in spans]})


def _fitted(nlp: Any, examples: list[Example], passes: int, small_letters: float) -> Any:
    """With spaCy's default optimizer; prints the loss of each pass."""
    chance = random.Random(SEED)
    optimizer = nlp.initialize(lambda: examples)
    for number in range(passes):
        losses: dict[str, float] = {}
        chance.shuffle(examples)
        for batch in minibatch(examples, compounding(16.0, 64.0, 1.001)):
            taught = [_in_small_letters(nlp, one) if chance.random() < small_letters else one for one in batch]
            nlp.update(taught, sgd=optimizer, drop=DROPOUT, losses=losses)
        print(f"pass {number + 1}/{passes}: {losses}", flush=True)
    return nlp


def _in_small_letters(nlp: Any, example: Example) -> Example:
    spans = [(entity.label_, entity.start_char, entity.end_char) for entity in example.reference.ents]
    return _named(nlp, example.text.lower(), spans)


def main() -> None:
    logging.getLogger("spacy").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the public sets")
    parser.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    trained(arguments.data, arguments.to)


if __name__ == "__main__":
    main()
