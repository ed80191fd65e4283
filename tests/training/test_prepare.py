"""The base model is the one that the recipe names, byte for byte."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from training.prepare import fetch_base

FILES = {"base.safetensors": b"weights", "tokenizer.json": b"{}"}


def expected(**changed: str) -> dict[str, str]:
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    return {"weights_sha256": digests["base.safetensors"], "tokenizer_sha256": digests["tokenizer.json"]} | changed


def test_files_that_are_there_are_taken_as_they_are(tmp_path: Path) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    fetch_base(tmp_path, expected())
    assert {path.name for path in tmp_path.iterdir()} == FILES.keys()


@pytest.mark.parametrize("other", ["weights_sha256", "tokenizer_sha256"])
def test_another_file_is_refused(tmp_path: Path, other: str) -> None:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match="SHA-256 differs"):
        fetch_base(tmp_path, expected(**{other: "0" * 64}))
