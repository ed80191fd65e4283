"""The whole page, section by section."""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.quality import (
    alarms,
    disclosures,
    fairness,
    health,
    identifiers,
    identity,
    names,
    robustness,
    rules,
    sets,
    train_spacy,
)
from benchmarks.quality.bench import Bench
from benchmarks.quality.page import Section, table
from benchmarks.quality.systems import NightRounds, SpacyPeer, StockPresidio

MODEL = Path(__file__).resolve().parents[2] / "detectors" / "_data" / "model" / "model.json"
SECTIONS: tuple[Callable[[Bench], Section], ...] = (
    names.measured,
    identifiers.measured,
    health.measured,
    disclosures.measured,
    rules.measured,
    alarms.measured,
    robustness.measured,
    fairness.measured,
    identity.measured,
)
_QUICK_PASSES = 2

_HEAD = """# Quality

What Night Rounds can do, measured in one run beside two peers on the same posts. `[a, b]` is the 95 % interval of a bootstrap
by post (1,000 draws, one seed). Written by

    python -m benchmarks.quality --data ../shared/data --write docs/quality.md

| | |
| --- | --- |
{facts}

{brief}

Peers: **stock Presidio** (AnalyzerEngine, default recognizers without the URL one, threshold 0.35, blank spaCy pipeline) and a
**spaCy CNN** trained on the same public names as our model (`benchmarks/quality/train_spacy.py`; it has seen neither our
composed posts nor pretrained weights, and our model has both). Larger models may do better than either; none was at hand.

How far to trust it:

- The development posts were written for this project, not gathered from feeds. While Night Rounds was made, thresholds were
  judged by its figures on them, on the health news and on the everyday posts, and patterns of identifiers by its figures on
  pii_nano, so all four flatter it.
- The name sets' development parts and the tenth of the illness set were not trained on. No test part of a public set is read.
- Intervals tell of the draw of posts alone, not of who labelled them, nor of another hospital's posts.
- Speed is not measured here. Other processors round int8 differently, which can move a figure in the third place."""


def measure(data: Path, development: Path, peers: Path, *, quick: bool = False) -> str:
    """The page as Markdown. Progress goes to standard error."""
    begun = time.monotonic()
    tagger, classifier = train_spacy.trained(data, peers, passes=_QUICK_PASSES if quick else train_spacy.PASSES)
    bench = Bench(
        ours=NightRounds(),
        presidio=StockPresidio(),
        spacy=SpacyPeer(tagger, classifier),
        data=data,
        folder=development,
        development=sets.development(development),
        quick=quick,
    )
    parts = []
    for measured in SECTIONS:
        at = time.monotonic()
        parts.append(measured(bench))
        print(f"{measured.__module__.rpartition('.')[2]}: {time.monotonic() - at:.0f} s", file=sys.stderr, flush=True)
    brief = table(
        ("in short", "Night Rounds", "peer"),
        [line for part in parts for line in part.brief],
    )
    head = _HEAD.format(facts=_facts(time.monotonic() - begun, quick=quick), brief=brief)
    return "\n\n".join([head, *(part.markdown for part in parts)]) + "\n"


def _facts(seconds: float, *, quick: bool) -> str:
    model = json.loads(MODEL.read_text(encoding="utf-8"))
    lines = {
        "measured on": f"{datetime.now(UTC):%Y-%m-%d}" + (" (a quick look: a twelfth of the posts)" if quick else ""),
        "model": f"{model['name']} {model['version']} (encoder {model['sha256']['encoder.onnx'][:12]})",
        "machine": f"{platform.system()}, {platform.machine()}, Python {platform.python_version()}, one thread",
        "took": f"{seconds / 60:.0f} minutes",
    }
    return "\n".join(f"| {key} | {value} |" for key, value in lines.items())
