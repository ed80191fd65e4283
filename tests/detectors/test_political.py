from __future__ import annotations

import csv
import importlib.util
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import ConfigError
from core.policy import Policy, default_policy_path, load_policy
from core.records import Account, Basis, Finding, Kind, Media, Post, PostType, Profile, Reading, Reference, Segment
from detectors._candidates import Status, data_digest, load_gazetteer
from detectors._phrases import compile_phrases
from detectors.political import PoliticalDetector

HERE = Path(__file__).resolve()
DATA = HERE.parents[2] / "detectors" / "_data"
SHARED = HERE.parents[3] / "shared" / "data"
EXAMPLES = yaml.safe_load((HERE.parent / "examples" / "political.yaml").read_text(encoding="utf-8"))
UNSEEN = yaml.safe_load((HERE.parent / "examples" / "political_unseen.yaml").read_text(encoding="utf-8"))
CAMPAIGN = datetime(2024, 10, 15, tzinfo=UTC)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(default_policy_path())


@pytest.fixture(scope="module")
def detector(policy: Policy) -> PoliticalDetector:
    return PoliticalDetector(policy)


def account(kind: Kind = Kind.OFFICIAL, **profile: str) -> Account:
    return Account(
        id="a",
        platform="x",
        handle="h",
        kind=kind,
        basis=Basis.OWNED,
        basis_recorded_by="test",
        basis_recorded_at=CAMPAIGN,
        profile=Profile(**profile),
    )


def reading(
    text: str,
    *,
    kind: Kind = Kind.OFFICIAL,
    at: datetime | None = CAMPAIGN,
    links: tuple[str, ...] = (),
    quote_of: str = "",
    in_reply_to: str = "",
    **post: Any,
) -> Reading:
    whole = Post(
        platform="x",
        account_id="a",
        native_id="1",
        text=text,
        posted_at=at,
        links=links,
        quote_of=Reference(native_id="q", text=quote_of) if quote_of else None,
        in_reply_to=Reference(native_id="r", text=in_reply_to) if in_reply_to else None,
        **post,
    )
    parts = [("text", text), ("quote_of", quote_of), ("in_reply_to", in_reply_to)]
    parts += [(f"link.{n}", link) for n, link in enumerate(links)]
    parts += [(f"media.{n}.alt_text", m.alt_text) for n, m in enumerate(whole.media)]
    segments = tuple(Segment(name=name, text=words) for name, words in parts if words)
    return Reading(account=account(kind), post=whole, segments=segments, signals={})


def example_reading(example: dict[str, Any], kind: Kind = Kind.OFFICIAL) -> Reading:
    at = datetime.fromisoformat(example["posted_at"]).replace(tzinfo=UTC) if "posted_at" in example else CAMPAIGN
    others = {key: example.get(key, "") for key in ("quote_of", "in_reply_to")}
    return reading(example["text"], kind=kind, at=at, links=tuple(example.get("links", ())), **others)


def categories(detector: PoliticalDetector, *args: Any, **options: Any) -> list[str]:
    return [finding.category for finding in detector.detect(reading(*args, **options))]


@pytest.mark.parametrize("example", EXAMPLES["positives"], ids=lambda e: e["why"])
def test_speaking_for_or_against_a_candidate_is_found(detector: PoliticalDetector, example: dict[str, Any]) -> None:
    assert [f.category for f in detector.detect(example_reading(example))] == [example["category"]]


@pytest.mark.parametrize("example", EXAMPLES["near_misses"], ids=lambda e: e["why"])
def test_a_near_miss_is_left_alone(detector: PoliticalDetector, example: dict[str, Any]) -> None:
    assert list(detector.detect(example_reading(example))) == []


def test_unseen_posts_hold_the_measured_floor(detector: PoliticalDetector) -> None:
    found = [e for e in UNSEEN["positives"] if list(detector.detect(example_reading(e)))]
    false = [e for e in UNSEEN["near_misses"] if list(detector.detect(example_reading(e)))]
    assert len(found) >= 12
    assert false == []


def test_a_name_stands_for_office_only_in_a_text_that_speaks_of_an_election(detector: PoliticalDetector) -> None:
    assert categories(detector, "Join Team Quintero! We are knocking on doors on Saturday.") == ["endorse"]
    assert categories(detector, "Join Team Quintero! We are walking for the heart on Saturday.") == []


def test_an_appeal_takes_the_side_of_the_words_around_it(detector: PoliticalDetector) -> None:
    assert categories(detector, "Marisol Quintero for Mayor stood by us. Remember that on Tuesday.") == ["endorse"]
    assert categories(detector, "Candidate Marisol Quintero is a disaster for us. Remember that on Tuesday.") == ["oppose"]


def test_at_least_half_of_the_examples_say_neither_vote_nor_endorse() -> None:
    quiet = [e for e in EXAMPLES["positives"] if not any(w in e["text"].lower() for w in ("vot", "endors"))]
    assert len(EXAMPLES["positives"]) >= 50
    assert len(EXAMPLES["near_misses"]) >= 50
    assert 2 * len(quiet) >= len(EXAMPLES["positives"])


