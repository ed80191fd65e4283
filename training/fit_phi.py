"""Step 6: fits what each sign of a passage is worth for the PHI score, and how the signs and the model's judgement are added.

    python -m training.fit_phi --data ../shared/data --to detectors/_data/phi_points.yaml

The signs' points are a logistic regression on the posts that the model was taught on, and on clean public text. How they are
added to the model's judgement is fitted on composed posts that neither saw; the constant is then set on these and on the
development posts, so that precision and recall come out alike at the policy's threshold.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml

from core.policy import default_policy_path, load_policy
from crawlers._archive.post_lines import parse_line
from detectors._phi_evidence import Evidence, author_pages, gather, passages
from detectors._phi_judgement import believed, by_patterns, signs_of
from detectors._phi_parts import OurOwn
from detectors._phi_voice import Voice, odds
from detectors._reader import Reader
from training import public_sets
from training.examples import of_post
from training.posts import CORPUS, labelled
from training.prepare import is_held_out

_CLEAN_NEWS, _CLEAN_SENTENCES = 1000, 600
_CLEAN_WEIGHT = 0.5  # of a public text beside a composed post
_SELDOM = 25  # a sign that stands in fewer posts is left out
_LITTLE = 0.035  # and one whose worth, in standard deviations, is below this
_PULL = 0.02
_NO_SIGNS = frozenset({"death", "consent"})  # neither may move a score

_Floats = np.ndarray


@dataclass(frozen=True, slots=True)
class Case:
    """One post: the signs of its likeliest passage, the model's log odds, and whether it is to be flagged."""

    signs: dict[str, float]
    voice: float
    flagged: bool
    weight: float = 1.0


class Cases:
    """Reads posts into cases, by the very functions that judge them later."""

    def __init__(self) -> None:
        policy = load_policy(default_policy_path())
        self._reader, self._own = Reader(policy), OurOwn.of(policy.institution)
        self.threshold = policy.rule("phi").threshold

    def of(self, line: str, *, flagged: bool, weight: float = 1.0) -> Case | None:
        """None where the language is not read."""
        given = parse_line(line.encode())
        account = given.account()
        reading = self._reader.read_post(account, replace(given.post, account_id=account.id, platform=account.platform))
        voice = Voice.of(reading.classes)
        gathered: list[Evidence] = [believed(gather(passage, self._own), voice) for passage in passages(author_pages(reading))]
        if voice is None or not gathered:
            return None
        likeliest = max(gathered, key=lambda evidence: max(by_patterns(evidence)))
        return Case(signs_of(max(by_patterns(likeliest)), likeliest), odds(voice.disclosed), flagged, weight)

    def composed(self, *files: Path) -> Iterator[tuple[bool, Case]]:
        """Whether each post was kept apart from the model, and its case."""
        for file in files:
            for line in file.read_text(encoding="utf-8").splitlines():
                post = labelled(json.loads(line))
                case = self.of(line, flagged=post.phi is not None)
                if case:
                    yield is_held_out(of_post(post)), case

    def clean(self, data: Path) -> Iterator[Case]:
        """Health news as a page would pass it on, and sentences of everyday."""
        chance = random.Random(5)
        news = chance.sample(list(public_sets.health_news(data, public_sets.HEALTH_NEWS_TAUGHT)), _CLEAN_NEWS)
        sentences = list(public_sets.sentences(data / "btc" / "btc.train"))
        everyday = [" ".join(words) for words, _ in chance.sample(sentences, _CLEAN_SENTENCES)]
        for kind, texts in (("official", news), ("personnel", everyday)):
            for number, text in enumerate(texts):
                line = json.dumps({"id": str(number), "text": text, "account": {"kind": kind}})
                case = self.of(line, flagged=False, weight=_CLEAN_WEIGHT)
                if case:
                    yield case


