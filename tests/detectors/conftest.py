"""A language model of the shipped form that knows a dozen words by heart, so that tests can say what it must tell."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

from detectors._encoder import Encoder

TAGS = {"names": ["PERSON", "LOCATION", "ORGANIZATION"], "details": ["DATE", "AGE", "PATIENT", "HEALTH"]}
CLASSES = ["patient", "staff"]
TAUGHT = {
    "maria": "B-PERSON", "lopez": "I-PERSON", "bronx": "B-LOCATION", "arby": "B-ORGANIZATION", "sinai": "I-ORGANIZATION",
    "tuesday": "B-DATE", "pt": "B-PATIENT", "sepsis": "B-HEALTH",
}  # fmt: skip
ASKED = {"pt": "patient", "nurse": "staff"}  # words that answer a question with yes
SURE = 4.0  # logit


def _table(pieces: dict[str, int], tags: list[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
    labels = ["O", *(f"{part}-{tag}" for tag in tags for part in "BI")]
    table = np.zeros((len(pieces), len(labels)), np.float32)
    table[:, 0] = SURE
    for word, label in TAUGHT.items():
        if label in labels:
            table[pieces[word]] = 0.0
            table[pieces[word], labels.index(label)] = SURE
    return table


def _asked(pieces: dict[str, int]) -> np.ndarray[Any, np.dtype[np.float32]]:
    table = np.full((len(pieces), len(CLASSES)), -SURE, np.float32)
    for word, name in ASKED.items():
        table[pieces[word], CLASSES.index(name)] = SURE
    return table


def _onnx(pieces: dict[str, int]) -> bytes:
    tables = {head: _table(pieces, tags) for head, tags in TAGS.items()} | {"asked": _asked(pieces)}
    nodes = [helper.make_node("Gather", [f"table_{head}", "input_ids"], [head]) for head in tables]
    nodes.append(helper.make_node("ReduceMax", ["asked"], ["classes"], axes=[1], keepdims=0))
    inputs = ("input_ids", "attention_mask", "token_type_ids", "shapes")
    graph = helper.make_graph(
        nodes,
        "known_by_heart",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "pieces"]) for name in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in (*TAGS, "classes")],
        [numpy_helper.from_array(table, f"table_{head}") for head, table in tables.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def make_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes the folder of such a model; keyword arguments stand in its model.json instead of what fits."""

    def make(**changes: Any) -> Path:
        folder = tmp_path_factory.mktemp("model")
        words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *TAUGHT, *(w for w in ASKED if w not in TAUGHT), "un", "##known"]
        pieces = {word: n for n, word in enumerate([*words, *(f"[unused{n}]" for n in range(100))])}
        tokenizer = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]"))
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        files = {"encoder.onnx": _onnx(pieces), "tokenizer.json": tokenizer.to_str().encode()}
        for name, data in files.items():
            (folder / name).write_bytes(data)
        about = {
            "name": "known-by-heart",
            "version": "2026-01-01",
            "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
            "languages": ["en", "es"],
            "room": 12,
            "overlap": 4,
            "context_room": 6,
            "tags": TAGS,
            "least": {tag: 0.5 for tags in TAGS.values() for tag in tags},
            "classes": CLASSES,
            "calibration": {name: [1.0, 0.0] for name in CLASSES},
        }
        (folder / "model.json").write_text(json.dumps(about | changes))
        return folder

    return make


@pytest.fixture(scope="session")
def taught(make_model: Callable[..., Path]) -> Encoder:
    """The model that knows a dozen words, loaded."""
    return Encoder.load(make_model())
