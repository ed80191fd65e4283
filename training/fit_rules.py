"""Step 7: fits how the wordings of a rule and the model's judgement are added (detectors/_joined.py).

    python -m training.fit_rules --data ../shared/data --to detectors/_data/rule_points.yaml

The weights are fitted on composed posts that the model was not taught on. The constant is then set on these and on the development
posts, so that precision and recall come out alike at the policy's threshold, or higher where clean health news would be flagged
more often than once in a thousand posts.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml

from core.policy import Policy, default_policy_path, load_policy
from core.records import Reading
from core.registry import detector_classes
from core.seams import Detector
from crawlers._archive.post_lines import PostLine, parse_line
from detectors._joined import CLASSES
from detectors._phi_voice import odds
from detectors._reader import Reader
from training import public_sets
from training.examples import of_post
from training.fit_phi import even_constant, logistic
from training.posts import CORPUS, LabelledPost, read_posts
from training.prepare import is_held_out

_NEWS = 2_000
_MOST_ALARMS = 0.001  # of clean news
_PULL, _TOWARDS = 0.02, 0.7
_SUBJECTS = {"affiliation": "disclaimer"}  # where a rule's posts lie in another's folder
_FLAGS_OF = {"disclaimer": {"missing", "incomplete"}, "affiliation": {"undisclosed"}}
_PROFILE = ("disclaimer",)  # rules that read a profile


@dataclass(frozen=True, slots=True)
class Case:
    """The wordings and the model's word, as log odds, and whether it is to be flagged."""

    wordings: float
    voice: float
    flagged: bool


class Reads:
    """Reads posts into cases of one rule, by the detector that judges them later, with its thresholds at nothing."""

    def __init__(self, policy: Policy, reader: Reader, rule: str) -> None:
        self._reader, self._rule = reader, rule
        self._detector: Detector = detector_classes()[rule](_without_thresholds(policy, rule))

    def case(self, line: PostLine, *, flagged: bool) -> Case | None:
        """None where the model does not speak."""
        account = line.account()
        post = replace(line.post, account_id=account.id, platform=account.platform)
        profile = self._rule in _PROFILE
        reading = self._reader.read_profile(account) if profile else self._reader.read_post(account, post)
        told = [reading.classes[name] for name in CLASSES[self._rule] if name in reading.classes]
        if not told or not self._detector.applies_to(account):
            return None
        return Case(odds(self._score(replace(reading, classes={}))), odds(max(told)), flagged)

    def _score(self, silent: Reading) -> float:
        """What the wordings alone come to."""
        detect = self._detector.detect_profile if self._rule in _PROFILE else self._detector.detect
        return max((finding.score for finding in detect(silent)), default=0.0)


def _without_thresholds(policy: Policy, rule: str) -> Policy:
    settings = policy.rule(rule)
    categories = {name: category.model_copy(update={"threshold": None}) for name, category in settings.categories.items()}
    lowered = settings.model_copy(update={"threshold": 0.001, "categories": categories})
    return policy.model_copy(update={"rules": {**policy.rules, rule: lowered}})


def lines_of(posts: Sequence[LabelledPost], rule: str) -> Iterator[tuple[PostLine, bool]]:
    """Each post as it would be handed over, and whether this rule is to flag it. One on disclaimers is a profile's bio."""
    for post in posts:
        keys = ("id", "platform", "account", "text", "media", "in_reply_to", "links")
        data = {key: post.raw[key] for key in keys if key in post.raw}
        in_bio = post.subject == "disclaimer" and "bio" not in data["account"]
        if rule in _FLAGS_OF and post.subject == "disclaimer" and in_bio != (rule in _PROFILE):
            continue
        if in_bio:
            data |= {"account": {**data["account"], "bio": post.raw["text"]}, "text": "."}
        flagged = post.flag is not None and post.subject == _SUBJECTS.get(rule, rule)
        flagged = flagged and (rule not in _FLAGS_OF or post.flag in _FLAGS_OF[rule])
        yield parse_line(json.dumps(data).encode()), flagged


def fit(rule: str, policy: Policy, reader: Reader, news: Sequence[str]) -> dict[str, float]:
    """The three numbers of a rule; what they come to is printed."""
    reads, subject = Reads(policy, reader, rule), _SUBJECTS.get(rule, rule)

    def cases(posts: Sequence[LabelledPost]) -> list[Case]:
        told = (reads.case(line, flagged=flagged) for line, flagged in lines_of(posts, rule))
        return [case for case in told if case]

    composed = [p for folder in (subject, "ordinary") if (CORPUS / folder).exists() for p in read_posts(CORPUS / folder)]
    apart = cases([post for post in composed if is_held_out(of_post(post))])
    development = cases(list(read_posts(CORPUS / "development" / f"{subject}.jsonl")))
    kind = policy.rule(rule).kinds[0].value
    lines = (parse_line(json.dumps({"id": "1", "text": text, "account": {"kind": kind}}).encode()) for text in news)
    clean = [case for case in (reads.case(line, flagged=False) for line in lines) if case]
    seen = [*apart, *development]
    flagged = np.array([case.flagged for case in seen], float)
    both = np.array([[case.wordings, case.voice] for case in seen])
    share, _ = logistic(both, flagged, np.ones(len(seen)), _PULL, towards=_TOWARDS)
    share = np.maximum(share, 0.05)
    threshold = policy.rule(rule).threshold
    constant = even_constant(both @ share, flagged, threshold)
    if clean:
        news_scores = np.array([[case.wordings, case.voice] for case in clean]) @ share
        highest = float(np.quantile(news_scores, 1 - _MOST_ALARMS, method="higher"))
        constant = min(constant, float(np.log(threshold / (1 - threshold))) - highest - 0.01)
    for name, part in (("kept apart", apart), ("development", development)):
        _tell(f"{rule}, {name}", part, share, constant, threshold)
    return {"wordings": round(float(share[0]), 2), "voice": round(float(share[1]), 2), "constant": round(constant, 2)}


def _tell(name: str, part: Sequence[Case], share: np.ndarray, constant: float, threshold: float) -> None:
    if not part:
        return
    sure = np.array([[c.wordings, c.voice] for c in part]) @ share + constant
    said, true = sure >= np.log(threshold / (1 - threshold)), np.array([c.flagged for c in part])
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
    fitted = {rule: fit(rule, policy, reader, news) for rule in CLASSES}
    head = "# Written by training/fit_rules.py; what it means is said in detectors/_joined.py.\n"
    lines = (f"{rule}: {yaml.safe_dump(numbers, default_flow_style=True, sort_keys=False).strip()}\n" for rule, numbers in fitted.items())
    arguments.to.write_text(head + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
