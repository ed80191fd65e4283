"""How fast screening is, against stock Presidio and the bare language model in the same run, and whether anything is missed.

    python benchmarks/screening.py [--posts 10000] [--bars] [--part identifiers] [--part ...]

CPU time of one process (`process_time`), rounds interleaved, medians of five. Stock is the same Presidio recognizers on a blank
spaCy pipeline, without UrlRecognizer, at our threshold, with its eight telephone regions and with the one that we use. A table
says what was measured and what the bar is; with --bars the exit status is 1 where a bar is not held. docs/operate.md explains.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

import spacy
from _posts import dense, mutated, ordinary
from _rules import rule_rows
from _table import Row, print_table
from _whole import whole_rows
from _workers import adversarial_rows, cold_rows, two_process_row
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry, predefined_recognizers
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from presidio_analyzer.predefined_recognizers import EmailRecognizer, PhoneRecognizer
from tldextract import TLDExtract

from detectors._fold import fold
from detectors._identifiers import FLOOR, Identifiers
from detectors._identifiers_hipaa import hipaa_shapes
from detectors._identifiers_presidio import PHONE_REGION, RECOGNIZERS, presidio_shapes
from detectors._names import name_shapes

ROUNDS = 5
PARTS = ("identifiers", "missed", "adversarial", "cold", "workers", "whole", "rules")
_STOCK_SHARE = 5  # stock reads every fifth post of the timed ones: its rate does not depend on their number


def stock_presidio(**phone: object) -> AnalyzerEngine:
    """Presidio as it comes, with the recognizers that are taken over, on a pipeline that only splits words."""
    suffixes = TLDExtract(suffix_list_urls=(), cache_dir=None)  # its own asks the network at the first address
    EmailRecognizer.validate_result = lambda self, text: bool(suffixes(text).fqdn)
    recognizers = [getattr(predefined_recognizers, name)() for name in RECOGNIZERS]
    recognizers.append(PhoneRecognizer(**phone))
    registry = RecognizerRegistry(recognizers=recognizers, supported_languages=["en"])
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": spacy.blank("en")}
    return AnalyzerEngine(registry=registry, nlp_engine=engine)


def ours() -> Identifiers:
    return Identifiers([*presidio_shapes(), *hipaa_shapes(), *name_shapes()])


def _seconds_each(read: Callable[[str], object], posts: Sequence[str]) -> float:
    begun = time.process_time()
    for post in posts:
        read(post)
    return (time.process_time() - begun) / len(posts)


def _speed_rows(name: str, posts: Sequence[str], engine: Identifiers, bar: float) -> list[Row]:
    stock, stock_us = stock_presidio(), stock_presidio(supported_regions=(PHONE_REGION,))
    fewer = posts[::_STOCK_SHARE]
    taken: dict[str, list[float]] = {"8": [], "1": [], "ours": []}
    for _ in range(ROUNDS):
        taken["8"].append(_seconds_each(lambda text: stock.analyze(text, "en", score_threshold=FLOOR), fewer))
        taken["ours"].append(_seconds_each(lambda text: engine.find(fold(text)), posts))
        taken["1"].append(_seconds_each(lambda text: stock_us.analyze(text, "en", score_threshold=FLOOR), fewer))
    middle = {side: statistics.median(seconds) for side, seconds in taken.items()}
    of_eight, of_one = middle["8"] / middle["ours"], middle["1"] / middle["ours"]
    return [
        Row(f"{name}: ours, names and all of HIPAA's", f"{1 / middle['ours']:,.0f} posts/s"),
        Row(f"{name}: stock, 8 telephone regions", f"{1 / middle['8']:,.0f} posts/s"),
        Row(f"{name}: stock, 1 telephone region", f"{1 / middle['1']:,.0f} posts/s"),
        Row(f"{name}: times stock with 8 regions", f"{of_eight:.1f}x", f">= {bar:g}x", of_eight >= bar),
        Row(f"{name}: times stock with 1 region", f"{of_one:.1f}x"),
    ]


def _missed_row(name: str, posts: Sequence[str], engine: Identifiers) -> Row:
    """Whether each find of stock lies within finds of ours of its type, told by type where not.

    What stock finds in figures beside a character that folding takes away is compared as well: ours are found in both readings.
    """
    stock = stock_presidio(supported_regions=(PHONE_REGION,))
    hits, missed = 0, Counter[str]()
    for post in posts:
        found = found_in(engine, post)
        for hit in stock.analyze(post, "en", score_threshold=FLOOR):
            hits += 1
            if not any(k == hit.entity_type and s <= hit.start and hit.end <= e for k, s, e in found):
                missed[hit.entity_type] += 1
    told = ", ".join(f"{kind} {count}" for kind, count in missed.most_common()) or "none"
    return Row(f"{name}: missed of {hits:,} that stock finds", told, "none", not missed)


def found_in(engine: Identifiers, text: str) -> set[tuple[str, int, int]]:
    """As the reader reads a window: folded, and once more as given where folding took characters away."""
    folded = fold(text)
    found = {(f.type, *folded.original_span(f.start, f.end)) for f in engine.find(folded)[0]}
    if folded.dropped:
        apart = type(folded)(text, text)
        found |= {(f.type, f.start, f.end) for f in engine.find(apart)[0]}
    return found


def measured(parts: Sequence[str], count: int) -> list[Row]:
    engine = ours()
    rows: list[Row] = []
    plain, full = list(ordinary(count)), list(dense(max(count // 5, 100)))
    if "identifiers" in parts:
        rows += _speed_rows("ordinary posts", plain, engine, 20.0)
        rows += _speed_rows("dense texts", full, engine, 2.0)
    if "missed" in parts:
        rows.append(_missed_row("ordinary posts", plain, engine))
        rows.append(_missed_row("dense texts", full, engine))
        rows.append(_missed_row("mutated posts", list(mutated(2 * count)), engine))
    if "adversarial" in parts:
        rows += adversarial_rows(engine)
    if "cold" in parts:
        rows += cold_rows()
    if "workers" in parts:
        rows.append(two_process_row(plain))
    if "whole" in parts:
        rows += whole_rows(count)
    if "rules" in parts:
        rows += rule_rows(count)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--posts", type=int, default=10_000, help="ordinary posts; a fifth as many dense, twice as many mutated"
    )
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; may be given more than once")
    parser.add_argument("--bars", action="store_true", help="exit with 1 where a bar is not held")
    asked = parser.parse_args()
    rows = measured(asked.part or PARTS, asked.posts)
    print_table(rows)
    return int(asked.bars and not all(row.held for row in rows))


if __name__ == "__main__":
    sys.exit(main())