@pytest.mark.parametrize("kind", [Kind.PERSONNEL, Kind.UNOFFICIAL])
def test_nothing_is_inferred_of_a_persons_politics_whatever_the_policy_says(policy: Policy, kind: Kind) -> None:
    rule = policy.rule("political").model_copy(update={"kinds": tuple(Kind)})
    detector = PoliticalDetector(policy.model_copy(update={"rules": {**policy.rules, "political": rule}}))
    profile = Reading(account=account(kind), post=None, segments=(Segment(name="bio", text="Vote Trump 2024"),), signals={})
    assert detector.applies_to(account(Kind.OFFICIAL))
    assert not detector.applies_to(account(kind))
    assert [f for e in EXAMPLES["positives"] for f in detector.detect(example_reading(e, kind))] == []
    assert list(detector.detect_profile(profile)) == []


def test_a_policy_can_switch_the_rule_off_for_official_accounts_too(policy: Policy) -> None:
    rule = policy.rule("political").model_copy(update={"kinds": (Kind.PERSONNEL,)})
    detector = PoliticalDetector(policy.model_copy(update={"rules": {**policy.rules, "political": rule}}))
    assert categories(detector, "Vote for Kamala Harris.") == []


def test_a_holder_of_office_is_not_forever_a_candidate(detector: PoliticalDetector) -> None:
    text = "We're proud to stand with Kamala Harris."
    assert categories(detector, text) == ["endorse"]
    assert categories(detector, text, at=datetime(2026, 5, 1, tzinfo=UTC)) == []
    assert categories(detector, text, at=None) == ["endorse"], "a post without a date is read as if in the campaign"


def test_the_day_of_the_post_decides_who_is_a_candidate() -> None:
    def status(day: date) -> Status:
        return next(load_gazetteer().mentions("Joe Biden", day)).status

    assert status(date(2020, 10, 1)) is Status.CANDIDATE
    assert status(date(2022, 5, 1)) is Status.OFFICIAL
    assert status(date(2026, 5, 1)) is Status.NEITHER


def test_spans_are_of_the_text_as_it_was_given(detector: PoliticalDetector) -> None:
    text = "🏥🏥 Please v\u200bоte for Kаmala Harris on Tuesday"  # a zero-width space and two Cyrillic letters
    (finding,) = detector.detect(reading(text))
    assert any(text[s.start : s.end] == "v\u200bоte for Kаmala Harris" for s in finding.spans)


def test_the_reason_names_kinds_of_evidence_and_no_words(detector: PoliticalDetector) -> None:
    (finding,) = detector.detect(reading("#VoteHarris2024 and chip in $25 to Kamala Harris for President"))
    assert "a candidate is named" in finding.reason
    assert "as a hashtag" in finding.reason
    assert not any(word in finding.reason.lower() for word in ("harris", "kamala", "2024", "$25"))


def test_a_link_that_takes_money_for_campaigns_is_enough(detector: PoliticalDetector) -> None:
    (finding,) = detector.detect(reading("Read more:", links=("https://secure.actblue.com/donate/x",)))
    assert [span.segment for span in finding.spans] == ["link.0"]
    assert (
        categories(detector, "Read more:", links=("https://actblue.com.example.org/", "https://[broken", "https://vote.gov"))
        == []
    )


def test_a_campaigns_picture_speaks_through_its_alt_text(detector: PoliticalDetector) -> None:
    media = (Media(kind="image", native_key="k", alt_text="A yard sign: Solheim for Governor"),)
    assert categories(detector, "Look at this", media=media) == ["endorse"]


def test_a_bare_repost_spreads_its_message(detector: PoliticalDetector) -> None:
    other = Reference(native_id="o", text="Vote for Kamala Harris on Tuesday!")
    assert categories(detector, "", type=PostType.REPOST, repost_of=other) == ["endorse"]


def test_a_bio_is_read_once_as_a_profile(detector: PoliticalDetector) -> None:
    bio = Segment(name="bio", text="Community hospital. #VoteBlue2024")
    profile = Reading(account=account(), post=None, segments=(bio,), signals={})
    assert [(f.category, f.scope.value) for f in detector.detect_profile(profile)] == [("endorse", "profile")]
    post = reading("Flu shots today")
    with_bio = Reading(account=account(), post=post.post, segments=(*post.segments, bio), signals={})
    assert list(detector.detect(with_bio)) == []


@pytest.mark.parametrize("change", [str.lower, str.upper, lambda t: t.replace("o", "о").replace("e", "е")])
def test_most_is_still_found_in_disguise(detector: PoliticalDetector, change: Any) -> None:
    found = [f for e in EXAMPLES["positives"] for f in detector.detect(example_reading({**e, "text": change(e["text"])}))]
    assert len(found) >= 0.65 * len(EXAMPLES["positives"])


