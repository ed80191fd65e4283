"""A Reader reads every segment once, says what it could not read, and opens no connection."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.policy import default_policy_path, load_policy
from core.records import Account, Basis, Kind, Media, Post, Profile, Reading, Reference
from detectors import _encoder, _identifiers, _reader
from detectors._encoder import Encoder
from detectors._reader import LONGEST, MOST_PARTS, OVERLAP, WINDOW, Reader, entities_of

ROOT = Path(__file__).resolve().parents[2]
READER = Reader(load_policy(default_policy_path()))
ACCOUNT = Account(
    id="a",
    platform="x",
    handle="jroe",
    kind=Kind.PERSONNEL,
    basis=Basis.SELF_DISCLOSED,
    basis_recorded_by="tests",
    basis_recorded_at=datetime(2025, 1, 1, tzinfo=UTC),
    profile=Profile(display_name="J. Roe", bio="Nurse"),
)


def read(text: str = "", **parts: object) -> Reading:
    return READER.read_post(ACCOUNT, Post(platform="x", account_id="a", native_id="1", text=text, **parts))  # type: ignore[arg-type]


def found(text: str) -> set[tuple[str, str]]:
    return {(e.type, text[e.span.start : e.span.end]) for e in read(text).signals["text"].entities}


def test_segments_carry_their_names_and_profile_comes_with_a_post() -> None:
    reading = read(
        "t",
        title="T",
        summary="s",
        links=("https://example.org/a", "https://example.org/b"),
        media=(Media(kind="image", native_key="k"), Media(kind="image", native_key="l", alt_text="alt")),
        in_reply_to=Reference(native_id="2", text="r"),
        quote_of=Reference(native_id="3", text="q"),
    )
    assert [s.name for s in reading.segments] == [
        *("title", "text", "summary", "media.1.alt_text", "link.0", "link.1", "in_reply_to", "quote_of"),
        *("handle", "display_name", "bio"),
    ]
    assert set(reading.signals) == {s.name for s in reading.segments}
    profile = READER.read_profile(ACCOUNT)
    assert [s.name for s in profile.segments] == ["handle", "display_name", "bio"]
    assert profile.post is None


def test_entities_are_plain_data_in_offsets_of_the_given_text() -> None:
    text = "My patient Mar\u200bía González, ５５５-12-3456 … 👍"
    entities = entities_of(read(text))
    assert [(e["start"], e["end"]) for e in entities if e["type"] == "PERSON" and e["segment"] == "text"] == [(11, 26)]
    assert any(e["type"] == "US_SSN" and text[int(e["start"]) : int(e["end"])] == "５５５-12-3456" for e in entities)


def test_entities_of_the_post_that_is_answered_stand_under_their_own_name() -> None:
    reading = read("Thanks!", in_reply_to=Reference(native_id="2", text="Mr. Halloran says hello"))
    assert [e.span.segment for e in reading.entities("PERSON") if e.span.segment != "display_name"] == ["in_reply_to"]


@pytest.mark.parametrize(
    ("text", "not_read"),
    [
        ("We are proud of the whole team and of what they have done for you.", None),
        ("Hoy en el turno llegó una señora con dolor de pecho y la familia está con ella.", None),
        ("ok lol 👍", None),
        ("Guten Abend", None),  # too short to be sure
        (
            "Liebe Freunde, heute war ein langer Tag im Krankenhaus und wir sind alle sehr müde, aber auch sehr stolz.",
            "language",
        ),
        ("今天病房里来了一位老太太，她得了肺炎，情况很严重", "language"),
        ("Сегодня в нашу больницу поступила пожилая женщина с воспалением лёгких", "language"),
    ],
)
def test_only_a_language_that_is_not_read_is_reported(text: str, not_read: str | None) -> None:
    assert read(text).not_read == not_read


def test_identifiers_are_found_in_any_language() -> None:
    assert ("US_SSN", "219-09-4821") in found("今天病房里来了一位老太太，她得了肺炎 219-09-4821 情况很严重")


def test_a_link_is_no_prose_but_is_searched() -> None:
    reading = read(links=("https://example.org/chart?ssn=219-09-4821",))
    assert reading.signals["link.0"].lang == "und"
    assert "US_SSN" in {e.type for e in reading.signals["link.0"].entities}


@pytest.mark.parametrize("at", [WINDOW - OVERLAP - 5, WINDOW - 5, WINDOW + 5])
def test_an_identifier_at_the_edge_of_a_window_is_found_once_and_whole(at: int) -> None:
    text = "word " * (at // 5) + "219-09-4821 " + "word " * 2_000
    numbers = [e.span for e in read(text).entities("US_SSN")]
    assert [text[s.start : s.end] for s in numbers] == ["219-09-4821"]


def test_what_is_longer_than_can_be_read_is_not_clean() -> None:
    assert read("a b " * (LONGEST // 4 + 1)).not_read == "too long"


def test_too_many_links_are_not_clean() -> None:
    reading = read(links=tuple(f"https://example.org/{n}" for n in range(MOST_PARTS + 1)))
    assert reading.not_read == "too many parts"
    assert reading.signals[f"link.{MOST_PARTS - 1}"].not_read is None


def test_a_pattern_that_runs_out_of_time_makes_the_text_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = _identifiers.Shape("SLOW", r"(?:a|aa)+(?=c)", 0.9)
    monkeypatch.setattr(_identifiers, "TIME_LIMIT", 0.02)
    monkeypatch.setattr(_reader, "_identifiers", lambda: _identifiers.Identifiers([slow]))
    reader = Reader(READER.policy)
    reading = reader.read_post(ACCOUNT, Post(platform="x", account_id="a", native_id="1", text="a" * 5_000 + "b"))
    assert reading.not_read == "time"


def test_a_text_seen_again_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = read("Our garden is open").signals["text"]
    monkeypatch.setattr(Reader, "_read_window", lambda *_: pytest.fail("read again"))
    assert read("Our garden is open").signals["text"] == first


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_without_error_and_spans_lie_within_it(text: str) -> None:
    signals = read(text).signals.get("text")
    for entity in signals.entities if signals else ():
        assert 0 <= entity.span.start < entity.span.end <= len(text)
        assert 0.0 < entity.score <= 1.0


def test_reading_leaves_no_text_in_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    read("My patient Zebulon Quackenbush, DE12 3456 7890 1234 5678 90é, z.q@quack.example, SSN 219-09-4821")
    assert not any(word in caplog.text for word in ("Quackenbush", "quack", "4821", "7890"))


def test_no_connection_is_opened_by_import_or_first_use() -> None:
    program = """
