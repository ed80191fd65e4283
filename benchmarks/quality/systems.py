"""The systems that are measured beside each other: Night Rounds, stock Presidio, and the spaCy peers.

Each reads a text or a composed post; a mark is (type, start, end) in code points of the text.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import spacy
import yaml
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import EmailRecognizer
from tldextract import TLDExtract

from core.policy import default_policy_path, load_policy
from core.records import Account, Finding, Post, Reading, Screened
from crawlers._archive.post_lines import PostLine, parse_line
from detectors._fold import fold
from detectors._reader import Reader, entities_of
from nightrounds.screener import Screener
from training.posts import LabelledPost

HERE = Path(__file__).resolve().parent
HANDLE = re.compile(r"@\w+")
NAMES = ("PERSON", "LOCATION", "ORGANIZATION")
_LINE_KEYS = ("id", "platform", "account", "text", "media", "in_reply_to", "links")
STOCK_LEAST = 0.35

Mark = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a post, and where it begins in the joined own words."""

    segment: str
    text: str = field(repr=False)
    start: int = 0


def line_of(text: str, kind: str) -> PostLine:
    """A text as a post of an account of this kind, as it would be handed over to `nightrounds screen`."""
    return _line({"id": "1", "account": {"kind": kind}, "text": text})


def line_of_post(post: LabelledPost) -> PostLine:
    return _line({key: post.raw[key] for key in _LINE_KEYS if key in post.raw})


def line_of_rule_post(post: LabelledPost) -> PostLine:
    """A post on another rule. One on disclaimers is a profile's bio, unless its account has a bio of its own."""
    data = {key: post.raw[key] for key in _LINE_KEYS if key in post.raw}
    if post.subject == "disclaimer" and "bio" not in data["account"]:
        data |= {"account": {**data["account"], "bio": post.raw["text"]}, "text": "."}
    return _line(data)


def _line(data: dict[str, Any]) -> PostLine:
    return parse_line(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))


def own_parts(line: PostLine) -> list[Part]:
    """The author's own texts, in the order in which labelled posts join them."""
    texts = [("text", line.post.text), *((f"media.{n}.alt_text", medium.alt_text) for n, medium in enumerate(line.post.media))]
    parts, at = [], 0
    for segment, text in texts:
        if text:
            parts.append(Part(segment, text, at))
            at += len(text) + 1
    return parts


class NightRounds:
    """Reads as `nightrounds entities` and judges as `nightrounds screen` does, under the default policy."""

    name = "Night Rounds"

    def __init__(self) -> None:
        policy = load_policy(default_policy_path())
        self._reader, self._screener = Reader(policy), Screener(policy)

    def reading(self, line: PostLine) -> Reading:
        return self._reader.read_post(*_account_and_post(line))

    def marks(self, line: PostLine) -> list[Mark]:
        """What `nightrounds entities` lists of the author's own words, in offsets of the joined words."""
        starts = {part.segment: part.start for part in own_parts(line)}
        found = [e for e in entities_of(self.reading(line)) if e["segment"] in starts]
        return [(str(e["type"]), int(e["start"]) + at, int(e["end"]) + at) for e in found for at in [starts[str(e["segment"])]]]

    def illness(self, text: str) -> float:
        """Probability that somebody is said to be ill; 0 where the language was not read."""
        return self.reading(line_of(text, "personnel")).classes.get("illness", 0.0)

    def screened(self, line: PostLine) -> Screened:
        return self._screener.screen_post(*_account_and_post(line))

    def screened_both(self, line: PostLine) -> Screened:
        """Post and profile together."""
        return self._screener.screen_both(*_account_and_post(line))


def _account_and_post(line: PostLine) -> tuple[Account, Post]:
    account = line.account()
    return account, replace(line.post, account_id=account.id, platform=account.platform)


def told_of(screened: Screened, rule: str) -> list[Finding]:
    """Findings of one rule, the surest first."""
    return sorted((one for one in screened.findings if one.rule == rule), key=lambda one: -one.score)


class StockPresidio:
    """AnalyzerEngine as it comes, with a blank spaCy pipeline: default recognizers without the one for URLs."""

    name = "stock Presidio"

    def __init__(self) -> None:
        logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL + 1)
        suffixes = TLDExtract(suffix_list_urls=(), cache_dir=None)  # its own asks the network at the first address
        EmailRecognizer.validate_result = lambda self, text: bool(suffixes(text).fqdn)
        engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
        engine.nlp = {"en": spacy.blank("en")}
        registry = RecognizerRegistry(supported_languages=["en"])
        registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
        registry.remove_recognizer("UrlRecognizer")
        self._analyzer = AnalyzerEngine(
            registry=registry, nlp_engine=engine, supported_languages=["en"], default_score_threshold=STOCK_LEAST
        )

    def marks(self, text: str) -> list[Mark]:
        return [(one.entity_type, one.start, one.end) for one in self._analyzer.analyze(text, "en")]

    def flags(self, text: str) -> bool:
        """A post with any entity at all: without a model it has no better judgement to offer."""
        return bool(self.marks(text))


class SpacyPeer:
    """The CNN that was trained on the same names; as a judge of posts, a person beside a health word."""

    name = "spaCy CNN"

    def __init__(self, names: Any, illness: Any) -> None:
        self._names, self._illness = names, illness

    def marks(self, text: str) -> list[Mark]:
        return [(one.label_, one.start_char, one.end_char) for one in self._names(text).ents]

    def illness(self, text: str) -> float:
        return float(self._illness(text).cats["ill"])

    def flags(self, text: str) -> bool:
        return self._health.search(fold(text).lower) is not None and any(kind == "PERSON" for kind, _, _ in self.marks(text))

    @cached_property
    def _health(self) -> re.Pattern[str]:
        words = yaml.safe_load((HERE / "health_words.yaml").read_text(encoding="utf-8"))
        stems = "|".join(re.escape(word) for language in words.values() for word in language.split())
        return re.compile(rf"\b(?:{stems})")


def of_kind(marks: Sequence[Mark], kind: str, text: str) -> list[tuple[int, int]]:
    """Ranges of one type of mark, without those that touch a handle."""
    handles = [match.span() for match in HANDLE.finditer(text)]
    return [(s, e) for tag, s, e in marks if tag == kind and not any(s < end and start < e for start, end in handles)]
