"""One reading in, one result out: what fails, takes too long or does not apply."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.policy import Policy, default_policy_path, load_policy
from core.records import Account, Basis, Finding, FindingScope, Kind, Post, Profile, Reading, Span, account_id
from core.seams import Detector
from crawlers._archive.post_lines import parse_line
from detectors._encoder import EncoderInput, shipped_encoder
from detectors._gate import Gate
from detectors._reader import Reader
from nightrounds.deadline import TimeUp, deadline
from nightrounds.screener import Screener, detector_classes, detectors_without_rule, rules_without_detector

CANARY = "Zinnia Quillfeather"
POST = Post(platform="x", account_id="", native_id="1", text=f"News of {CANARY} from the clinic.")


def an_account(kind: Kind, bio: str = "") -> Account:
    line = parse_line(b'{"id": "1", "text": "t"}')
    return Account(
        id=account_id("x", "someone"),
        platform="x",
        handle="someone",
        kind=kind,
        basis=Basis.OWNED,
        basis_recorded_by="curator",
        basis_recorded_at=line.account().basis_recorded_at,
        profile=Profile(bio=bio),
    )


class Marks(Detector):
    """Finds the first word of every post, and the bio."""

    rule = "phi"
    categories = detector_classes()["phi"].categories

    def detect(self, reading: Reading) -> Iterable[Finding]:
        yield self.finding("direct_identifier", score=0.9, reason="a word", spans=[Span("text", 0, 4)])

    def detect_profile(self, reading: Reading) -> Iterable[Finding]:
        yield self.finding("direct_identifier", score=0.8, reason="a bio", scope=FindingScope.PROFILE)


class Breaks(Detector):
    """Fails half-way, with the post's text in its exception."""

    rule = "claims"
    categories = detector_classes()["claims"].categories

    def detect(self, reading: Reading) -> Iterable[Finding]:
        yield self.finding(next(iter(self.config.categories)), score=0.9, reason="never seen")
        raise RuntimeError(reading.by_name["text"])


class NeverEnds(Detector):
    """Swallows every Exception and goes on."""

    rule = "claims"
    categories = detector_classes()["claims"].categories

    def detect(self, reading: Reading) -> Iterable[Finding]:
        while True:
            try:
                time.sleep(0.001)
            except Exception:
                continue


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(default_policy_path())


def test_post_and_profile_are_screened_apart_or_together(policy: Policy) -> None:
    screener, account = Screener(policy, detectors={"phi": Marks}), an_account(Kind.OFFICIAL, "A bio.")
    assert [f.reason for f in screener.screen_post(account, POST).findings] == ["a word"]
    assert [f.reason for f in screener.screen_profile(account).findings] == ["a bio"]
    assert [f.reason for f in screener.screen_both(account, POST).findings] == ["a word", "a bio"]
    assert screener.screen_post(account, POST, rules=["political"]).findings == ()


def test_a_detector_that_fails_is_not_read_and_the_others_stand(policy: Policy, caplog: pytest.LogCaptureFixture) -> None:
    screener = Screener(policy, detectors={"claims": Breaks, "phi": Marks})
    screened = screener.screen_post(an_account(Kind.OFFICIAL), POST)
    assert [finding.rule for finding in screened.findings] == ["phi"]
    assert screened.not_read == "claims failed (RuntimeError)"
    assert CANARY not in caplog.text
    assert "RuntimeError" in caplog.text


def test_a_post_that_takes_too_long_is_not_read(policy: Policy) -> None:
    screener = Screener(policy, detectors={"phi": Marks, "claims": NeverEnds}, seconds=0.2)
    begun = time.monotonic()
    screened = screener.screen_post(an_account(Kind.OFFICIAL), POST)
    assert time.monotonic() - begun < 5
    assert screened.not_read == "time"
    assert [finding.rule for finding in screened.findings] == ["phi"]


def test_a_rule_never_runs_on_a_kind_that_it_does_not_apply_to(policy: Policy) -> None:
    classes = detector_classes()
    assert "political" in classes
    screener = Screener(policy)
    for kind in Kind:
        for scope in FindingScope:
            ran = screener.versions_for(kind, scope)
            assert all(kind in policy.rule(rule).kinds for rule in ran)
    assert "political" in screener.versions_for(Kind.OFFICIAL, FindingScope.POST)
    assert "political" not in screener.versions_for(Kind.PERSONNEL, FindingScope.POST)


def test_versions_name_only_detectors_that_read_the_scope(policy: Policy) -> None:
    screener = Screener(policy, detectors={"phi": Marks, "claims": Breaks})
    assert set(screener.versions_for(Kind.OFFICIAL, FindingScope.POST)) == {"phi", "claims"}
    (version,) = screener.versions_for(Kind.OFFICIAL, FindingScope.PROFILE).values()
    assert version.startswith(Marks(policy).version)