import socket, sys
def refuse(*args, **kwargs):
    raise SystemExit("a connection was tried")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
from datetime import UTC, datetime
from core.policy import default_policy_path, load_policy
from core.records import Account, Basis, Kind, Post
from detectors._reader import Reader
from detectors.phi import PhiDetector
policy = load_policy(default_policy_path())
account = Account(id="a", platform="x", handle="h", kind=Kind.OFFICIAL, basis=Basis.OWNED, basis_recorded_by="t",
                  basis_recorded_at=datetime.now(UTC))
text = "My patient Ana Roe, a.roe@example.co.uk, 917-555-0142, DE89370400440532013000, Grüße aus dem schönen Krankenhaus heute"
reading = Reader(policy).read_post(account, Post(platform="x", account_id="a", native_id="1", text=text))
assert {"EMAIL_ADDRESS", "PHONE_NUMBER", "IBAN_CODE"} <= {e.type for e in reading.entities()}
list(PhiDetector(policy).detect(reading))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert socket.socket.connect is not None


@pytest.fixture
def taught_reader(taught: Encoder, monkeypatch: pytest.MonkeyPatch) -> Reader:
    monkeypatch.setattr(_reader, "shipped_encoder", lambda: taught)
    return Reader(READER.policy)


def told(reading: Reading, *types: str) -> list[tuple[str, str, str]]:
    return [
        (e.type, e.span.segment, reading.by_name[e.span.segment][e.span.start : e.span.end]) for e in reading.entities(*types)
    ]


