"""Names that impostors are likely to take: which ones, in which order, never ours, and what a person may type in."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from core.policy import Policy, default_policy_path, load_policy
from core.records import Basis, Kind
from nightrounds.lookalikes import WEBSITE, OwnNames, account_of, host_of, known_names, likely_names, name_as_given, shown_name
from storage.lookalikes import Candidate

POLICY = load_policy(default_policy_path())
RIVERBEND = load_policy(Path(__file__).parents[1] / "data" / "policies" / "riverbend.yaml")
ALL = likely_names(POLICY, limit=5000)
REVIEWED = 300  # what 'make' lists unless told otherwise


def place(platform: str, name: str) -> int:
    return [(one.platform, one.name) for one in ALL].index((platform, name))


@pytest.mark.parametrize(
    ("platform", "name", "change"),
    [
        (WEBSITE, "rnountsinai.org", "homoglyph"),
        (WEBSITE, "m0untsinai.org", "homoglyph"),
        (WEBSITE, "mountsini.org", "omission"),
        (WEBSITE, "mountsinia.org", "transposition"),
        (WEBSITE, "mount-sinai.org", "hyphenation"),
        (WEBSITE, "mountsinai.com", "tld swap"),
        (WEBSITE, "mountsinai.net", "tld swap"),
        (WEBSITE, "mssm.com", "tld swap"),
        (WEBSITE, "mountsinaicareers.org", "addition"),
        (WEBSITE, "mountsinai-jobs.com", "addition"),
        (WEBSITE, "mountsinaiapply.com", "addition"),
        (WEBSITE, "mountsinaiapply.org", "addition"),
        ("x", "rnountsinainyc", "homoglyph"),
        ("x", "mountsinaiapply", "addition"),
        ("x", "mountsinaiheat", "omission"),
        ("facebook", "mountsinaiapply", "addition"),
        ("instagram", "mountsinai_careers", "addition"),
        ("linkedin", "mountsinai-careers", "addition"),
        ("youtube", "mountsinai", "omission"),
    ],
)
def test_what_an_impostor_would_take_first_is_among_the_first(platform: str, name: str, change: str) -> None:
    at = place(platform, name)
    assert at < REVIEWED
    assert ALL[at].change == change


def test_letters_of_other_scripts_are_tried_where_they_can_be_registered() -> None:
    foreign = [one for one in ALL if "xn--" in one.name]
    assert foreign
    assert {one.platform for one in foreign} == {WEBSITE}
    assert all(one.name.isascii() and not shown_name(one.name).isascii() for one in foreign)
    assert not any(one.resembles.endswith(".edu") for one in foreign)


@pytest.mark.parametrize("policy", [POLICY, RIVERBEND], ids=["mount sinai", "riverbend"])
def test_none_is_ours_or_a_namesakes_or_twice_or_no_name(policy: Policy) -> None:
    made = likely_names(policy, limit=5000)
    us = policy.institution
    ours = {(platform, handle.casefold()) for platform, handles in us.handles.items() for handle in handles}
    domains = {*us.domains, *(domain for namesake in us.namesakes for domain in namesake.domains)}
    assert len(made) > 100
    assert len({(one.platform, one.name) for one in made}) == len(made)
    assert not ours & {(one.platform, one.name) for one in made}
    for one in made:
        if one.platform == WEBSITE:
            assert not any(one.name == domain or one.name.endswith(f".{domain}") for domain in domains)
            assert host_of(one.name) == one.name
            assert not one.name.endswith((".edu", ".gov"))
        assert 0 < one.score < 1


def test_handles_keep_to_their_platforms_form() -> None:
    longest = {"x": 15, "instagram": 30, "youtube": 30, "facebook": 50}
    assert all(len(one.name) <= longest.get(one.platform, 253) for one in ALL)
    assert all("_" in one.name or one.name.isalnum() for one in ALL if one.platform == "x")
    assert not [one.name for one in ALL if one.platform == "facebook" and set(one.name) & set("-_")]


def test_it_is_the_same_in_every_process_and_asks_nobody() -> None:
    code = """
import socket, sys
before = socket.getdefaulttimeout()
def refuse(*args, **kwargs): raise SystemExit('a connection was tried')
socket.socket.connect = socket.getaddrinfo = socket.gethostbyname = refuse
from core.policy import default_policy_path, load_policy
from nightrounds.lookalikes import likely_names
for one in likely_names(load_policy(default_policy_path()), limit=5000):
    print(one.platform, one.name, one.resembles, one.change, one.score)
