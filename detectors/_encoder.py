"""Reads texts with the language model: names and details in them, and answers about them as a whole.

One int8 ONNX encoder on one thread of the CPU, one window at a time. Windows are never put together in one run: int8 takes its
scale from all that runs together, so a post would be judged differently beside other posts, and here that gains only a tenth.
Nothing here opens a connection, and no text is kept: known results are found by a keyed hash.
"""

from __future__ import annotations

import os
import secrets
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b
from importlib.resources.abc import Traversable
from itertools import islice
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from core.errors import ConfigError
from detectors._fold import fold
from detectors._identifiers import Found
from detectors._model_folder import About, read_folder, shipped_folder
from detectors._tagging import Floats, spans_of
from detectors._words import SHAPES, Word, windows_of, words_of

LONGEST = 100_000  # code points of a text that the model reads
MOST_WINDOWS = 256  # of a text: three seconds; the rest of a text that has more is not read by the model
_LONGEST_CONTEXT = 2_000  # code points; a window has room for a tenth of them
_KEPT = 4_096  # results
_KEPT_LENGTH = 10_000  # code points of a text whose result is kept
_INPUTS = ("input_ids", "attention_mask", "token_type_ids", "shapes")

PRESIDIO_NAMES = {"DATE": "DATE_TIME"}  # the other tags are called alike
OWN_TYPES = frozenset({"PATIENT", "FAMILY", "CLINICIAN", "TRAIT", "HEALTH"})  # words that Presidio has no name for

Ints = NDArray[np.int64]


