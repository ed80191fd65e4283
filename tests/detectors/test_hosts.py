"""Web addresses: found in text, ours and namesakes' left alone, look-alikes told why."""

from __future__ import annotations

import socket
from typing import NoReturn

import pytest

from core.policy import default_policy_path, load_policy
from detectors._hosts import Hosts, find_addresses
from detectors._institution import Institution
from detectors._likeness import Likenesses, skeleton
from detectors.brand import BrandMisuseDetector


@pytest.fixture(scope="module")
def hosts() -> Hosts:
    policy = load_policy(default_policy_path())
    us, added = policy.institution, policy.rule("brand").phrases["added_words"]
    names = [us.name, *us.short_names, *us.units, *us.brands, *(domain.split(".")[0] for domain in us.domains)]
    return Hosts(policy, Institution(policy), Likenesses(names, added))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://a.example.org/x?y=1 and b.example", ["a.example.org", "b.example"]),
        ("mail ana@clinic.example now", ["clinic.example"]),
        ("https://ours.example@theirs.example/", ["theirs.example"]),
        ("https://xn--bcher-kva.example:8080/", ["xn--bcher-kva.example"]),
        ("http://192.0.2.7/login", ["192.0.2.7"]),
        ("clínica.example", ["clínica.example"]),
        ("no address here", []),
        ("", []),
    ],
)
def test_addresses_are_found_with_their_place(text: str, found: list[str]) -> None:
    addresses = list(find_addresses(text))
    assert [address.host for address in addresses] == found
    assert [text[address.start : address.end] for address in addresses] == found


SUSPECT = [
    ("mountsinai.example", "another ending"),
    ("mountsinai.com.co", "a longer ending"),
    ("mountsinai.mm", "an ending that is a wildcard in the suffix list"),
    ("mount-sinai.example", "a hyphen"),
    ("m0untsinai.example", "a figure"),
    ("rnountsinai.example", "rn for m"),
    ("mountslnai.example", "l for i"),
    ("mounntsinai.example", "a letter doubled"),
    ("mountsiani.example", "letters swapped"),
    ("mountsinai-billing.example", "a word of service"),
    ("secure-mountsinai.example", "a word of service before"),
    ("mymountsinai-login.example", "a brand"),
    ("xn--mountsini-7yh.example", "a Cyrillic letter, in punycode"),
    ("mountsin\u0430i.example", "a Cyrillic letter"),
    ("mountsinai.org.login.example", "our domain as a subdomain"),
    ("www-mountsinai-org.example", "our domain run together"),
    ("mount.sinai.example", "cut by a dot"),
    ("mountsinai.login-portal.example", "our name as a subdomain"),
    ("mssm-login.example", "the short domain beside a word of service"),
    ("rnssm.example", "rn for m in the short domain"),
    ("mountsinai.github.io", "our name on a shared host"),
]

CLEAN = [
    ("mountsinai.org", "ours"),
    ("careers.mountsinai.org", "below ours"),
    ("icahn.mssm.edu", "ours"),
    ("MOUNTSINAI.ORG.", "ours, in capitals with the root's dot"),
    ("sinaihealth.ca", "Toronto's"),
    ("mtsinai.k12.ny.us", "the hamlet's schools"),
    ("www.cedars-sinai.org", "Los Angeles's"),
    ("mountsinaichurch.example", "a congregation says so"),
    ("mountsinaitoronto.example", "a namesake's town"),
    ("mountsinaiunion.example", "a union says so"),
    ("mountsinai.zoom.us", "a service that is rented"),
    ("mssm.example", "four letters alone mean nothing"),
    ("mountain.example", "another word"),
    ("fountainsinai.example", "another word"),
    ("sinai.example", "an alias alone"),
    ("203.0.113.9", "a number"),
    ("xn--zzzzzzz.example", "broken punycode"),
]


@pytest.mark.parametrize(("host", "why"), SUSPECT, ids=[why for _, why in SUSPECT])
def test_look_alikes(hosts: Hosts, host: str, why: str) -> None:
    (address,) = find_addresses(f"https://{host}/")
    suspicion = hosts.suspicion(address)
    assert suspicion is not None, why
    assert "sinai" not in suspicion.plain.lower()


@pytest.mark.parametrize(("host", "why"), CLEAN, ids=[why for _, why in CLEAN])
def test_near_misses(hosts: Hosts, host: str, why: str) -> None:
    (address,) = find_addresses(f"https://{host}/")
    assert hosts.suspicion(address) is None, why


@pytest.mark.parametrize("text", ["great care @MountSinai.Thanks", "at MountSinai.it was cold", "MountSinai.Then home"])
def test_a_sentence_that_runs_on_is_no_address(hosts: Hosts, text: str) -> None:
    assert [address for address in find_addresses(text) if hosts.suspicion(address)] == []


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a detector opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    detector = BrandMisuseDetector(load_policy(default_policy_path()))
    (address,) = find_addresses("https://mountsinai-jobs.example/")
    assert detector._hosts.suspicion(address) is not None


def test_a_skeleton_is_what_a_hurried_eye_sees() -> None:
    assert skeleton("M0unt_S1nai") == skeleton("Mount Sinai") == skeleton("rnount slnai")
    assert skeleton("Mount Sina") != skeleton("Mount Sinai")
