"""Brand misuse: the examples and near misses, another institution's policy, spans, kinds, and hostile input."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.policy import OwnPicture, Policy, default_policy_path, load_policy
from core.records import (
    Account,
    Basis,
    Finding,
    FindingScope,
    Kind,
    Media,
    Post,
    Profile,
    Reading,
    Reference,
    Segment,
    Severity,
)
from detectors._reader import Reader
from detectors.brand import BrandMisuseDetector

HERE = Path(__file__).resolve().parent
EXAMPLES = yaml.safe_load((HERE / "examples" / "brand.yaml").read_text(encoding="utf-8"))
CASES = [(where, case) for where, cases in EXAMPLES.items() for case in cases]


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(default_policy_path())


@pytest.fixture(scope="module")
def detector(policy: Policy) -> BrandMisuseDetector:
    return BrandMisuseDetector(policy)


@pytest.fixture(scope="module")
def riverbend() -> BrandMisuseDetector:
    return BrandMisuseDetector(load_policy(HERE.parent / "data" / "policies" / "riverbend.yaml"))


def account(**given: Any) -> Account:
    return Account(
        id="1",
        platform=given.get("platform", "x"),
        handle=given.get("handle", "user48213"),
        kind=Kind(given.get("kind", "unofficial")),
        basis=Basis.PUBLIC_CLAIM,
        basis_recorded_by="the test",
        basis_recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
        profile=Profile(
            display_name=given.get("display_name", ""),
            bio=given.get("bio", ""),
            links=tuple(given.get("profile_links", ())),
        ),
    )


def found(detector: BrandMisuseDetector, **given: Any) -> list[Finding]:
    """What the detector finds in a post, or in the profile where there is no text."""
    who = account(**given)
    reader = Reader(detector.policy)
    if "text" not in given:
        return list(detector.detect_profile(reader.read_profile(who)))
    media = tuple(Media(kind="image", native_key=str(n), alt_text=alt) for n, alt in enumerate(given.get("alt_texts", ())))
    post = Post(
        platform="x",
        account_id="1",
        native_id="1",
        text=given["text"],
        links=tuple(given.get("links", ())),
        media=media,
    )
    return list(detector.detect(reader.read_post(who, post)))


@pytest.mark.parametrize(("where", "case"), CASES, ids=[f"{where}: {case['why']}" for where, case in CASES])
def test_examples(detector: BrandMisuseDetector, where: str, case: dict[str, Any]) -> None:
    assert {"why", "expect"} < set(case) <= {"why", "expect", "kind", "handle", "display_name", "bio", "text", "links"}
    assert ("text" in case) == (where == "post")
    assert sorted({finding.category for finding in found(detector, **case)}) == sorted(case["expect"])


def test_there_are_as_many_near_misses_as_examples() -> None:
    misuse = sum(bool(case["expect"]) for _, case in CASES)
    assert misuse >= 30
    assert len(CASES) - misuse >= 30


def test_spans_count_code_points_of_the_given_text(detector: BrandMisuseDetector) -> None:
    text = "🌙🌙 Our gummies are recommended by Ｍount Sinai nurses: mountsinai-jobs.example 🌙"
    by_category = {f.category: f for f in found(detector, text=text)}
    (claim,) = by_category["endorsement_claim"].spans
    assert text[claim.start : claim.end] == "recommended by Ｍount Sinai"
    (address,) = by_category["lookalike_domain"].spans
    assert text[address.start : address.end] == "mountsinai-jobs.example"


def test_a_link_and_a_picture_are_read_and_named(detector: BrandMisuseDetector) -> None:
    findings = found(
        detector, text="", links=["https://ok.example/", "https://m0untsinai.example/"], alt_texts=["Mount Sinai mugs for sale"]
    )
    assert {(f.category, s.segment) for f in findings for s in f.spans} == {
        ("lookalike_domain", "link.1"),
        ("merchandise", "media.0.alt_text"),
    }


def test_other_peoples_words_are_not_the_authors(detector: BrandMisuseDetector) -> None:
    who, reader = account(), Reader(detector.policy)
    quoted = Reference(native_id="2", text="Mount Sinai hoodies for sale at mountsinai-shop.example")
    post = Post(platform="x", account_id="1", native_id="1", text="Have you seen this?", quote_of=quoted, in_reply_to=quoted)
    assert list(detector.detect(reader.read_post(who, post))) == []


def test_findings_cite_the_policy(detector: BrandMisuseDetector, policy: Policy) -> None:
    (finding,) = found(detector, text="Mount Sinai hoodies for sale")
    assert (finding.rule, finding.clause, finding.route, finding.policy_version) == ("brand", "8", "brand", policy.version)
    assert finding.scope is FindingScope.POST
    assert finding.detector_version == detector.version


def test_a_profile_finding_is_of_the_profile(detector: BrandMisuseDetector) -> None:
    (finding,) = found(detector, handle="mountsinai_support", display_name="Mount Sinai Support")
    assert finding.scope is FindingScope.PROFILE
    assert {span.segment for span in finding.spans} == {"handle", "display_name"}


def test_an_address_that_may_be_innocent_is_less_severe(detector: BrandMisuseDetector) -> None:
    (doubtful,) = found(detector, text="see https://mountsinaigardens.example")
    (plain,) = found(detector, text="see https://mountsinai-payments.example/ and https://m0untsinai.example")
    assert (doubtful.severity, plain.severity) == (Severity.MEDIUM, Severity.HIGH)


@pytest.mark.parametrize(
    "text",
    [
        "Mount Sinai hoodies for sale",
        "Apply at mountsinai-jobs.example",
        "Mount Sinai is hiring. Pay the application fee by Zelle.",
        "We are the official Mount Sinai account",
    ],
)
def test_personnel_are_read_for_claims_only(detector: BrandMisuseDetector, text: str) -> None:
    assert found(detector, text=text)
    assert found(detector, text=text, kind="personnel") == []


def test_an_official_account_is_not_read(detector: BrandMisuseDetector) -> None:
    assert not detector.applies_to(account(kind="official"))


def test_a_namesakes_site_in_the_profile_clears_it(detector: BrandMisuseDetector) -> None:
    profile = {"handle": "mountsinaihospital", "display_name": "Mount Sinai Hospital"}
    assert found(detector, **profile)
    assert found(detector, **profile, profile_links=["https://www.sinaihealth.ca/"]) == []


def test_a_web_site_is_judged_by_its_address(detector: BrandMisuseDetector) -> None:
    def categories(site: str) -> list[str]:
        return [f.category for f in found(detector, platform="website", handle=site, display_name="Patient news")]

    assert categories("https://mountsinai-care.example/") == ["lookalike_domain"]
    assert categories("https://www.mountsinai.org/") == []
    assert categories("https://eastharlem.example/") == []


def test_who_denies_to_be_us_does_not_claim_it(detector: BrandMisuseDetector) -> None:
    assert found(detector, text="This is the official Mount Sinai account")
    assert found(detector, text="This is not the official Mount Sinai account") == []


def test_a_threshold_of_the_policy_is_kept(policy: Policy) -> None:
    brand = policy.rules["brand"]
    strict = policy.model_copy(update={"rules": {**policy.rules, "brand": brand.model_copy(update={"threshold": 0.95})}})
    assert found(BrandMisuseDetector(strict), text="Mount Sinai hoodies for sale") == []


LOGO = "3c5a9669e71824db"


@pytest.fixture(scope="module")
def with_logo(policy: Policy) -> BrandMisuseDetector:
    ours = policy.institution.model_copy(update={"pictures": (OwnPicture(title="The two-ring logo", look=LOGO),)})
    return BrandMisuseDetector(policy.model_copy(update={"institution": ours}))


def shown(detector: BrandMisuseDetector, look: str, **given: Any) -> list[Finding]:
    watched = account(**given)
    watched = replace(watched, profile=replace(watched.profile, picture_hash=look))
    segments = [("handle", watched.handle), ("display_name", watched.profile.display_name), ("bio", watched.profile.bio)]
    reading = Reading(account=watched, post=None, segments=tuple(Segment(name=n, text=t) for n, t in segments if t), signals={})
    return list(detector.detect_profile(reading))


def bent(look: str, bits: int) -> str:
    return f"{int(look, 16) ^ ((1 << bits) - 1):016x}"


def test_an_account_that_shows_our_picture_may_pose_as_us(with_logo: BrandMisuseDetector) -> None:
    (finding,) = shown(with_logo, bent(LOGO, 8), display_name="Patient Help Desk")
    assert (finding.category, finding.score) == ("impersonation", 0.6)
    assert "'The two-ring logo'" in finding.reason
    (named,) = shown(with_logo, LOGO, display_name="Mount Sinai Health System")
    (name_alone,) = shown(with_logo, "", display_name="Mount Sinai Health System")
    assert named.score > name_alone.score


@pytest.mark.parametrize("look", ["", bent(LOGO, 9), "0000000000000000", "ffffffffffffffff"])
def test_another_picture_is_nothing(with_logo: BrandMisuseDetector, look: str) -> None:
    assert shown(with_logo, look, display_name="Patient Help Desk") == []


def test_our_picture_on_a_fan_page_or_on_staff_is_nothing(with_logo: BrandMisuseDetector) -> None:
    assert shown(with_logo, LOGO, display_name="Fans", bio="Fan page, not affiliated with Mount Sinai") == []
    assert shown(with_logo, LOGO, display_name="A nurse", kind="personnel") == []


def test_a_plain_field_is_nobodys_logo(policy: Policy) -> None:
    plain = OwnPicture(title="White", look="0000000000000001")
    ours = policy.institution.model_copy(update={"pictures": (plain,)})
    detector = BrandMisuseDetector(policy.model_copy(update={"institution": ours}))
    assert shown(detector, plain.look, display_name="Patient Help Desk") == []


def test_reasons_quote_nothing(detector: BrandMisuseDetector) -> None:
    for where, case in CASES:
        for finding in found(detector, **case):
            assert not any(
                word in finding.reason.lower() for word in ("sinai", "icahn", case.get("handle", "user48213").lower())
            ), where


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"handle": "RiverbendHealth_support", "display_name": "Riverbend Health Support"}, ["impersonation"]),
        ({"handle": "r1verbendhealth", "display_name": "x"}, ["impersonation"]),
        ({"handle": "riverbendhealthfans", "display_name": "Fans", "bio": "Fan page, not affiliated"}, []),
        ({"text": "postulez sur riverbend-health-emploi.example"}, ["lookalike_domain"]),
        ({"text": "voir riverbend-health.example/actualites"}, []),
        ({"text": "Notre crème est recommandée, partenaire officiel de Riverbend Health"}, ["endorsement_claim"]),
        ({"text": "Riverbend Health emploi : frais de dossier de 40 euros"}, ["scam"]),
        ({"text": "Attention : Riverbend Health emploi, frais de dossier"}, []),
        ({"text": "Riverbend Health mug for sale in the mall"}, []),
        ({"text": "Mount Sinai hoodies for sale, recommended by Mount Sinai, mountsinai-jobs.example"}, []),
    ],
)
def test_another_institution_needs_no_code(riverbend: BrandMisuseDetector, given: dict[str, Any], expected: list[str]) -> None:
    assert [finding.category for finding in found(riverbend, **given)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "Mount Sinai " * 4_000,
        "mountsinai-jobs.example " * 2_000,
        "a." * 25_000,
        "@" * 50_000,
        "https://" + "a" * 50_000 + "@b.example",
        "https://" + "xn--a." * 8_000 + "com",
        "\ud800 Mount Sinai hoodies for sale",
        "M\u0301\u200bount Sinai " * 2_000,
    ],
    ids=["names", "addresses", "dots", "signs", "user", "punycode", "half a pair", "marks"],
)
def test_hostile_texts_end_soon(detector: BrandMisuseDetector, text: str) -> None:
    reading = Reading(
        account=account(bio=text, display_name=text, handle=text),
        post=None,
        segments=tuple(Segment(name=name, text=text) for name in ("text", "bio", "display_name", "handle", "link.0")),
        signals={},
    )
    begun = time.perf_counter()
    findings = [*detector.detect(reading), *detector.detect_profile(reading)]
    assert time.perf_counter() - begun < 10
    assert len(findings) <= 10
