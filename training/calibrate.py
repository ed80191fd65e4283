"""Step 3: makes probabilities mean what they say (Platt 1999), on composed posts that training did not see.

python -m training.calibrate --out build/model
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
import yaml
from torch import Tensor, nn

from training import examples, features
from training.model import Model
from training.posts import HERE, heads

_FEWEST = 8  # examples of either kind; below it a class keeps its raw probability
_PULL = 1.0  # towards a = 1, b = 0, in examples


def load_trained(out: Path) -> Model:
    """The averaged weights of a finished run, ready to be asked."""
    model = Model(heads())
    model.load_state_dict(torch.load(out / "trained.pt", weights_only=True))
    return model.eval()


def platt(logits: Tensor, truth: Tensor) -> tuple[float, float]:
    """a, b of sigmoid(a * logit + b), least log loss with a pull towards leaving the logits as they are."""
    parameters = torch.tensor([1.0, 0.0], requires_grad=True)
    optimizer = torch.optim.LBFGS([parameters], max_iter=100, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(parameters[0] * logits + parameters[1], truth, reduction="sum")
        loss = loss + _PULL * ((parameters[0] - 1) ** 2 + parameters[1] ** 2)
        loss.backward()
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    a, b = parameters.tolist()
    return max(a, 0.05), b


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    recipe = yaml.safe_load((HERE / "recipe.yaml").read_text(encoding="utf-8"))
    asked, model = heads(), load_trained(arguments.out)
    pieces_of = features.tokenizer(arguments.out / "tokenizer.json")
    shape = (recipe["room"], recipe["overlap"], recipe["context_room"])
    rows = [row for e in examples.read(arguments.out / "held_out.jsonl") for row in features.rows(e, asked, pieces_of, *shape)]
    logits, truths = [torch.zeros(0, len(asked.classes))], [torch.zeros(0, len(asked.classes))]
    with torch.no_grad():
        for some in features.batches(rows, recipe["batch_pieces"]):
            inputs, _, truth = features.batch(some, asked)
            logits.append(model(*inputs)[-1])
            truths.append(truth)
    logit, truth = torch.cat(logits), torch.cat(truths)
    found = {}
    for n, name in enumerate(asked.classes):
        known = truth[:, n] != features.UNKNOWN
        holds = int((truth[known, n] == 1).sum())
        enough = min(holds, int(known.sum()) - holds) >= _FEWEST
        found[name] = [round(value, 4) for value in (platt(logit[known, n], truth[known, n]) if enough else (1.0, 0.0))]
    (arguments.out / "calibration.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
    print(f"calibrated on {len(rows)} rows")


if __name__ == "__main__":
    main()