def test_a_new_reader_or_gate_means_that_history_is_read_again(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    screener = Screener(policy)
    before = screener.versions_for(Kind.PERSONNEL, FindingScope.POST)
    for part in (Reader, Gate):
        monkeypatch.setattr(part, "revision", "another")
        after = screener.versions_for(Kind.PERSONNEL, FindingScope.POST)
        assert before.keys() == after.keys()
        assert not set(before.values()) & set(after.values())
        before = after


def test_a_rule_that_the_policy_leaves_out_is_not_looked_for(policy: Policy) -> None:
    poorer = policy.model_copy(update={"rules": {name: rule for name, rule in policy.rules.items() if name != "disclaimer"}})
    assert detectors_without_rule(poorer) == ["affiliation", "disclaimer"]  # affiliation borrows its wordings
    assert not {"affiliation", "disclaimer"} & Screener(poorer).versions_for(Kind.PERSONNEL, FindingScope.POST).keys()
    assert detectors_without_rule(policy) == []


def test_what_no_gate_has_seen_is_shown_to_nobody(policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("the post's own words")

    screener = Screener(policy)
    monkeypatch.setattr(Gate, "screen", fail)
    screened = screener.screen_post(an_account(Kind.OFFICIAL), replace(POST, text="Patient MRN 4417702 was admitted"))
    assert screened.findings == ()
    assert screened.not_read == "gate failed (RuntimeError)"


def test_rules_without_detector_are_listed(policy: Policy) -> None:
    richer = policy.model_copy(update={"rules": {**policy.rules, "parking": policy.rule("phi")}})
    assert "parking" in rules_without_detector(richer)
    assert not set(rules_without_detector(richer)) & set(detector_classes())


def test_another_model_means_that_history_is_read_again(policy: Policy, tmp_path: Path) -> None:
    usual = Screener(policy).versions_for(Kind.PERSONNEL, FindingScope.POST)
    other = tmp_path / "nlp.yaml"
    other.write_text("nlp_engine_name: spacy\n")
    changed = Screener(policy, nlp_configuration=other).versions_for(Kind.PERSONNEL, FindingScope.POST)
    assert usual.keys() == changed.keys()
    assert not set(usual.values()) & set(changed.values())


def test_a_model_that_can_not_be_used_stops_everything_and_is_no_unread_post(policy: Policy, tmp_path: Path) -> None:
    screener = Screener(policy, detectors={}, nlp_configuration=tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        screener.screen_post(an_account(Kind.OFFICIAL), POST)


def test_an_alarm_interrupts_the_model_between_two_windows() -> None:
    inputs = [EncoderInput(" ".join(str(n * m) for n in range(9_000))) for m in range(1, 20)]
    begun = time.monotonic()
    with pytest.raises(TimeUp), deadline(0.3):
        shipped_encoder().read(inputs)
    assert time.monotonic() - begun < 5


def test_segments_of_are_the_texts_that_spans_lie_in(policy: Policy) -> None:
    screener, account = Screener(policy, detectors={}), an_account(Kind.OFFICIAL, "A bio.")
    assert screener.segments_of(account, POST)["text"] == POST.text
    assert dict(screener.segments_of(account, None)) == {"handle": "someone", "bio": "A bio."}


def test_an_outer_alarm_rings_after_an_inner_one_was_set_and_cleared() -> None:
    with pytest.raises(TimeUp), deadline(0.2):  # noqa: PT012 - the outer alarm must ring within
        with deadline(30):
            pass
        time.sleep(5)


def test_outside_the_main_thread_there_is_no_alarm() -> None:
    done = []

    def body() -> None:
        with deadline(0.01):
            time.sleep(0.05)
            done.append(True)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert done


def test_a_misspelt_category_is_an_error_and_no_silence() -> None:
    policy = load_policy(default_policy_path())
    conduct = policy.rule("conduct")
    misspelt = conduct.model_copy(update={"categories": {"harrasment": conduct.category("harassment")}})
    with pytest.raises(ConfigError, match=r"rules\.conduct\.categories: this rule finds no harrasment; expected some of discr"):
        Screener(policy.model_copy(update={"rules": {**policy.rules, "conduct": misspelt}}))


@pytest.mark.parametrize("rule", sorted(detector_classes()))
def test_a_category_that_the_policy_leaves_out_is_not_found(rule: str) -> None:
    policy = load_policy(default_policy_path())
    whole = policy.rule(rule)
    kept = dict([sorted(whole.categories.items())[0]])
    less = policy.model_copy(update={"rules": {**policy.rules, rule: whole.model_copy(update={"categories": kept})}})
    screener = Screener(less)
    texts = [
        "Vote for Kathy Hochul and against the Republicans!",
        "Our clinic cures cancer, guaranteed. Vaccines cause autism. We are the best hospital in the world.",
        "I will kill you, you worthless idiot. vpn password: Winter2024! CONFIDENTIAL, internal use only.",
        "My patient Ottoline Fairweather, MRN 4417702, died of sepsis last night.",
        "No copyright infringement intended, full article pasted below, remove the credit.",
    ]
    for kind in Kind:
        account = an_account(kind, bio="Nurse at Mount Sinai. Mount Sinai official support, send bank details for a job.")
        for text in texts:
            screened = screener.screen_both(account, replace(POST, text=text, account_id=account.id))
            assert screened.not_read is None
            assert {finding.category for finding in screened.findings if finding.rule == rule} <= kept.keys()
