"""Step 7: sets where the sum of wordings and model begins, for each rule beside PHI.

    python -m training.fit_rules --data ../shared/data --to detectors/_data

What wordings and model are worth is set by hand, because too few posts were kept apart from the model to fit it. The constant
that is added to them (in rule_points.yaml for the rules of detectors/_joined.py, else `first.heard` of <rule>_points.yaml) is
set on composed posts that the model was not taught on and on the development posts, so that at the policy's threshold seven of
ten that are flagged ought to be (eight of ten of what is political), and no more than three of two thousand clean posts of
health news are, nor more than five in a hundred development posts on other rules; nor, by the rule on conduct, more than one in
a hundred neutral sentences that name a group (groups.yaml). The model alone must be as sure as _joined.ALONE.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from core.policy import Policy, default_policy_path, load_policy
from core.records import Reading
from core.seams import Detector
from crawlers._archive.post_lines import PostLine, parse_line
from detectors._joined import ALONE, CLASSES, NO_WORDINGS, weights_of
from detectors._phi_voice import odds
from detectors._reader import Reader
from nightrounds.screener import detector_classes
from training import public_sets
from training.examples import of_post
from training.posts import CORPUS, HERE, LabelledPost, read_posts
from training.prepare import is_held_out

_NEWS = 2_000
_MOST_ALARMS = 0.0015  # of clean news
_MOST_ELSEWHERE = 0.05  # of posts on other rules
_MOST_OF_MENTIONS = 0.01
_PRECISION = {"political": 0.8}  # and elsewhere:
_LEAST_PRECISION = 0.7
_MARGIN = 0.01  # log odds
_WITH_POINTS = ("conduct", "confidential", "copyright", "claims")


class Reads:
    """Reads posts by the detector that judges them later, with its thresholds at nothing."""

    def __init__(self, policy: Policy, reader: Reader, rule: str) -> None:
        self._reader, self.rule = reader, rule
        self._detector: Detector = detector_classes()[rule](_without_thresholds(policy, rule))
        self.threshold, self.kind = policy.rule(rule).threshold, policy.rule(rule).kinds[0].value

    def reading(self, line: PostLine) -> Reading | None:
        """None where the rule does not apply to such an account."""
        account = line.account()
        post = replace(line.post, account_id=account.id, platform=account.platform)
        if not self._detector.applies_to(account):
            return None
        return self._reader.read_post(account, post)

    def score(self, reading: Reading) -> float:
        """What the detector makes of it."""
        return max((finding.score for finding in self._detector.detect(reading)), default=0.0)

    def posts(self) -> tuple[list[tuple[PostLine, bool]], list[tuple[PostLine, bool]]]:
        """Composed posts of the rule, and ordinary ones, that the model was not taught on; and its development posts."""
        composed = [post for folder in (self.rule, "ordinary") for post in read_posts(CORPUS / folder)]
        apart = [post for post in composed if is_held_out(of_post(post))]
        development = list(read_posts(CORPUS / "development" / f"{self.rule}.jsonl"))
        return list(lines_of(apart, self.rule)), list(lines_of(development, self.rule))

    def clean(self, news: Sequence[str]) -> list[tuple[list[PostLine], float]]:
        """Posts that are clean, and the most of them that may be flagged."""
        sets = [(self._lines(news), _MOST_ALARMS), (self._elsewhere(), _MOST_ELSEWHERE)]
        return [*sets, (self._lines(neutral_mentions()), _MOST_OF_MENTIONS)] if self.rule == "conduct" else sets

    def _elsewhere(self) -> list[PostLine]:
        """Development posts that are judged on other rules alone, of accounts that this one is read on."""
        others = [post for post in read_posts(CORPUS / "development") if self.rule not in post.judged]
        return [line for line, _ in lines_of(others, self.rule) if line.post.text.strip() and self.reading(line)]

    def _lines(self, texts: Sequence[str]) -> list[PostLine]:
        """Clean texts as posts of the first kind of account that the rule is for."""
        return [parse_line(json.dumps({"id": "1", "text": text, "account": {"kind": self.kind}}).encode()) for text in texts]


def _without_thresholds(policy: Policy, rule: str) -> Policy:
    settings = policy.rule(rule)
    categories = {name: category.model_copy(update={"threshold": None}) for name, category in settings.categories.items()}
    lowered = settings.model_copy(update={"threshold": 0.001, "categories": categories})
    return policy.model_copy(update={"rules": {**policy.rules, rule: lowered}})


def neutral_mentions() -> list[str]:
    """Each neutral sentence of groups.yaml with each group."""
    words = yaml.safe_load((HERE / "groups.yaml").read_text(encoding="utf-8"))
    return [frame.format(adjective=group) for frame in words["neutral"] for group in words["adjective"]]


def lines_of(posts: Sequence[LabelledPost], rule: str) -> Iterator[tuple[PostLine, bool]]:
    """Each post as it would be handed over, and whether this rule is to flag it."""
    for post in posts:
        keys = ("id", "platform", "account", "text", "media", "in_reply_to", "links")
        data = {key: post.raw[key] for key in keys if key in post.raw}
        yield parse_line(json.dumps(data).encode()), post.flag is not None and post.subject == rule


def raise_first(reads: Reads, news: Sequence[str]) -> float:
    """How much is to be added to a rule's log odds, by what its detector makes of the posts; what that comes to is printed."""

    def sums(lines: Sequence[PostLine]) -> np.ndarray:
        return np.array([odds(reads.score(reading)) for line in lines if (reading := reads.reading(line))])

    parts = [[pair for pair in part if reads.reading(pair[0])] for part in reads.posts()]
    scores = [sums([line for line, _ in part]) for part in parts]
    flags = [[flagged for _, flagged in part] for part in parts]
    shift = _constant(
        np.concatenate(scores),
        np.array([*flags[0], *flags[1]], float),
        [(sums(lines), most) for lines, most in reads.clean(news)],
        reads.threshold,
        _PRECISION.get(reads.rule, _LEAST_PRECISION),
    )
    for name, score, flagged in zip(("kept apart", "development"), scores, flags, strict=True):
        _tell(f"{reads.rule}, {name}", score + shift, flagged, reads.threshold)
    return shift


