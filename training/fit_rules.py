"""Step 7: fits how the wordings of each rule beside PHI and the model's judgement are added.

    python -m training.fit_rules --data ../shared/data --to detectors/_data

For the rules of detectors/_joined.py the weights are fitted on composed posts that the model was not taught on, and written to
rule_points.yaml. For those whose signs have points of their own, only what their sum begins with is set (`first.heard` of
<rule>_points.yaml). Either constant is set on these posts and on the development posts, so that at the policy's threshold
seven of ten that are flagged ought to be, or lower where clean health news would be flagged more often than three times in two
thousand posts.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.policy import Policy, default_policy_path, load_policy
from core.records import Reading
from core.seams import Detector
from crawlers._archive.post_lines import PostLine, parse_line
from detectors._joined import CLASSES, forget
from detectors._phi_voice import odds
from detectors._reader import Reader
from nightrounds.screener import detector_classes
from training import public_sets
from training.examples import of_post
from training.fit_phi import logistic
from training.posts import CORPUS, LabelledPost, read_posts
from training.prepare import is_held_out

_NEWS = 2_000
_MOST_ALARMS = 0.0015  # of clean news
_PRECISION = 0.7
_MARGIN = 0.01  # log odds
_PULL, _TOWARDS = 0.1, 0.7
_WITH_POINTS = ("conduct", "confidential", "copyright", "claims")
_HEARD = re.compile(r"(?<=heard: )-?[\d.]+")
_SUBJECTS = {"affiliation": "disclaimer"}  # where a rule's posts lie in another's folder
_FLAGS_OF = {"disclaimer": {"missing", "incomplete"}, "affiliation": {"undisclosed"}}
_PROFILE = ("disclaimer",)  # rules that read a profile
_SET = {"disclaimer": (0.5, 0.7)}  # by hand: its finding hangs on the disclaimer too, which wordings and model don't add up for


@dataclass(frozen=True, slots=True)
class Case:
    """The wordings and the model's word, as log odds, and whether it is to be flagged."""

    wordings: float
    voice: float
    flagged: bool


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
        return self._reader.read_profile(account) if self.rule in _PROFILE else self._reader.read_post(account, post)

    def case(self, line: PostLine, *, flagged: bool) -> Case | None:
        """Wordings and model apart. None where the model does not speak."""
        reading = self.reading(line)
        told = [reading.classes[name] for name in CLASSES[self.rule] if name in reading.classes] if reading else []
        if reading is None or not told:
            return None
        return Case(odds(self.score(replace(reading, classes={}))), odds(max(told)), flagged)

    def score(self, reading: Reading) -> float:
        """What the detector makes of it."""
        detect = self._detector.detect_profile if self.rule in _PROFILE else self._detector.detect
        return max((finding.score for finding in detect(reading)), default=0.0)

    def posts(self) -> tuple[list[tuple[PostLine, bool]], list[tuple[PostLine, bool]]]:
        """Composed posts of the rule, and ordinary ones, that the model was not taught on; and its development posts."""
        subject = _SUBJECTS.get(self.rule, self.rule)
        composed = [post for folder in (subject, "ordinary") for post in read_posts(CORPUS / folder)]
        apart = [post for post in composed if is_held_out(of_post(post))]
        development = list(read_posts(CORPUS / "development" / f"{subject}.jsonl"))
        return list(lines_of(apart, self.rule)), list(lines_of(development, self.rule))

    def news(self, texts: Sequence[str]) -> list[PostLine]:
        """Clean texts as posts of the first kind of account that the rule is for."""
        return [parse_line(json.dumps({"id": "1", "text": text, "account": {"kind": self.kind}}).encode()) for text in texts]


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


def weigh(reads: Reads) -> dict[str, float]:
    """The weights of a rule of _joined, on posts that were kept apart; the constant is yet to be set."""
    if reads.rule in _SET:
        return {**dict(zip(("wordings", "voice"), _SET[reads.rule], strict=True)), "constant": 0.0}
    apart = [case for line, holds in reads.posts()[0] if (case := reads.case(line, flagged=holds))]
    both = np.array([[case.wordings, case.voice] for case in apart])
    share, _ = logistic(both, np.array([case.flagged for case in apart], float), np.ones(len(apart)), _PULL, towards=_TOWARDS)
    share = np.maximum(share, 0.05)
    return {"wordings": round(float(share[0]), 2), "voice": round(float(share[1]), 2), "constant": 0.0}


def raise_first(reads: Reads, news: Sequence[str]) -> float:
    """How much is to be added to a rule's log odds, by what its detector makes of the posts; what that comes to is printed."""

    def sums(lines: Sequence[PostLine]) -> np.ndarray:
        return np.array([odds(reads.score(reading)) for line in lines if (reading := reads.reading(line))])

    parts = [[pair for pair in part if reads.reading(pair[0])] for part in reads.posts()]
    scores = [sums([line for line, _ in part]) for part in parts]
    flags = [[flagged for _, flagged in part] for part in parts]
    shift = _constant(np.concatenate(scores), np.array([*flags[0], *flags[1]], float), sums(reads.news(news)), reads.threshold)
    for name, score, flagged in zip(("kept apart", "development"), scores, flags, strict=True):
        _tell(f"{reads.rule}, {name}", score + shift, flagged, reads.threshold)
    return shift


def _constant(scores: np.ndarray, flagged: np.ndarray, clean: np.ndarray, threshold: float) -> float:
    """The best F1 with a precision of _PRECISION at least, where that can be had, and no more clean texts flagged than is borne.

    What scores nothing is never reached.
    """
    nothing = odds(0.0)
    found = np.unique(np.append(scores[scores > nothing], -nothing))
    cuts = (np.append(nothing, found[:-1]) + found) / 2
    cuts = np.array([max(cut, nothing + _MARGIN) for cut in cuts])
    hits, said = (np.array([part[scores >= cut].sum() for cut in cuts]) for part in (flagged, np.ones(len(flagged))))
    precise = hits >= _PRECISION * said
    f1 = 2 * hits / (said + flagged.sum())
    worth = np.where(precise, f1, -1.0) if (precise & (hits > 0)).any() else f1
    highest = float(np.quantile(clean, 1 - _MOST_ALARMS, method="higher"))
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
    fitted = {rule: weigh(Reads(policy, reader, rule)) for rule in CLASSES}
    for rule, numbers in fitted.items():
        _write(fitted, arguments.to)
        numbers["constant"] = round(raise_first(Reads(policy, reader, rule), news), 2)
    _write(fitted, arguments.to)
    for rule in _WITH_POINTS:
        file = arguments.to / f"{rule}_points.yaml"
        shift = raise_first(Reads(policy, reader, rule), news)
        text = file.read_text(encoding="utf-8")
        heard = float(_HEARD.search(text)[0]) + shift  # type: ignore[index]
        file.write_text(_HEARD.sub(f"{heard:.2f}", text, count=1), encoding="utf-8")


def _write(fitted: dict[str, dict[str, float]], folder: Path) -> None:
    """Into the file that the detectors read; what they have in mind of it is forgotten."""
    head = "# Written by training/fit_rules.py; what it means is said in detectors/_joined.py.\n"
    lines = (f"{rule}: {json.dumps(numbers).replace(chr(34), '')}\n" for rule, numbers in fitted.items())
    (folder / "rule_points.yaml").write_text(head + "".join(lines), encoding="utf-8")
    forget()


if __name__ == "__main__":
    main()
