"""The arithmetic of the quality page on cases that were worked out by hand, and a look at each system and set."""

from __future__ import annotations

import math
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks.quality import fairness, metrics, sets, train_spacy
from benchmarks.quality.disclosures import near_misses
from benchmarks.quality.identifiers import _judged
from benchmarks.quality.page import table
from benchmarks.quality.robustness import spoiled_post
from benchmarks.quality.spoil import SPOILERS, spoiled
from benchmarks.quality.systems import HERE, NightRounds, StockPresidio, line_of, line_of_post, of_kind, own_parts
from training.posts import CORPUS, labelled

DATA = Path(__file__).parents[3] / "shared" / "data"
has_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public sets are not here")

TEXT = "Ana Ruiz, MRN 55-0142, left. Pray for Ana!"
POST = {
    "id": "q-1",
    "platform": "x",
    "account": {"kind": "personnel"},
    "lang": "en",
    "text": "Ana Ruiz coded twice. #SadNight",
    "media": [{"alt_text": ""}, {"alt_text": "Bed of Ana Ruiz"}],
    "spans": {"PERSON": ["Ana Ruiz"], "HEALTH": ["coded twice"]},
    "labels": ["patient", "health", "identifiable", "by_clinician"],
    "phi": "direct_identifier",
    "pair": "q-2",
    "reason": "named",
}


def test_exact_and_overlapping_hits() -> None:
    gold, marks = [(0, 8), (38, 41)], [(0, 3), (4, 8), (20, 25), (38, 41)]
    assert metrics.hits(gold, marks, exact=True) == (1, 2, 1, 4)
    assert metrics.hits(gold, marks, exact=False) == (2, 2, 3, 4)
    assert metrics.hits([(0, 3)], [(3, 5)], exact=False) == (0, 1, 0, 1), "side by side is no overlap"
    assert metrics.hits([], [], exact=True) == (0, 0, 0, 0)


def test_precision_recall_and_f() -> None:
    rows = [(1, 2, 1, 4), (2, 2, 2, 2)]  # recall 3/4, precision 3/6
    assert metrics.estimate(rows, metrics.recall).value == pytest.approx(0.75)
    assert metrics.estimate(rows, metrics.precision).value == pytest.approx(0.5)
    assert metrics.estimate(rows, metrics.f1).value == pytest.approx(0.6)
    assert metrics.estimate(rows, metrics.f2).value == pytest.approx(5 * 0.375 / (4 * 0.5 + 0.75))


def test_nothing_to_divide_by_is_no_figure_and_nothing_found_is_none_right() -> None:
    assert math.isnan(metrics.estimate([(0, 2, 0, 0)], metrics.precision).value)
    assert metrics.estimate([(0, 2, 0, 0)], metrics.f1).value == 0.0
    assert math.isnan(metrics.estimate([(0, 0, 0, 1)], metrics.f1).value)
    assert str(metrics.estimate([], metrics.recall)) == "–"


def test_an_interval_holds_the_value_and_narrows_with_more_posts() -> None:
    few, many = ([(int(n % 4 > 0), 1) for n in range(count)] for count in (40, 4_000))
    narrow, wide = (metrics.estimate(rows, metrics.recall) for rows in (many, few))
    assert narrow.low < 0.75 < narrow.high
    assert 0.75 - 2.5 * math.sqrt(0.75 * 0.25 / 40) < wide.low < 0.75 < wide.high
    assert narrow.high - narrow.low < (wide.high - wide.low) / 5
    assert metrics.estimate(few, metrics.recall) == wide, "the same draws every time"


def test_two_systems_are_compared_post_by_post() -> None:
    ours = [(1, 1, 1, 1)] * 30 + [(0, 1, 0, 0)] * 10
    theirs = [(1, 1, 1, 1)] * 20 + [(0, 1, 0, 0)] * 20
    apart = metrics.difference(ours, theirs, metrics.recall)
    assert apart.value == pytest.approx(0.25)
    assert 0 < apart.low < apart.high < 0.5
    assert metrics.difference(ours, ours, metrics.f1) == metrics.Estimate(0.0, 0.0, 0.0)