def _constant(
    scores: np.ndarray, flagged: np.ndarray, clean: Sequence[tuple[np.ndarray, float]], threshold: float, precision: float
) -> float:
    """The best F1 with a `precision` at least, where that can be had, and few clean texts flagged.

    What scores nothing is never reached.
    """
    nothing = odds(0.0)
    found = np.unique(np.append(scores[scores > nothing], -nothing))
    cuts = (np.append(nothing, found[:-1]) + found) / 2
    cuts = np.array([max(cut, nothing + _MARGIN) for cut in cuts])
    hits, said = (np.array([part[scores >= cut].sum() for cut in cuts]) for part in (flagged, np.ones(len(flagged))))
    precise = hits >= precision * said
    f1 = 2 * hits / (said + flagged.sum())
    worth = np.where(precise, f1, -1.0) if (precise & (hits > 0)).any() else f1
    highest = max(float(np.quantile(part, 1 - most, method="higher")) for part, most in clean)
    cut = max(float(cuts[int(np.argmax(worth))]), highest + _MARGIN)
    return float(np.log(threshold / (1 - threshold))) - cut


def _tell(name: str, sure: np.ndarray, flagged: Sequence[bool], threshold: float) -> None:
    said, true = sure >= np.log(threshold / (1 - threshold)), np.array(flagged, bool)
    hits = int((said & true).sum())
    print(f"{name}: {hits} of {int(true.sum())} found, {int(said.sum()) - hits} of {int((~true).sum())} wrongly", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    policy = load_policy(default_policy_path())
    reader = Reader(policy)
    news = random.Random(5).sample(list(public_sets.health_news(arguments.data, public_sets.HEALTH_NEWS_TAUGHT)), _NEWS)
    for rule in (*CLASSES, *_WITH_POINTS):
        name, pattern = ("rule_points", rf"(?<={rule}: ).*?constant: ") if rule in CLASSES else (f"{rule}_points", "heard: ")
        file = arguments.to / f"{name}.yaml"
        text = file.read_text(encoding="utf-8")
        found = re.search(rf"({pattern})(-?[\d.]+)", text)
        assert found, file
        shifted = float(found[2]) + raise_first(Reads(policy, reader, rule), news)
        if rule in CLASSES:
            weights = weights_of(rule)
            shifted = min(shifted, -weights.wordings * odds(NO_WORDINGS) - weights.voice * odds(ALONE))
        file.write_text(text[: found.start(2)] + f"{shifted:.2f}" + text[found.end(2) :], encoding="utf-8")


if __name__ == "__main__":
    main()