@pytest.mark.parametrize(
    "text",
    [
        "never trump vote for trump " * 8_000,
        "a.b." * 50_000,
        "A" * 200_000,
        "#VoteTrump" * 20_000,
        "Jane Roe-" * 20_000,
        "Mayor Roe " * 20_000,
    ],
    ids=["phrases", "hosts", "capitals", "hashtags", "names", "titles"],
)
def test_hostile_text_takes_linear_time(detector: PoliticalDetector, text: str) -> None:
    started = time.perf_counter()
    list(detector.detect(reading(text)))
    assert time.perf_counter() - started < 3


@pytest.mark.parametrize("pump", ["xn--", "a-a-", "a'", "A-A-", "for a-a-"])
def test_time_grows_with_the_text_and_not_faster(detector: PoliticalDetector, pump: str) -> None:
    def seconds(length: int) -> float:
        text = reading((pump * length)[:length])
        best = 9.9
        for _ in range(2):
            started = time.process_time()
            list(detector.detect(text))
            best = min(best, time.process_time() - started)
        return best

    assert seconds(32_768) < 8 * seconds(8_192)


def test_words_around_a_candidate_come_with_the_candidate(detector: PoliticalDetector) -> None:
    text = "Kamala Harris is on stage tonight, and we are thrilled. Our team is excited."
    (finding,) = detector.detect(reading(text))
    assert "Kamala Harris" in {text[s.start : s.end] for s in finding.spans}


@pytest.mark.parametrize("at", [None, datetime(2022, 1, 10, tzinfo=UTC), CAMPAIGN])
def test_a_dead_president_with_a_listed_namesake_is_no_candidate(detector: PoliticalDetector, at: datetime | None) -> None:
    text = "George Washington may have died of epiglottitis in 1799. Our ENT team looks back at a famous case."
    assert categories(detector, text, at=at) == []


def test_a_post_without_a_date_makes_no_candidate_of_who_is_only_listed() -> None:
    def status(name: str) -> Status:
        return next(load_gazetteer().mentions(name, None)).status

    assert status("Kamala Harris") is Status.CANDIDATE
    assert status("George Washington") is Status.NEITHER


def test_a_newer_list_of_candidates_reads_history_again(detector: PoliticalDetector, policy: Policy) -> None:
    (finding,) = detector.detect(reading("Vote for Kamala Harris."))
    assert finding.detector_version == detector.version
    assert policy.rule_digest("political") in detector.version
    assert data_digest() in detector.version


def test_the_gazetteer_is_small_sorted_and_of_sources_that_may_be_shipped() -> None:
    file = DATA / "candidates.tsv"
    rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()[1:], delimiter="\t", quoting=csv.QUOTE_NONE))
    assert file.stat().st_size < 1_500_000
    assert {source for row in rows for source in row[3].split(",")} == {"congress", "states", "538"}
    assert len(rows) > 10_000


@pytest.mark.skipif(not (SHARED / "gaz_us_congress").is_dir(), reason="the source data are not here")
def test_the_build_script_makes_the_shipped_file_again(tmp_path: Path) -> None:
    script = HERE.parents[2] / "training" / "gazetteers" / "build_candidates.py"
    spec = importlib.util.spec_from_file_location("build_candidates", script)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    module.main(SHARED, tmp_path / "candidates.tsv")
    assert (tmp_path / "candidates.tsv").read_bytes() == (DATA / "candidates.tsv").read_bytes()


def test_a_phrase_with_an_unknown_slot_says_which_are_known() -> None:
    with pytest.raises(ConfigError, match=r"\{whom\}: expected \{number\} or \{who\}"):
        compile_phrases(["vote for {whom}"], {"who": "x"})
    with pytest.raises(ConfigError, match="expected letters"):
        compile_phrases(["vote a//b"])


@pytest.mark.parametrize("phrase", ["(a)", "(our) (pick)", "... (a)", "{us", "((((a", "vote (a", "a) vote", "us}", "(vote)s"])
def test_a_phrase_that_says_nothing_or_is_misspelt_is_refused_by_name(phrase: str) -> None:
    with pytest.raises(ConfigError) as refused:
        compile_phrases([phrase])
    assert repr(phrase) in str(refused.value)


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("support*", "we supported it", True),
        ("support*", "unsupported", False),
        ("elect/re_elect him", "Re-elect him".lower(), True),
        ("(our) pick", "the pick", True),
        ("vote ... out", "vote them all out", True),
        ("vote ... out", "vote today. get out", False),
        ("{number} patients", "twelve patients", False),
        ("{number} patients", "12 patients", True),
        ("campaña", "campana", True),
    ],
)
def test_phrases_read_as_they_are_documented(phrase: str, text: str, found: bool) -> None:
    pattern = compile_phrases([phrase])
    assert pattern is not None
    assert bool(pattern.search(text)) is found


def test_no_phrases_make_no_pattern() -> None:
    assert compile_phrases([]) is None


def test_findings_are_filled_in_from_the_policy(detector: PoliticalDetector) -> None:
    (finding,) = detector.detect(reading("Vote for Kamala Harris."))
    assert isinstance(finding, Finding)
    assert (finding.rule, finding.clause, finding.severity.value, finding.sealed) == ("political", "7", "high", False)