def test_average_precision() -> None:
    truth = [True, False, True, False]
    assert metrics.average_precision([0.9, 0.8, 0.7, 0.1], truth).value == pytest.approx((1 + 2 / 3) / 2)
    assert metrics.average_precision([0.5] * 4, truth).value == pytest.approx(0.5), "posts of one score come in together"
    assert metrics.average_precision([0.9, 0.1, 0.8, 0.2], truth).value == pytest.approx(1.0)


def test_a_value_is_covered_when_every_letter_and_figure_is() -> None:
    number = (14, 21)
    assert TEXT[slice(*number)] == "55-0142"
    assert metrics.covered(TEXT, number, [(14, 16), (17, 21)]), "the dash between may stay bare"
    assert not metrics.covered(TEXT, number, [(14, 20)])
    assert not metrics.covered(TEXT, number, [])


def test_leak_recall_perfect_and_clean_posts() -> None:
    spans = [("person", 0, 8), ("number", 14, 21), ("password", 30, 34)]
    post = _judged(TEXT, spans, [("PERSON", 0, 8), ("ORGANIZATION", 14, 21)], is_clean=False)
    assert (post.row(None), post.row("number"), post.row("password")) == ((2, 2), (1, 1), (0, 1))
    assert (post.is_clean, post.marks) == (False, 1), "an organization is no identifier"
    assert _judged(TEXT, [], [], is_clean=True).marks == 0


def test_a_post_is_judged_and_what_a_flag_is_worth() -> None:
    assert [metrics.judged(f, t) for f in (True, False) for t in (True, False)] == [
        (1, 1, 1, 1),
        (0, 0, 0, 1),
        (0, 1, 0, 0),
        (0, 0, 0, 0),
    ]
    found, alarms = metrics.Estimate(0.8, 0.7, 0.9), metrics.Estimate(0.002, 0.001, 0.004)
    worth = metrics.predictive_value(found, alarms, 0.01)
    assert worth.value == pytest.approx(0.008 / (0.008 + 0.00198))
    assert worth.low == pytest.approx(0.007 / (0.007 + 0.00396))
    assert metrics.predictive_value(found, metrics.Estimate(0.0, 0.0, 0.0), 0.001).value == 1.0
    near = metrics.mixed(metrics.Estimate(0.0, 0.0, 0.01), metrics.Estimate(0.4, 0.3, 0.5), 0.05)
    assert (near.value, near.low, near.high) == pytest.approx((0.02, 0.015, 0.0345))


def test_no_alarm_among_few_posts_is_no_proof() -> None:
    none = metrics.alarm_rate(0, 100)
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(3.8415 / 103.8415, abs=1e-4)  # Wilson: z² / (n + z²)
    assert metrics.alarm_rate(10, 100).low == pytest.approx(0.0552, abs=1e-4)


@pytest.mark.parametrize("kind", SPOILERS)
def test_spans_follow_a_spoiled_text(kind: str) -> None:
    text = "Saw #NursesWeek: María Lopez (MRN 5550142) today!"
    start, end = text.index("María"), text.index(" (")
    changed, places = spoiled(kind, text, [(start, end)])
    assert changed != text
    assert (changed, places) == spoiled(kind, text, [(start, end)]), "the same text becomes the same"
    assert len(places) == len(text) + 1
    assert places[-1] == len(changed)
    name = changed[places[start] : places[end]]
    bare = "".join(char for char in unicodedata.normalize("NFKC", name).lower() if char.isalnum())
    assert len(bare) == len("marialopez"), "no letter of the name is lost"


def test_what_each_spoiling_does() -> None:
    text = "Hi, #NursesWeek. Ana Ruiz 555-01 42!"
    name = [(text.index("Ana"), text.index(" 555"))]
    assert spoiled("small letters", text)[0] == "hi, #nursesweek. ana ruiz 555-01 42!"
    assert spoiled("no punctuation", text)[0] == "Hi #NursesWeek Ana Ruiz 555-01 42"
    assert spoiled("hashtags split", text)[0] == "Hi, # Nurses Week. Ana Ruiz 555-01 42!"
    assert spoiled("identifiers as hashtags", text, name)[0] == "Hi, #NursesWeek. #AnaRuiz 555-01 42!"
    assert spoiled("line break in identifiers", text, name)[0] == "Hi, #NursesWeek. Ana\nRuiz 555-\n01 42!"


