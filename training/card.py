"""Step 5: writes the model card: what the model is, what it was taught on, how well it does on what was kept apart.

    python -m training.card --out build/model --to detectors/_data/model

All figures are of the int8 model as it ships, on the composed posts that `prepare` kept apart: they calibrated its
probabilities and nothing else. What is measured on posts of other hands and on public sets is in docs/quality.md.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import yaml

from training import examples, features
from training.calibrate import load_trained
from training.posts import FLAGS, HERE, Heads, heads

_BINS = 5


def average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """Area under precision and recall, ties in given order; NaN where nothing holds."""
    order = np.argsort(-scores, kind="stable")
    hits = truth[order].cumsum()
    precision = hits / np.arange(1, len(order) + 1)
    return float((precision * truth[order]).sum() / truth.sum()) if truth.any() else float("nan")


def calibration_error(probability: np.ndarray, truth: np.ndarray) -> float:
    """Expected calibration error over equal bins."""
    bins = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    return float(sum(abs(probability[bins == n].sum() - truth[bins == n].sum()) for n in range(_BINS)) / max(len(truth), 1))


def _reliability_rows(asked: Heads, probability: np.ndarray, truth: np.ndarray) -> Iterator[str]:
    """A curve for each class that can lead to a finding, or keep one from people."""
    leads = {"phi", "disclaims", "protected", *(name for needs in FLAGS.values() for some in needs.values() for name in some)}
    for n, name in enumerate(asked.classes):
        known = truth[:, n] != features.UNKNOWN
        if name in leads and (truth[known, n] == 1).any():
            yield f"| {name} | {reliability(probability[known, n], truth[known, n] == 1)} |"


def reliability(probability: np.ndarray, truth: np.ndarray) -> str:
    """'0.0-0.2: said 0.05, true 0.07 (n 91); …'."""
    bins = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    told = ((n, probability[bins == n], truth[bins == n]) for n in range(_BINS))
    return "; ".join(
        f"{n / _BINS:.1f}-{(n + 1) / _BINS:.1f}: said {p.mean():.2f}, true {t.mean():.2f} (n {len(t)})"
        for n, p, t in told
        if len(t)
    )


def spans_of(labels: list[int], tags: tuple[str, ...]) -> set[tuple[str, int, int]]:
    """Spans of BIO labels; an I without its B begins a span."""
    found: list[tuple[str, int, int]] = []
    previous = 0
    for at, label in enumerate(labels):
        if label:
            tag = tags[(label - 1) // 2]
            goes_on = label % 2 == 0 and previous and tags[(previous - 1) // 2] == tag
            start = found.pop()[1] if goes_on else at
            found.append((tag, start, at + 1))
        previous = label
    return set(found)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "·"


def _class_rows(asked: Heads, probability: np.ndarray, truth: np.ndarray) -> Iterator[str]:
    for n, name in enumerate(asked.classes):
        known = truth[:, n] != features.UNKNOWN
        p, t = probability[known, n], truth[known, n] == 1
        if not t.any():
            continue
        hit = int(((p >= 0.5) & t).sum())
        said = int((p >= 0.5).sum())
        holds = int(t.sum())
        f1, ranked = _share(2 * hit, said + holds), average_precision(p, t)
        yield (
            f"| {name} | {holds} of {len(t)} | {ranked:.2f} | {_share(hit, said)} | {_share(hit, holds)} | {f1} "
            f"| {calibration_error(p, t):.2f} |"
        )


def _tag_rows(asked: Heads, gold: dict[str, list[list[int]]], told: dict[str, list[list[int]]]) -> Iterator[str]:
    for head, tags in asked.tags.items():
        pairs = [(spans_of(g, tags), spans_of(t, tags)) for g, t in zip(gold[head], told[head], strict=True)]
        for tag in tags:
            of_tag = [({s for s in g if s[0] == tag}, {s for s in t if s[0] == tag}) for g, t in pairs]
            hit, all_gold, all_told = (
                sum(len(part) for part in parts) for parts in zip(*((g & t, g, t) for g, t in of_tag), strict=True)
            )
            touched = sum(any(a[1] < b[2] and b[1] < a[2] for b in t) for g, t in of_tag for a in g)
            shares = (
                _share(hit, all_told),
                _share(hit, all_gold),
                _share(2 * hit, all_gold + all_told),
                _share(touched, all_gold),
            )
            yield f"| {tag} | {all_gold} | {' | '.join(shares)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    recipe = yaml.safe_load((HERE / "recipe.yaml").read_text(encoding="utf-8"))
    about = json.loads((arguments.to / "model.json").read_text(encoding="utf-8"))
    asked, whole = heads(), load_trained(arguments.out)
    session = onnxruntime.InferenceSession(str(arguments.to / "encoder.onnx"), providers=["CPUExecutionProvider"])
    pieces_of = features.tokenizer(arguments.to / "tokenizer.json")
    shape = (about["room"], about["overlap"], about["context_room"])
    rows = [r for e in examples.read(arguments.out / "held_out.jsonl") for r in features.rows(e, asked, pieces_of, *shape)]
    logits, exact, truths = [], [], []
    gold: dict[str, list[list[int]]] = {head: [] for head in asked.tags}
    told: dict[str, list[list[int]]] = {head: [] for head in asked.tags}
    for some in features.batches(rows, recipe["batch_pieces"]):
        inputs, tags, truth = features.batch(some, asked)
        names = ("input_ids", "attention_mask", "token_type_ids", "shapes")
        *tagged, classes = session.run(None, {name: i.numpy() for name, i in zip(names, inputs, strict=True)})
        logits.append(classes)
        exact.append(whole(*inputs)[-1].detach().numpy())
        truths.append(truth.numpy())
        for head, scores in zip(asked.tags, tagged, strict=True):
            keep = tags[head].numpy() != features.IGNORED
            gold[head] += [row[k].tolist() for row, k in zip(tags[head].numpy(), keep, strict=True)]
            told[head] += [row[k].tolist() for row, k in zip(scores.argmax(-1), keep, strict=True)]
    logit, full, known = np.concatenate(logits), np.concatenate(exact), np.concatenate(truths)
    ab = np.array([about["calibration"][name] for name in asked.classes])
    probability = 1 / (1 + np.exp(-(logit * ab[:, 0] + ab[:, 1])))
    sets: dict[str, int] = json.loads((arguments.out / "taught.json").read_text(encoding="utf-8"))
    card = (
        (HERE / "card_template.md")
        .read_text(encoding="utf-8")
        .format(
            name=about["name"],
            version=about["version"],
            classes=len(asked.classes),
            layers=6,
            size=(arguments.to / "encoder.onnx").stat().st_size / 1e6,
            files=", ".join(f"`{name}` (SHA-256 {digest})" for name, digest in about["sha256"].items()),
            taught=", ".join(f"{name} ({count:,})" for name, count in sets.items() if count),
            rows=len(rows),
            class_rows="\n".join(_class_rows(asked, probability, known)),
            bins=_BINS,
            reliability_rows="\n".join(_reliability_rows(asked, probability, known)),
            tag_rows="\n".join(_tag_rows(asked, gold, told)),
            flips=float(((logit > 0) != (full > 0)).mean()),
            cosine=float((logit * full).sum() / (np.linalg.norm(logit) * np.linalg.norm(full))),
            corpus=f"{sets.get('corpus', 0):,}",
        )
    )
    (arguments.to / "MODEL_CARD.md").write_text(card, encoding="utf-8")


if __name__ == "__main__":
    main()
