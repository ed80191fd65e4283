"""The model is taught on the very sequences that it reads later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from detectors._encoder import Encoder, EncoderInput
from detectors._model_folder import shipped_folder
from training.examples import Example
from training.posts import heads

CASES = {
    "plain": ("Nurse Ada Brook went home at 3am, 34yo.", ""),
    "answered": ("so was her #AnaRuiz c4ncer at www.ward.example?", "Is @her still on the ward?"),
    "long": ("Beds, wards and halls again. " * 60, "What is it like there? " * 40),
    "spelling": ("ｆｕｌｌ wi\u200bdth, Beyoncé's niña 👩‍⚕️ 12mg", ""),
}


@pytest.mark.parametrize("case", CASES)
def test_teaching_and_reading_see_the_same_pieces(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    features = pytest.importorskip("training.features", reason="training is not installed: make train-install")
    own, context = CASES[case]
    encoder, fed = Encoder.load(), []
    run = encoder._session.run

    class Heard:
        def run(self, outputs: Any, inputs: dict[str, Any]) -> Any:
            fed.append({name: values[0].tolist() for name, values in inputs.items()})
            return run(outputs, inputs)

    monkeypatch.setattr(encoder, "_session", Heard())
    encoder.read([EncoderInput(own, context)])
    about = encoder.about
    pieces_of = features.tokenizer(Path(str(shipped_folder())) / "tokenizer.json")
    shape = (about.room, about.overlap, about.context_room)
    taught = list(features.rows(Example("test", own, context), heads(), pieces_of, *shape))
    assert [(row.ids, row.sides, row.shapes) for row in taught] == [
        (one["input_ids"], one["token_type_ids"], one["shapes"]) for one in fed
    ]
    assert all(set(one["attention_mask"]) == {1} for one in fed)
