"""The measurement of the other rules: what counts as found, and the simple peers."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.quality import rule_sets, sets
from benchmarks.quality.rule_peers import Letters, wanted, word_list
from benchmarks.quality.rules import RULES
from benchmarks.quality.systems import line_of_rule_post
from training.posts import CORPUS, labelled

BIO = {
    "id": "b-1",
    "platform": "x",
    "account": {"kind": "personnel"},
    "lang": "en",
    "text": "Nurse at Mount Sinai.",
    "labels": ["affiliated"],
    "flag": "missing",
    "reason": "no disclaimer",
}


def test_every_rule_is_measured_on_posts_of_both_kinds() -> None:
    for rule in RULES:
        posts = sets.of_rule(CORPUS / "development", rule)
        found = sum(map(wanted, posts))
        assert min(found, len(posts) - found) >= 20, rule


def test_a_post_on_disclaimers_is_a_profile_unless_it_has_one() -> None:
    line = line_of_rule_post(labelled(BIO, "disclaimer"))
    assert line.account().profile.bio == BIO["text"]
    post = {**BIO, "account": {"kind": "personnel", "bio": "cats"}, "labels": ["promotes"], "flag": "undisclosed"}
    line = line_of_rule_post(labelled(post, "disclaimer"))
    assert (line.account().profile.bio, line.post.text) == ("cats", BIO["text"])


def test_protected_talk_is_found_by_its_label() -> None:
    post = {**BIO, "labels": ["protected"], "flag": None}
    assert wanted(labelled(post, "protected"))
    assert not wanted(labelled({**post, "labels": []}, "protected"))


def test_a_word_list_finds_the_beginnings_of_words() -> None:
    words = word_list("political")
    assert words.search("two candidates spoke")
    assert words.search("the misfits") is None


def test_the_linear_model_learns_what_tells_two_kinds_apart() -> None:
    texts = [f"{word} number {n}" for n in range(30) for word in ("ballot", "garden")]
    model = Letters(texts, [text.startswith("ballot") for text in texts])
    assert model.flags("another ballot")
    assert not model.flags("another garden")


def test_public_sets_are_read_with_their_truth(tmp_path: Path) -> None:
    (tmp_path / "propublica_seeds").mkdir()
    (tmp_path / "propublica_seeds" / "seeds_dev.csv").write_text(
        'label,text\npolitical,"Vote, now"\nnot_political,Shoes\n', "utf-8"
    )
    assert rule_sets.read("ProPublica's advertisements", tmp_path, quick=False) == [("Vote, now", True), ("Shoes", False)]


@pytest.mark.parametrize("name", rule_sets.SETS)
def test_the_sets_at_hand_hold_what_they_should(name: str) -> None:
    data = CORPUS.parents[2] / "shared" / "data"
    if not data.exists():
        pytest.skip("the public sets are not here")
    posts = rule_sets.read(name, data, quick=True)
    assert len(posts) > 50
    assert any(truth for _, truth in posts)
