"""How fast identifiers are found, against stock Presidio in the same run, and whether any that stock finds is missed.

    python benchmarks/screening.py [POSTS]

CPU time of one process, rounds interleaved, medians. Both sides run the same pattern recognizers (no UrlRecognizer) on the same
invented posts. Stock is measured twice: with its eight telephone regions, and with the one that we use.
"""

from __future__ import annotations

import random
import statistics
import string
import sys
import time
from collections.abc import Callable, Sequence

from presidio_analyzer import AnalyzerEngine, RecognizerRegistry, predefined_recognizers
from presidio_analyzer.nlp_engine import NoOpNlpEngine
from presidio_analyzer.predefined_recognizers import EmailRecognizer, PhoneRecognizer
from tldextract import TLDExtract

from detectors._fold import fold
from detectors._identifiers import FLOOR, Identifiers
from detectors._identifiers_hipaa import hipaa_shapes
from detectors._identifiers_presidio import PHONE_REGION, RECOGNIZERS, presidio_shapes
from detectors._names import name_shapes

ROUNDS = 5
_OPENINGS = (
    "So proud of our cardiology team after a long week on the fourth floor.",
    "Night shift again, coffee is the only thing between me and the elevator.",
    "Join us for grand rounds next week and bring a colleague along.",
    "New research from our lab shows how sleep changes the immune system.",
    "La clínica móvil estará en el barrio este fin de semana, los esperamos.",
    "If you have a question about your insulin, your care team is here to help.",
)
_MIDDLES = (
    "Thank you Dr. {name} for the lecture!",
    "@{handle} you should see this.",
    "#NursesWeek #medtwitter",
    "What a day 😅",
    "",
)
_NAMES = ("Whitaker", "Okafor", "Haddad", "Nandakumar", "Beltre", "Osgood")


def invented_posts(count: int, seed: int = 11) -> list[str]:
    """Ordinary posts of about 200 characters: half with a link, an eighth with an identifier."""
    rng = random.Random(seed)
    posts = []
    for _ in range(count):
        middle = rng.choice(_MIDDLES).format(name=rng.choice(_NAMES), handle="".join(rng.choices(string.ascii_lowercase, k=8)))
        parts = [rng.choice(_OPENINGS), middle, rng.choice(_OPENINGS)]
        if rng.random() < 0.5:
            parts.append("https://example.org/" + "".join(rng.choices(string.ascii_lowercase, k=10)))
        if rng.random() < 0.125:
            parts.insert(rng.randrange(len(parts)), _identifier(rng))
        posts.append(" ".join(filter(None, parts)))
    return posts


def _identifier(rng: random.Random) -> str:
    digits = "".join(rng.choices(string.digits, k=12))
    return rng.choice(
        (
            f"SSN {rng.randint(101, 665)}-{rng.randint(11, 99)}-{rng.randint(1000, 9999)}",
            f"call {rng.randint(212, 989)}-{rng.randint(200, 999)}-{rng.randint(1000, 9999)}",
            f"{rng.choice(_NAMES).lower()}{digits[:3]}@example.org",
            f"DOB {rng.randint(1, 12)}/{rng.randint(1, 28)}/{rng.randint(1920, 2010)}",
            "4111 1111 1111 1111",
            f"10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
            f"claim number: {digits[:9]}",
            f"Rx# {digits[:8]}",
        )
    )


def stock_presidio(**phone: object) -> AnalyzerEngine:
    recognizers = [getattr(predefined_recognizers, name)() for name in RECOGNIZERS]
    recognizers.append(PhoneRecognizer(**phone))
    registry = RecognizerRegistry(recognizers=recognizers, supported_languages=["en"])
    return AnalyzerEngine(registry=registry, nlp_engine=NoOpNlpEngine([{"lang_code": "en", "model_name": ""}]))


def cpu_seconds(read: Callable[[str], object], posts: Sequence[str]) -> float:
    begun = time.process_time()
    for post in posts:
        read(post)
    return time.process_time() - begun


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_500
    posts = invented_posts(count)
    suffixes = TLDExtract(suffix_list_urls=(), cache_dir=None)  # stock's own asks the network at the first address
    EmailRecognizer.validate_result = lambda self, text: bool(suffixes(text).fqdn)
    stock, stock_us = stock_presidio(), stock_presidio(supported_regions=(PHONE_REGION,))
    same, whole = Identifiers(presidio_shapes()), Identifiers([*presidio_shapes(), *hipaa_shapes(), *name_shapes()])
    readers: dict[str, Callable[[str], object]] = {
        "stock, 8 telephone regions": lambda text: stock.analyze(text, "en", score_threshold=FLOOR),
        "stock, 1 telephone region": lambda text: stock_us.analyze(text, "en", score_threshold=FLOOR),
        "ours, the same recognizers": lambda text: same.find(fold(text)),
        "ours, with names and the rest": lambda text: whole.find(fold(text)),
    }
    taken: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(ROUNDS):
        for name, read in readers.items():
            taken[name].append(cpu_seconds(read, posts))
    peer = statistics.median(taken["stock, 8 telephone regions"])
    for name, seconds in taken.items():
        middle = statistics.median(seconds)
        print(f"{name:32} {count / middle:9,.0f} posts/s {peer / middle:6.1f}x")
    print(f"structured identifiers that stock finds: {_compared(stock_us, same, posts)}")


def _compared(stock: AnalyzerEngine, ours: Identifiers, posts: Sequence[str]) -> str:
    hits = missed = 0
    for post in posts:
        folded = fold(post)
        found = {(f.type, *folded.original_span(f.start, f.end)) for f in ours.find(folded)[0]}
        for hit in stock.analyze(post, "en", score_threshold=FLOOR):
            hits += 1
            missed += not any(k == hit.entity_type and s <= hit.start and hit.end <= e for k, s, e in found)
    return f"{hits}, missed by ours: {missed}"


if __name__ == "__main__":
    main()