class EncoderInput(NamedTuple):
    """An author's own words as they were given, and the words that they answer."""

    own: str
    context: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What the model says of one input.

    `entities` are in offsets of the own words as given, in reading order, none over a line's end. `classes` are probabilities
    by name, of a long text the highest of its windows; empty where there are no words. From `read_to` on nothing was read.
    """

    entities: tuple[Found, ...] = ()
    classes: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    read_to: int = 0


class Encoder:
    """The loaded model. One serves a whole process, one text at a time; loading takes a fifth of a second."""

    def __init__(self, about: About, encoder: bytes, tokenizer: bytes) -> None:
        """Raises ConfigError where the files are no such model."""
        self.about = about
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads would not survive a fork
        try:
            self._tokenizer = Tokenizer.from_buffer(tokenizer)
            self._session = onnxruntime.InferenceSession(encoder, _options(), providers=["CPUExecutionProvider"])
        except Exception as error:  # both libraries raise their own, undeclared ones
            raise ConfigError(f"language model: its files can't be loaded ({type(error).__name__})") from None
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._outputs = [*about.tags, "classes"]
        marks = [self._tokenizer.token_to_id(mark) for mark in ("[CLS]", "[SEP]")]
        if None in marks:
            raise ConfigError("language model: its tokenizer lacks [CLS] or [SEP]")
        self._cls, self._sep = (np.array([mark], np.int64) for mark in marks)
        self._calibration = np.array([about.calibration[name] for name in about.classes], np.float64).reshape(-1, 2)
        self._known: OrderedDict[bytes, Told] = OrderedDict()
        self._key = secrets.token_bytes(32)
        self._require_form()

    @classmethod
    def load(cls, folder: Traversable | None = None) -> Encoder:
        """The model of `folder`, else the one that comes along, once its files have the SHA-256 that they ought to have.

        Raises:
            ConfigError: a file is missing, changed, or no such model.
        """
        return cls(*read_folder(shipped_folder() if folder is None else folder))

    def read(self, inputs: Iterable[EncoderInput]) -> list[Told]:
        """What the model says of each input, in order. Between two windows an alarm can interrupt it."""
        return [self._recall(one) for one in inputs]

    def _recall(self, given: EncoderInput) -> Told:
        if len(given.own) > _KEPT_LENGTH:
            return self._read(given)
        key = blake2b(_unmistakable(given), key=self._key, digest_size=16).digest()
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._read(given)
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(key)
        return known

    def _read(self, given: EncoderInput) -> Told:
        folded = fold(given.own[:LONGEST])
        words = words_of(folded.text)
        if not words:
            return Told(read_to=min(len(given.own), LONGEST))
        text = self._pieces(words)
        chances, classes, end = self._all_windows(text, self._context(given.context))
        words = words[:end]
        found: list[Found] = []
        for head, tags in self.about.tags.items():
            least = [self.about.least[tag] for tag in tags]
            for tag, start, stop, score in spans_of(folded.text, words, chances[head][:end], tags, least):
                found.append(Found(PRESIDIO_NAMES.get(tag, tag), *folded.original_span(start, stop), score))
        return Told(
            entities=tuple(sorted(found, key=lambda f: (f.start, f.end, f.type))),
            classes=MappingProxyType(dict(zip(self.about.classes, classes.tolist(), strict=True))),
            read_to=folded.original_span(words[-1].start, words[-1].end)[1]
            if end < len(text.lengths)
            else min(len(given.own), LONGEST),
        )

    def _all_windows(self, text: _Pieces, context: Ints) -> tuple[dict[str, Floats], Floats, int]:
        """Chances of the tags of each word by head, probabilities of the classes, and how many words were read.

        A word that stands in two windows is taken from the one in which it stands further from an edge within the text.
        """
        count = len(text.lengths)
        chances = {head: np.zeros((count, 1 + 2 * len(tags)), np.float32) for head, tags in self.about.tags.items()}
        classes = np.zeros(len(self.about.classes))
        margins = np.full(count, -1, np.int64)
        end = 0
        windows = windows_of(text.lengths.tolist(), self.about.room, self.about.overlap)
        for start, end in islice(windows, MOST_WINDOWS):
            *heads, logits = self._run(text, start, end, context)
            places = np.arange(start, end)
            left = places - start if start else np.full(end - start, count)
            right = end - 1 - places if end < count else np.full(end - start, count)
            margin = np.minimum(left, right)
            better = (margin > margins[start:end]) & (text.lengths[start:end] > 0)
            firsts = 1 + text.firsts[start:end][better] - text.firsts[start]
            for head, values in zip(self.about.tags, heads, strict=True):
                chances[head][start:end][better] = _softmax(values[0, firsts])
            margins[start:end][better] = margin[better]
            a, b = self._calibration.T
            classes = np.maximum(classes, 1.0 / (1.0 + np.exp(-np.clip(a * logits[0] + b, -50.0, 50.0))))
        for values in chances.values():
            values[margins < 0, 0] = 1.0  # words of which no piece is left belong to nothing
        return chances, classes, end

    def _run(self, text: _Pieces, start: int, end: int, context: Ints) -> list[Floats]:
        """The outputs for the words [start, end): logits of each head [1, pieces, labels], and of the classes [1, classes]."""
        begin, stop = text.firsts[start], text.firsts[start] + int(text.lengths[start:end].sum())
        ids = [self._cls, text.ids[begin:stop], self._sep]
        if len(context):
            ids += [context, self._sep]
        row = np.concatenate(ids)
        own = stop - begin
        sides, shapes = np.zeros(len(row), np.int64), np.zeros(len(row), np.int64)
        sides[own + 2 :] = 1
        shapes[1 : own + 1] = text.shapes[begin:stop]
        values = (row, np.ones(len(row), np.int64), sides, shapes)
        fed = {name: value[None] for name, value in zip(_INPUTS, values, strict=True)}
        return self._session.run(self._outputs, fed)  # type: ignore[no-any-return]

    def _pieces(self, words: list[Word]) -> _Pieces:
        encoded = self._tokenizer.encode([word.text for word in words], is_pretokenized=True, add_special_tokens=False)
        lengths = np.bincount(np.array(encoded.word_ids, np.int64), minlength=len(words))
        return _Pieces(
            ids=np.array(encoded.ids, np.int64),
            lengths=lengths,
            firsts=np.cumsum(lengths) - lengths,
            shapes=np.repeat(np.array([word.shape for word in words], np.int64), lengths),
        )

    def _context(self, text: str) -> Ints:
        words = words_of(fold(text[:_LONGEST_CONTEXT]).text) if self.about.context_room else []
        return self._pieces(words).ids[: self.about.context_room] if words else np.zeros(0, np.int64)

    def _require_form(self) -> None:
        """Refuse a model whose inputs or outputs are others than model.json says."""
        probe = _Pieces(*(np.array([n], np.int64) for n in (100, 1, 0, SHAPES - 1)))
        wanted = [(1, 3, 1 + 2 * len(tags)) for tags in self.about.tags.values()] + [(1, len(self.about.classes))]
        try:
            shapes = [values.shape for values in self._run(probe, 0, 1, np.zeros(0, np.int64))]
        except Exception as error:
            raise ConfigError(f"language model: it does not take what it has to ({type(error).__name__})") from None
        if shapes != wanted:
            raise ConfigError("language model: its answers have another form than model.json says")


@cache
def shipped_encoder() -> Encoder:
    """The one encoder of a process."""
    return Encoder.load()


class _Pieces(NamedTuple):
    """The word pieces of a text; `lengths` and `firsts` (index of the first piece) by word, `ids` and `shapes` by piece."""

    ids: Ints
    lengths: Ints
    firsts: Ints
    shapes: Ints


def _options() -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # a process a core: threads would only contend
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)  # type: ignore[no-any-return]


def _unmistakable(given: EncoderInput) -> bytes:
    """Bytes that no other input has."""
    return f"{len(given.own)}:{given.own}{given.context[:_LONGEST_CONTEXT]}".encode("utf-8", "surrogatepass")
