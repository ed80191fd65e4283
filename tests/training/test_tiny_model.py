"""A newcomer's first model: every step of docs/train.md on a few hundred sentences, and what comes out reads posts."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from detectors._encoder import Encoder, EncoderInput
from training.posts import CORPUS, HERE

ROOT = HERE.parent
SECONDS = 600  # what the documentation promises for all steps together


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not os.environ.get("CI"):
        pytest.importorskip("torch", reason="training is not installed: make train-install")
    out = tmp_path_factory.mktemp("model")
    small = out / "corpus.d"
    small.mkdir()
    lines = [line for file in sorted((CORPUS / "phi").glob("*.jsonl")) for line in file.read_text("utf-8").splitlines()]
    (small / "posts.jsonl").write_text("\n".join(lines[::10]) + "\n", encoding="utf-8")
    run("training.prepare", "--out", str(out), "--corpus", str(small))
    (out / "log").write_text(run("training.train", "--out", str(out), "--share", "0.9"), encoding="utf-8")
    run("training.calibrate", "--out", str(out))
    run("training.export", "--out", str(out), "--to", str(out / "ships"), "--version", "2026-01-01")
    run("training.card", "--out", str(out), "--to", str(out / "ships"))
    return out


def test_what_was_trained_loads_and_tells_all_that_it_was_asked(built: Path) -> None:
    about = json.loads((built / "ships" / "model.json").read_text(encoding="utf-8"))
    assert about["version"] == "2026-01-01"
    (told,) = Encoder.load(built / "ships").read([EncoderInput("Nurse Ada Brook went home.")])
    assert set(told.classes) == set(about["classes"])
    assert all(0 <= probability <= 1 for probability in told.classes.values())


def test_its_card_tells_what_it_was_taught_on(built: Path) -> None:
    prepared = len((built / "corpus.jsonl").read_text(encoding="utf-8").splitlines())
    card = (built / "ships" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"corpus ({int(prepared * 0.9)})" in card, "and not on what was left out"
    assert "| phi |" in card


def test_it_learnt_something_and_is_done(built: Path) -> None:
    told = run("training.train", "--out", str(built), "--share", "0.9")
    assert "going on from" in told
    assert "rows in" not in told, "a finished run has nothing left to do"
    before = math.log(7) + math.log(15) + math.log(2)  # of a model that knows nothing
    assert float((built / "log").read_text(encoding="utf-8").split()[-1]) < 0.75 * before


def test_a_checkpoint_of_another_recipe_is_refused(built: Path) -> None:
    with pytest.raises(AssertionError, match="made by another recipe"):
        run("training.train", "--out", str(built), "--share", "0.5")