def test_the_model_reads_the_own_words_once_and_tells_entities_by_segment(taught_reader: Reader) -> None:
    post = Post(
        platform="x",
        account_id="a",
        native_id="1",
        title="From Maria",
        text="Lopez in the Bronx",
        media=(Media(kind="image", native_key="k", alt_text="pt, Maria Lopez"),),
        in_reply_to=Reference(native_id="2", text="Maria is a nurse"),
    )
    reading = taught_reader.read_post(ACCOUNT, post)
    assert told(reading, "LOCATION", "PATIENT") == [("LOCATION", "text", "Bronx"), ("PATIENT", "media.0.alt_text", "pt")]
    own = [found for found in told(reading, "PERSON") if found[1] not in ("in_reply_to", "display_name")]
    assert own == [("PERSON", "title", "Maria"), ("PERSON", "text", "Lopez"), ("PERSON", "media.0.alt_text", "Maria Lopez")]
    assert {name for name, chance in reading.classes.items() if chance > 0.5} == {"patient", "staff"}


def test_the_answered_words_count_for_classes_and_the_quoted_ones_only_without_them(taught_reader: Reader) -> None:
    def staff(**parts: Reference) -> float:
        post = Post(platform="x", account_id="a", native_id="1", text="hello there", **parts)  # type: ignore[arg-type]
        return taught_reader.read_post(ACCOUNT, post).classes["staff"]

    nurse, other = Reference(native_id="2", text="a nurse"), Reference(native_id="3", text="a house")
    assert staff(in_reply_to=nurse) > 0.9
    assert staff(quote_of=nurse) > 0.9
    assert staff(in_reply_to=other, quote_of=nurse) < 0.1


def test_a_profile_has_the_classes_of_its_bio_and_a_post_has_its_own(taught_reader: Reader) -> None:
    assert taught_reader.read_profile(ACCOUNT).classes["staff"] > 0.9  # 'Nurse'
    post = Post(platform="x", account_id="a", native_id="1", text="hello")
    assert taught_reader.read_post(ACCOUNT, post).classes["staff"] < 0.1
    assert taught_reader.read_post(ACCOUNT, Post(platform="x", account_id="a", native_id="1")).classes == {}


def test_words_in_a_language_that_is_not_read_are_not_put_to_the_model(taught_reader: Reader) -> None:
    german = "Liebe Freunde, heute war ein langer Tag im Krankenhaus und wir sind alle sehr müde, Maria Bronx nurse"
    reading = taught_reader.read_post(ACCOUNT, Post(platform="x", account_id="a", native_id="1", text=german))
    assert (reading.not_read, dict(reading.classes)) == ("language", {})
    assert not reading.entities("LOCATION")


def test_raw_entities_are_those_that_presidio_has_names_for(taught_reader: Reader) -> None:
    post = Post(platform="x", account_id="a", native_id="1", text="pt Maria with sepsis in the Bronx since Tuesday")
    reading = taught_reader.read_post(ACCOUNT, post)
    assert {"PATIENT", "HEALTH"} <= {e.type for e in reading.entities()}
    assert {e["type"] for e in entities_of(reading) if e["segment"] == "text"} == {"PERSON", "LOCATION", "DATE_TIME"}


def test_what_the_model_did_not_reach_is_not_clean(taught_reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_encoder, "MOST_WINDOWS", 3)
    alt = Media(kind="image", native_key="k", alt_text="SSN 219-09-4821")
    post = Post(platform="x", account_id="a", native_id="1", text="Maria " * 15, summary="word " * 40, media=(alt,))
    reading = taught_reader.read_post(ACCOUNT, post)
    not_read = {name: signals.not_read for name, signals in reading.signals.items()}
    assert (not_read["text"], not_read["summary"], not_read["media.0.alt_text"]) == (None, "too long", "too long")
    assert reading.entities("US_SSN")  # patterns read on


def test_the_version_changes_with_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Reader.version()
    monkeypatch.setattr(_reader, "shipped_digest", lambda: "another")
    assert Reader.version() != before