def logistic(x: _Floats, y: _Floats, weights: _Floats, pull: float, towards: float = 0.0) -> tuple[_Floats, float]:
    """Coefficients and constant of least weighted log loss; `pull` draws each coefficient to `towards` (Newton's steps)."""
    count, width = x.shape
    design = np.hstack([x, np.ones((count, 1))])
    found = np.full(width + 1, 0.0)
    ridge = np.diag([*[pull * weights.sum()] * width, 1e-9])
    aim = np.array([*[towards] * width, 0.0])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-(design @ found)))
        slope = design.T @ (weights * (chance - y)) + ridge @ (found - aim)
        curve = (design * (weights * chance * (1 - chance))[:, None]).T @ design + ridge
        found = found - np.linalg.solve(curve, slope)
    return found[:-1], float(found[-1])


def _matrix(cases: list[Case], names: list[str]) -> _Floats:
    return np.array([[case.signs.get(name, 0.0) for name in names] for case in cases])


def fit_points(cases: list[Case]) -> tuple[dict[str, float], float]:
    """Worth of each sign, and the constant, as log odds."""
    often = {name: sum(bool(case.signs.get(name)) for case in cases) for case in cases for name in case.signs}
    names = sorted(name for name, count in often.items() if count > _SELDOM and name not in _NO_SIGNS)
    flagged, weights = np.array([c.flagged for c in cases], float), np.array([c.weight for c in cases])
    for last in (False, True):
        x = _matrix(cases, names)
        middle, spread = x.mean(0), x.std(0) + 1e-6
        worth, constant = logistic((x - middle) / spread, flagged, weights, _PULL)
        if not last:
            names = [name for name, value in zip(names, worth, strict=True) if abs(value) >= _LITTLE]
    points = {name: round(float(value), 2) for name, value in zip(names, worth / spread, strict=True)}
    return points, round(constant - float((worth * middle / spread).sum()), 2)


def _sums(cases: Iterable[Case], points: dict[str, float], first: float) -> _Floats:
    return np.array([first + sum(worth * case.signs.get(sign, 0.0) for sign, worth in points.items()) for case in cases])


def even_constant(scores: _Floats, flagged: _Floats, threshold: float) -> float:
    """What to add to log odds so that at `threshold` as many are flagged as ought to be: precision and recall alike."""
    ranked = np.sort(scores)[::-1]
    count = int(flagged.sum())
    cut = (ranked[count - 1] + ranked[count]) / 2
    return float(np.log(threshold / (1 - threshold)) - cut)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    reads = Cases()
    composed = list(reads.composed(*sorted((CORPUS / "phi").glob("*.jsonl"))))
    points, first = fit_points([*(c for held, c in composed if not held), *reads.clean(arguments.data)])
    apart = [case for held, case in composed if held]
    development = [case for _, case in reads.composed(CORPUS / "development" / "phi.jsonl")]
    both = np.column_stack([_sums(apart, points, first), [case.voice for case in apart]])
    share, _ = logistic(both, np.array([c.flagged for c in apart], float), np.ones(len(apart)), 0.01, towards=0.5)
    share = np.maximum(share, 0.05)
    seen = [*apart, *development]
    scores = np.column_stack([_sums(seen, points, first), [case.voice for case in seen]]) @ share
    constant = even_constant(scores, np.array([c.flagged for c in seen], float), reads.threshold)
    written = {
        "first": first,
        "points": dict(sorted(points.items())),
        "fusion": {"points": round(float(share[0]), 2), "voice": round(float(share[1]), 2), "constant": round(constant, 2)},
    }
    head = "# Written by training/fit_phi.py; what it means is said in detectors/_phi_points.py.\n"
    arguments.to.write_text(head + yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
    for name, part in (("kept apart", apart), ("development", development)):
        sure = np.column_stack([_sums(part, points, first), [c.voice for c in part]]) @ share + constant
        said, true = sure >= np.log(reads.threshold / (1 - reads.threshold)), np.array([c.flagged for c in part])
        hits = int((said & true).sum())
        f1 = 2 * hits / (said.sum() + true.sum())
        print(f"{name}: precision {hits / said.sum():.3f}, recall {hits / true.sum():.3f}, F1 {f1:.3f}")


if __name__ == "__main__":
    main()
