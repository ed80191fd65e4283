"""Turns an example into the numbers that the model is fed, through the very functions by which posts are read later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from detectors._fold import fold
from detectors._words import Word, windows_of, words_of
from training.examples import Example, Span
from training.posts import Heads

CLS, SEP, MASK, IGNORED = 101, 102, 103, -100
UNKNOWN = -1.0  # of a class that nothing is known of


@dataclass(frozen=True, slots=True)
class Row:
    """One window of one example. `tags` per head: the label of each piece, IGNORED on all but first pieces of words."""

    ids: list[int]
    sides: list[int]
    shapes: list[int]
    tags: dict[str, list[int]]
    classes: list[float]

    @property
    def teaches(self) -> bool:
        """Whether anything is known of it: a window of a long post that knows only classes teaches nothing."""
        known = any(label != IGNORED for labels in self.tags.values() for label in labels)
        return known or any(value != UNKNOWN for value in self.classes)


@cache
def tokenizer(path: Path) -> Tokenizer:
    """WordPiece of the base model, without truncation or padding."""
    found = Tokenizer.from_file(str(path))
    found.no_truncation()
    found.no_padding()
    return found


def pieces(pieces_of: Tokenizer, words: list[Word]) -> list[list[int]]:
    """The ids of each word's pieces."""
    found: list[list[int]] = [[] for _ in words]
    encoded = pieces_of.encode([word.text for word in words], is_pretokenized=True, add_special_tokens=False)
    for id_, word in zip(encoded.ids, encoded.word_ids, strict=True):
        if word is not None:
            found[word].append(id_)
    return found


def rows(example: Example, heads: Heads, pieces_of: Tokenizer, room: int, overlap: int, context_room: int) -> Iterator[Row]:
    """The windows of an example. A long one teaches its classes only where it fits one window."""
    folded = fold(example.text)
    words = words_of(folded.text)
    all_pieces = pieces(pieces_of, words)
    context = [id_ for word in pieces(pieces_of, words_of(fold(example.context).text)) for id_ in word][:context_room]
    labels = {
        head: _labels(words, folded.original_span, example.spans[head], tags)
        for head, tags in heads.tags.items()
        if head in example.spans
    }
    windows = list(windows_of([len(p) for p in all_pieces], room, overlap))
    known = [float(example.classes[name]) if name in example.classes else UNKNOWN for name in heads.classes]
    for start, end in windows:
        ids, shapes = [CLS], [0]
        tags: dict[str, list[int]] = {head: [IGNORED] for head in heads.tags}
        for n in range(start, end):
            ids += all_pieces[n]
            shapes += [words[n].shape] * len(all_pieces[n])
            for head in heads.tags:
                first = labels[head][n] if head in labels else IGNORED
                tags[head] += [first, *[IGNORED] * (len(all_pieces[n]) - 1)][: len(all_pieces[n])]
        own = len(ids) + 1
        tail = [SEP, *context, SEP] if context else [SEP]
        yield Row(
            ids=ids + tail,
            sides=[0] * own + [1] * (len(tail) - 1),
            shapes=shapes + [0] * len(tail),
            tags={head: [*tags[head], *[IGNORED] * len(tail)] for head in tags},
            classes=known if len(windows) == 1 else [UNKNOWN] * len(known),
        )


def _labels(words: list[Word], given, spans: list[Span], tags: tuple[str, ...]) -> list[int]:  # type: ignore[no-untyped-def]
    """0 outside, then B and I of each tag in order; a word belongs to a span that it touches."""
    found = [0] * len(words)
    places = [given(word.start, word.end) for word in words]
    for tag, start, end in spans:
        inside = [n for n, (s, e) in enumerate(places) if s < end and start < e]
        for n in inside:
            found[n] = 1 + 2 * tags.index(tag) + (n != inside[0])
    return found


def batch(rows_: list[Row], heads: Heads) -> tuple[tuple[Tensor, ...], dict[str, Tensor], Tensor]:
    """Inputs, tag labels a head, and classes, padded to the longest."""
    longest = max(len(row.ids) for row in rows_)

    def padded(values: list[int], with_: int) -> list[int]:
        return values + [with_] * (longest - len(values))

    inputs = (
        torch.tensor([padded(row.ids, 0) for row in rows_]),
        torch.tensor([padded([1] * len(row.ids), 0) for row in rows_]),
        torch.tensor([padded(row.sides, 0) for row in rows_]),
        torch.tensor([padded(row.shapes, 0) for row in rows_]),
    )
    tags = {head: torch.tensor([padded(row.tags[head], IGNORED) for row in rows_]) for head in heads.tags}
    return inputs, tags, torch.tensor([row.classes for row in rows_])


def batches(rows_: list[Row], most_pieces: int) -> Iterator[list[Row]]:
    """Rows of like length together, each batch within `most_pieces` with its padding."""
    taken: list[Row] = []
    for row in sorted(rows_, key=lambda r: len(r.ids)):
        if taken and (len(taken) + 1) * len(row.ids) > most_pieces:
            yield taken
            taken = []
        taken.append(row)
    if taken:
        yield taken