assert socket.getdefaulttimeout() == before, 'the time-out of all sockets was changed'
"""
    env = {"PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.splitlines() == [f"{o.platform} {o.name} {o.resembles} {o.change} {o.score}" for o in ALL]


def test_a_smaller_limit_is_the_beginning_and_accounts_on_the_list_are_left_out() -> None:
    known = {(ALL[0].platform, ALL[0].name)}
    assert likely_names(POLICY, limit=10) == ALL[:10]
    assert likely_names(POLICY, known=known, limit=10) == ALL[1:11]


def test_an_institution_without_domains_and_handles_has_none() -> None:
    bare = POLICY.model_copy(update={"institution": POLICY.institution.model_copy(update={"domains": (), "handles": {}})})
    assert likely_names(bare, limit=10) == []


def test_one_without_the_rule_on_brand_is_told_so() -> None:
    without = POLICY.model_copy(update={"rules": {name: rule for name, rule in POLICY.rules.items() if name != "brand"}})
    with pytest.raises(ConfigError, match="brand"):
        likely_names(without, limit=10)


@pytest.mark.parametrize(
    ("platform", "name", "whose"),
    [
        (WEBSITE, "jobs.mountsinai.org", "ours"),
        (WEBSITE, "cedars-sinai.org", "a namesake's"),
        (WEBSITE, "mountsinaimiami.com", "a namesake's"),
        (WEBSITE, "mountsinai.org.example", ""),
        (WEBSITE, "notmountsinai.org", ""),
        ("x", "mountsinainyc", "ours"),
        ("tiktok", "mountsinainyc", ""),  # anybody may have taken it there
        ("x", "sinaichicago", "a namesake's"),
        ("bluesky", "mountsinainyc.bsky.social", ""),
        ("bluesky", "mountsinai.org", "ours"),  # whoever shows this one holds the domain
        ("bluesky", "news.icahn.mssm.edu", "ours"),
        ("threads", "mountsinainyc", "ours"),  # a name there is Instagram's
    ],
)
def test_whose_a_name_is(platform: str, name: str, whose: str) -> None:
    assert OwnNames.of(POLICY).whose(platform, name) == whose


@pytest.mark.parametrize(
    ("given_", "host"),
    [
        ("https://Mountsinai-Visas.example:8443/apply?x=1#y", "mountsinai-visas.example"),
        ("www.mountsinai-visas.example.", "mountsinai-visas.example"),
        ("www.example", "www.example"),
        ("https://mountsinai.org@theirs.example/", "theirs.example"),
        ("моuntsinai.com", "xn--untsinai-39gu.com"),
        ("xn--untsinai-39gu.com", "xn--untsinai-39gu.com"),
        ("mountsinai。com", "mountsinai.com"),
    ],
)
def test_of_an_address_the_host_is_kept(given_: str, host: str) -> None:
    assert host_of(given_) == host


HOSTILE = [
    "",
    " ",
    "clinic",
    "a b.example",
    "clinic.exa\x07mple",
    "clinic\u202e.example",
    "http://192.0.2.1/",
    "127.1",
    "0x7f.0x1",
    "http://[::1]/",
    "http://[::1",
    "//",
    "-.-",
    "xn--.",
    "a..example",
    f"{'a' * 64}.example",
    f"{'a.' * 130}example",
    "x." * 500_000,
    "\ud800.example",
    "\x00.example",
]


@pytest.mark.parametrize("typed", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_address_is_refused_at_once_and_not_quoted(typed: str) -> None:
    begun = time.monotonic()
    with pytest.raises(ConfigError, match="expected a web address") as caught:
        name_as_given(POLICY, typed)
    assert time.monotonic() - begun < 2
    assert str(caught.value) == "expected a web address such as clinic-jobs.example, or a handle with --platform"


@pytest.mark.parametrize("typed", ["", "@", "two words", "a\x00b", "\ud800", "a\u202eb", "a" * 254, "https://x.com/somebody"])
def test_what_is_no_handle_is_refused(typed: str) -> None:
    with pytest.raises(ConfigError, match="a handle"):
        name_as_given(POLICY, typed, "x")


@pytest.mark.parametrize("typed", ["metadata.google.internal", "http://printer.local/", "intranet.corp", "mountsinai.lan"])
def test_what_only_a_network_of_ones_own_could_see_is_refused(typed: str) -> None:
    with pytest.raises(ConfigError, match="no public web address"):
        name_as_given(POLICY, typed)


def test_a_handle_is_kept_as_it_is_written() -> None:
    assert name_as_given(POLICY, " @MountSinai_Relief ", "x") == Candidate(platform="x", name="MountSinai_Relief")
    assert name_as_given(POLICY, "UCabcDEF", "youtube").name == "UCabcDEF"  # a channel's id knows capitals


@pytest.mark.parametrize(
    ("platform", "typed"), [("x", "@mountsinaiNYC"), (WEBSITE, "https://www.mountsinai.org/"), (WEBSITE, "sinaichicago.org")]
)
def test_ours_and_namesakes_are_refused(platform: str, typed: str) -> None:
    with pytest.raises(ConfigError, match="nothing was added") as caught:
        name_as_given(POLICY, typed, platform)
    assert "sinai" not in str(caught.value).casefold()


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.from_regex(r"(https?://)?(xn--)?[a-z0-9\-.а-яß。]{1,70}\.[a-z]{2,6}/?", fullmatch=True))
def test_whatever_is_typed_a_host_is_plain_and_stays_itself(typed: str) -> None:
    if host := host_of(typed):
        assert host.isascii()
        assert host == host.lower()
        assert "." in host
        assert len(host) <= 253
        assert host_of(host) in {host, host.removeprefix("www.")}
        shown_name(host)


@pytest.mark.parametrize(
    ("candidate", "handle"),
    [
        (Candidate(platform=WEBSITE, name="clinic-jobs.example"), "https://clinic-jobs.example/"),
        (Candidate(platform="x", name="clinic_jobs"), "clinic_jobs"),
    ],
)
def test_a_watched_one_is_unofficial_by_its_public_claim_and_known_from_then_on(candidate: Candidate, handle: str) -> None:
    account = account_of(candidate, recorded_by="Orla Finch", recorded_at=datetime(2026, 11, 1, tzinfo=UTC))
    assert (account.handle, account.kind, account.basis) == (handle, Kind.UNOFFICIAL, Basis.PUBLIC_CLAIM)
    assert known_names([account]) == {(candidate.platform, candidate.name)}
