"""Step 4: writes the model as it ships: int8 ONNX, tokenizer, and what a reader must know of them, with their SHA-256.

python -m training.export --out build/model --to detectors/_data/model --version 2026-11-22
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import shutil
from pathlib import Path

import torch
import yaml
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

from training.calibrate import load_trained
from training.posts import HERE, heads

NAME = "night-rounds-minilm"
_LEAST = 0.5  # mean probability of a span's words
# Where int8 costs most: these three keep half of the error out for 5 MB (of six, .24 -> .13 in the log odds of `phi`).
_LEFT_WHOLE = [f"/layers.{n}/down/MatMul" for n in range(3)]
_AXES = {0: "batch", 1: "pieces"}


def export(out: Path, to: Path, version: str) -> None:
    """The folder `to` holds the model when this returns; before, it is not touched."""
    recipe = yaml.safe_load((HERE / "recipe.yaml").read_text(encoding="utf-8"))
    asked, model = heads(), load_trained(out)
    with torch.no_grad():
        for head, lean in recipe["leans"].items():  # towards finding: less is asked before a word counts as a name
            tag = model.tags[head]
            assert isinstance(tag, nn.Linear)
            tag.bias[0] -= lean
    inputs = ("input_ids", "attention_mask", "token_type_ids", "shapes")
    example = tuple(torch.ones(2, 7, dtype=torch.int64) for _ in inputs)
    whole, packed = out / "whole.onnx", out / "encoder.onnx"
    torch.onnx.export(
        model,
        example,
        str(whole),
        input_names=list(inputs),
        output_names=[*asked.tags, "classes"],
        dynamic_axes=dict.fromkeys((*inputs, *asked.tags), _AXES) | {"classes": {0: "batch"}},
        dynamo=False,
    )
    logging.getLogger().setLevel(logging.ERROR)
    # Seven bits of eight: on processors without VNNI the sums of eight would overflow.
    quantize_dynamic(
        str(whole),
        str(packed),
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
        nodes_to_exclude=_LEFT_WHOLE,
    )
    about = {
        "name": NAME,
        "version": version,
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (packed, out / "tokenizer.json")},
        **{key: recipe[key] for key in ("languages", "room", "overlap", "context_room")},
        "tags": asked.tags,
        "least": {tag: _LEAST for tags in asked.tags.values() for tag in tags},
        "classes": asked.classes,
        "calibration": json.loads((out / "calibration.json").read_text(encoding="utf-8")),
    }
    to.mkdir(parents=True, exist_ok=True)
    for path in (packed, out / "tokenizer.json"):
        shutil.copyfile(path, to / path.name)
    (to / "model.json").write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--version", required=True)
    arguments = parser.parse_args()
    export(arguments.out, arguments.to, arguments.version)


if __name__ == "__main__":
    main()
