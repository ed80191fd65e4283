"""The composed posts keep to the labelling guide, and what breaks it is refused with place and reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from training.check_corpus import main, near_duplicates, problems
from training.examples import of_post
from training.posts import CORPUS, LabelledPost, labelled, read_posts

POST: dict[str, Any] = {
    "id": "t-1",
    "platform": "x",
    "account": {"kind": "personnel"},
    "lang": "en",
    "text": "Ana ate a banana. Ana Ruiz, 34, coded twice.",
    "spans": {"PERSON": ["Ana Ruiz", "Ana"], "AGE": ["34"], "HEALTH": ["coded twice"]},
    "labels": ["patient", "health", "identifiable", "by_clinician"],
    "phi": "direct_identifier",
    "reason": "named, and health",
}


def test_the_whole_corpus_is_in_good_order(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0, capsys.readouterr().out


def test_there_is_enough_of_it_and_half_of_it_is_clean() -> None:
    composed = list(read_posts(CORPUS / "phi"))
    flagged = sum(post.phi is not None for post in composed)
    spanish = sum(post.lang == "es" for post in composed)
    assert len(composed) >= 1_500
    assert 0.3 < flagged / len(composed) < 0.6
    assert 0.12 < spanish / len(composed) < 0.35


def test_the_development_set_resembles_no_training_post() -> None:
    apart = {post.id for post in read_posts(CORPUS / "development")}
    alike = [pair for pair in near_duplicates(list(read_posts(CORPUS))) if len(apart.intersection(pair)) == 1]
    assert len(apart) >= 160
    assert not alike


def test_spans_are_whole_words_and_the_longest_first() -> None:
    post = labelled(POST)
    assert {(tag, post.own[start:end], start) for tag, start, end in post.spans} == {
        ("PERSON", "Ana Ruiz", 18),
        ("PERSON", "Ana", 0),
        ("AGE", "34", 28),
        ("HEALTH", "coded twice", 32),
    }
    assert "phi" in post.labels


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spans": {"PERSON": ["Anna"]}}, "does not stand in the text"),
        ({"spans": {"PERSON": ["nana"]}}, "does not stand in the text"),
        ({"spans": {"PERSON": [" Ana"]}}, "blank"),
        ({"spans": {"NAME": ["Ana"]}}, "unknown tag NAME"),
        ({"spans": {"AGE": ["34"], "HEALTH": ["34"]}}, "outside other spans of details"),
        ({"labels": ["patient", "health"]}, "flagged, yet not labelled"),
        ({"labels": [*POST["labels"], "consent"]}, "flagged, yet permitted"),
        ({"labels": ["patients"]}, "unknown labels"),
        ({"phi": "name"}, "phi is none of"),
        ({"account": {"kind": "staff"}}, "account.kind"),
        ({"text": " "}, "no words"),
        ({"reason": ""}, "no reason"),
        ({"note": ""}, "unknown keys"),
    ],
)
def test_a_wrong_label_is_refused_with_its_place(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text(json.dumps(POST) + "\n" + json.dumps(POST | {"id": "t-2"} | change) + "\n", encoding="utf-8")
    (line,) = problems([file])
    assert line.startswith("posts.jsonl:2: ")
    assert message in line


RULE: dict[str, Any] = {
    "id": "r-1",
    "platform": "x",
    "account": {"kind": "official"},
    "lang": "en",
    "text": "Polls close at nine. Stand by Renata Quiroga, who stood by our ER.",
    "labels": ["endorses"],
    "flag": "endorse",
    "reason": "asks to vote for a candidate",
}


def test_a_post_knows_the_labels_of_its_subject_and_that_it_is_of_no_other() -> None:
    known = of_post(labelled(RULE, "political")).classes
    assert {name for name, holds in known.items() if holds} == {"endorses"}
    assert {"opposes", "civic", "advocacy", "scam"} <= known.keys()
    assert not {"patient", "phi", "hate", "public"} & known.keys(), "nobody has judged these"
    also = of_post(labelled(RULE | {"judged": ["conduct"]}, "political")).classes
    assert also["hate"] is False
    ordinary = of_post(labelled(RULE | {"labels": ["civic"], "flag": None}, "ordinary")).classes
    assert (ordinary["civic"], ordinary["phi"], ordinary["protected"]) == (True, False, False)
    assert "patient" not in ordinary


@pytest.mark.parametrize(
    ("subject", "change", "message"),
    [
        ("political", {"labels": []}, "labelled none of"),
        ("political", {"labels": ["hate"]}, "unknown labels"),
        ("political", {"flag": "hate"}, "flag is none of"),
        ("political", {"spans": {}}, "unknown keys"),
        ("political", {"judged": ["patients"]}, "no subject"),
        ("political", {"platform": "myspace"}, "platform is none of"),
        ("ordinary", {}, "flag is none of"),
    ],
)
def test_a_wrong_judgement_on_another_rule_is_refused(
    tmp_path: Path, subject: str, change: dict[str, Any], message: str
) -> None:
    (tmp_path / subject).mkdir()
    file = tmp_path / subject / "posts.jsonl"
    file.write_text(json.dumps(RULE | change) + "\n", encoding="utf-8")
    (line,) = problems([file])
    assert line.startswith("posts.jsonl:1: ")
    assert message in line


def test_a_pair_that_only_one_names_is_told(tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    other = {"id": "t-2", "text": "Nobody coded today, and Ana Ruiz, 34, knows why.", "spans": {}, "phi": None}
    file.write_text(f"{json.dumps(POST | {'pair': 't-2'})}\n{json.dumps(POST | other)}", encoding="utf-8")
    assert list(problems([file])) == ["t-1: its pair t-2 does not name it"]


def test_a_file_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "posts.jsonl").write_bytes(b"\xff\xfe")
    (line,) = problems([tmp_path / "posts.jsonl"])
    assert "can't be read" in line


def test_near_duplicates_are_refused_unless_they_are_a_pair() -> None:
    def post(name: str, text: str, pair: str | None = None) -> LabelledPost:
        return labelled(POST | {"id": name, "text": text, "spans": {}, "pair": pair})

    one = post("t-1", "We closed the clinic early because the river came up to the third step again.")
    same = "We closed the clinic early because the river came up to the second step again."
    assert list(near_duplicates([one, post("t-2", same)])) == [("t-1", "t-2")]
    assert not list(near_duplicates([one, post("t-2", same, "t-1")]))
    assert not list(near_duplicates([one, post("t-2", "The river came up. We stayed open for everybody who could swim.")]))


def test_a_name_twice_and_a_pair_that_is_not_there_are_told(tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_text("\n".join([json.dumps(POST | {"pair": "t-9"})] * 2), encoding="utf-8")
    assert {line.split(":")[0] for line in problems([file])} == {"t-1", "t-1 and t-1 are too much alike"}