def test_a_spoiled_post_keeps_its_parts_and_its_truth() -> None:
    post = labelled(POST)
    broken = spoiled_post(post, "line break in identifiers")
    assert broken.raw["text"].startswith("Ana\nRuiz")
    assert broken.raw["media"][1]["alt_text"] == "Bed of Ana\nRuiz"
    assert broken.phi == post.phi
    assert "".join(part.text + "\n" for part in own_parts(line_of_post(broken)))[:-1] == broken.own


def test_parts_lie_in_the_joined_words_where_they_say() -> None:
    post = labelled(POST)
    parts = own_parts(line_of_post(post))
    assert [part.segment for part in parts] == ["text", "media.1.alt_text"]
    assert all(post.own[part.start :].startswith(part.text) for part in parts)


def test_near_misses_are_the_clean_ones_of_a_pair() -> None:
    clean = {**POST, "phi": None, "labels": []}
    posts = [labelled(POST), labelled({**clean, "id": "q-2", "pair": None}), labelled({**clean, "id": "q-3", "pair": None})]
    assert near_misses(posts) == {"q-2"}


def test_marks_on_handles_are_left_out() -> None:
    text = "@ana_ruiz met Ana"
    assert of_kind([("PERSON", 1, 9), ("PERSON", 14, 17), ("LOCATION", 14, 17)], "PERSON", text) == [(14, 17)]


def test_both_systems_find_what_is_plain() -> None:
    text = "My patient Maria Gonzalez, social security number 536-22-8145, came back."
    for found in (NightRounds().marks(line_of(text, "personnel")), StockPresidio().marks(text)):
        assert metrics.covered(text, (50, 61), [(start, end) for _, start, end in found])


def test_draws_of_sentences_and_names_are_of_both() -> None:
    weights = fairness._weights(3, 2)
    assert weights.shape == (metrics.DRAWS, 6)
    assert np.all(weights.sum(1) == 6)


def test_origins_are_in_equal_share_and_no_name_stands_twice() -> None:
    data = yaml.safe_load((HERE / "origins.yaml").read_text(encoding="utf-8"))
    names = [name for of_it in data["origins"].values() for name in of_it]
    assert {len(of_it) for of_it in data["origins"].values()} == {12}
    assert (len(data["origins"]), len(data["frames"]), len(set(names))) == (19, 20, 228)
    assert all(frame.count("{name}") == 1 for frame in data["frames"])
    taught = "\n".join(file.read_text(encoding="utf-8") for file in CORPUS.rglob("*.jsonl")).lower()
    assert not [name for name in names if name.lower() in taught], "training has met them"


def test_a_table_is_markdown() -> None:
    assert table(("a", "b"), [["x", 1]]) == "| a | b |\n| --- | ---: |\n| x | 1 |"


@has_data
def test_the_sets_are_read_with_spans_where_they_lie() -> None:
    for file in sets.NAME_SETS.values():
        texts = list(sets.names(DATA, file))
        assert len(texts) > 500
        people = [one.text[start:end] for one in texts for tag, start, end in one.spans if tag == "PERSON"]
        assert len(people) > 100
        assert not any(name != name.strip() or name.startswith("@") for name in people)
    values = [one.text[start:end] for one in sets.identifiers(DATA) for _, start, end in one.spans]
    assert len(values) > 250


@has_data
def test_the_name_peer_learns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one_sentence = train_spacy.public_sets.SETS["tweebank"](DATA)
    few = [example for example in one_sentence if example.spans["names"]][:60]
    monkeypatch.setattr(train_spacy.public_sets, "SETS", dict.fromkeys(train_spacy.NAME_SETS, lambda _data: iter(few)))
    nlp = train_spacy.train_names(DATA, passes=12)
    rows = [
        metrics.hits(
            [span[1:] for span in one.spans["names"]], [(e.start_char, e.end_char) for e in nlp(one.text).ents], exact=False
        )
        for one in few
    ]
    assert metrics.estimate(rows, metrics.recall).value > 0.5
