"""Step 2: trains the model by recipe.yaml. Killed anywhere, the same command goes on from the last checkpoint.

    python -m training.train --out build/model [--device cuda] [--bfloat16] [--share 0.05]

`--bfloat16` halves the width of numbers: about twice as fast on a GPU or a CPU with AMX, slower on others. `--share` takes only
so much of every set and one pass a stage: a tiny version, to try the way out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor, nn

from training import examples, features
from training.model import Model, load_base
from training.noise import spoiled
from training.posts import HERE, Heads, heads

_TAGS_WEIGHT, _CLASSES_WEIGHT = 1.0, 0.7
_WARM_UP = 0.06  # share of a stage's steps in which the rate rises
_CHECKPOINT_STEPS = 250


def loss_of(outputs: tuple[Tensor, ...], tags: dict[str, Tensor], classes: Tensor, weights: Tensor) -> Tensor:
    """Cross entropy of the tags that are known, and of the classes that are known; `weights` [classes] of what holds."""
    total = torch.zeros((), device=classes.device)
    for logits, truth in zip(outputs[:-1], tags.values(), strict=True):
        if (truth != features.IGNORED).any():
            total = total + _TAGS_WEIGHT * nn.functional.cross_entropy(
                logits.flatten(0, 1), truth.flatten(), ignore_index=features.IGNORED
            )
    known = classes != features.UNKNOWN
    if known.any():
        each = nn.functional.binary_cross_entropy_with_logits(outputs[-1], classes, pos_weight=weights, reduction="none")
        # A post of which one thing is known counts less than one of which fifteen are, but not a fifteenth.
        worth = known / known.sum(1, keepdim=True).clamp(min=1).sqrt()
        total = total + _CLASSES_WEIGHT * (each * worth).sum() / worth.sum()
    return total


class Trainer:
    """One run in one folder: `base.safetensors`, the prepared examples and the checkpoint lie there."""

    def __init__(self, out: Path, device: str, share: float, *, bfloat16: bool = False) -> None:
        self.out, self.device, self.share, self.bfloat16 = out, device, share, bfloat16
        self.recipe: dict[str, Any] = yaml.safe_load((HERE / "recipe.yaml").read_text(encoding="utf-8"))
        self.heads: Heads = heads()
        self.tokenizer = features.tokenizer(out / "tokenizer.json")
        self.sets = {path.stem: list(examples.read(path)) for path in sorted(out.glob("*.jsonl")) if path.stem != "held_out"}
        for name in sorted({name for stage in self.recipe["stages"] for name in stage["take"]} - self.sets.keys()):
            print(f"{name} was not prepared: it is left out", flush=True)
        self.weights = torch.tensor([self._weight(name) for name in self.heads.classes], device=device)
        torch.manual_seed(self.recipe["seed"])
        self.model = Model(self.heads)
        load_base(self.model, out / "base.safetensors")
        self.model.freeze(self.recipe["frozen_layers"])
        self.model.to(device)
        self.average = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.optimizer = self._optimizer()
        self.done = (0, 0, 0)  # stage, pass, step
        made_of = [self.recipe, self.heads.tags, self.heads.classes, share, {n: len(s) for n, s in self.sets.items()}]
        self._of = hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()

    def _weight(self, name: str) -> float:
        """How much more a truth counts where the class holds, which evens out what is rare; calibration undoes the shift."""
        known = [e.classes[name] for e in self.sets.get("corpus", ()) if name in e.classes]
        holds = sum(known)
        return float(min(max(((len(known) - holds) / max(holds, 1)) ** 0.5, 1.0), self.recipe["rarest"]))

    def _optimizer(self) -> torch.optim.Optimizer:
        new = [p for name, p in self.model.named_parameters() if name.startswith(("tags", "gather", "classes", "shapes"))]
        old = [p for name, p in self.model.named_parameters() if p.requires_grad and not any(p is n for n in new)]
        return torch.optim.AdamW([{"params": new, "scale": 5.0}, {"params": old, "scale": 1.0}], lr=0.0, weight_decay=0.01)

    def run(self) -> None:
        """All stages, from where the checkpoint stands."""
        self._resume()
        for number, stage in enumerate(self.recipe["stages"]):
            passes = 1 if self.share < 1 else stage["passes"]
            for pass_ in range(passes):
                if (number, pass_) >= self.done[:2]:
                    self._pass(number, stage, pass_, passes)
        torch.save(self.average, self.out / "trained.pt")
        (self.out / "taught.json").write_text(json.dumps(self._taught()), encoding="utf-8")

    def _taught(self) -> dict[str, int]:
        """By set, the most examples that a pass of any stage took."""
        takes = [
            (name, count) for stage in self.recipe["stages"] for name, count in stage["take"].items() if self.sets.get(name)
        ]
        return {name: max(self._count(name, count) for other, count in takes if other == name) for name, _ in takes}

    def _count(self, name: str, count: int) -> int:
        there = len(self.sets.get(name, ()))
        return min(max(int(min(count, there) * self.share), 1), there)

    def _pass(self, number: int, stage: dict[str, Any], pass_: int, passes: int) -> None:
        chance = random.Random(f"{self.recipe['seed']}.{number}.{pass_}")
        rows: list[features.Row] = []
        for name, count in stage["take"].items():
            for example in chance.sample(self.sets.get(name, []), self._count(name, count)):
                shape = (self.recipe["room"], self.recipe["overlap"], self.recipe["context_room"])
                made = features.rows(spoiled(example, chance), self.heads, self.tokenizer, *shape)
                rows += [row for row in made if row.teaches]
        steps = list(features.batches(rows, self.recipe["batch_pieces"]))
        chance.shuffle(steps)
        self.model.train()
        begun, heard = time.monotonic(), 0.0
        for step, batch in enumerate(steps):
            if (number, pass_, step) < self.done:
                continue
            progress = (pass_ + step / len(steps)) / passes
            heard += self._step(batch, stage["rate"] * min(progress / _WARM_UP, 1 - progress, 1.0))
            if step % _CHECKPOINT_STEPS == _CHECKPOINT_STEPS - 1:
                self._save((number, pass_, step + 1))
                print(
                    f"{stage['name']} {pass_ + 1}/{passes}: {step + 1}/{len(steps)} loss {heard / (step + 1):.4f}", flush=True
                )
        self._save((number, pass_ + 1, 0))
        took, mean = time.monotonic() - begun, heard / max(len(steps), 1)
        print(f"{stage['name']} {pass_ + 1}/{passes}: {len(rows)} rows in {took:.0f} s, loss {mean:.4f}", flush=True)

    def _step(self, rows: list[features.Row], rate: float) -> float:
        (ids, *others), tags, classes = features.batch(rows, self.heads)
        hidden = (torch.rand(ids.shape) < self.recipe["blanked"]) & (ids > features.SEP)
        inputs = (ids.masked_fill(hidden, features.MASK), *others)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        with torch.autocast(self.device, torch.bfloat16, enabled=self.bfloat16):
            outputs = self.model(*(i.to(self.device) for i in inputs))
        outputs = tuple(output.float() for output in outputs)
        loss = loss_of(outputs, {head: t.to(self.device) for head, t in tags.items()}, classes.to(self.device), self.weights)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        kept = self.recipe["averaged"] if self.share == 1 else 0.9
        with torch.no_grad():
            for name, value in self.model.state_dict().items():
                self.average[name].lerp_(value, 1 - kept)
        return float(loss.detach())

    def _save(self, done: tuple[int, int, int]) -> None:
        self.done = done
        state = {
            "done": done,
            "of": self._of,
            "model": self.model.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
        }
        torch.save(state, self.out / "checkpoint.new")
        (self.out / "checkpoint.new").replace(self.out / "checkpoint.pt")

    def _resume(self) -> None:
        path = self.out / "checkpoint.pt"
        if path.exists():
            state = torch.load(path, map_location=self.device, weights_only=True)
            if state.get("of") != self._of:
                raise SystemExit(f"{path}: made by another recipe, of other heads or of other data; remove it to begin anew")
            self.model.load_state_dict(state["model"])
            self.average = state["average"]
            self.optimizer.load_state_dict(state["optimizer"])
            self.done = tuple(state["done"])
            print(f"going on from {self.done}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--bfloat16", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    Trainer(arguments.out, arguments.device, arguments.share, bfloat16=arguments.bfloat16).run()


if __name__ == "__main__":
    main()
