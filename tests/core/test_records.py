"""Records: silent about text, frozen, and equal content means one revision."""

from __future__ import annotations

import dataclasses
import inspect
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from core import records
from core.records import (
    Account,
    Basis,
    Case,
    CrawledPage,
    Cursor,
    Entity,
    Finding,
    Gone,
    GoneReason,
    Kind,
    KnownPost,
    Media,
    Post,
    Precision,
    Profile,
    RawPage,
    Reading,
    Reference,
    Segment,
    Severity,
    Signals,
    Span,
    account_id,
)

SECRET = "Maribel Quiroga"  # an invented name; it may stand in no repr
NOW = datetime(2026, 5, 4, 1, 2, 3, tzinfo=UTC)

PROFILE = Profile(display_name=SECRET, bio=SECRET, url=SECRET, links=(SECRET,), picture_url=SECRET)
ACCOUNT = Account(
    id="1",
    platform="x",
    handle=SECRET,
    kind=Kind.PERSONNEL,
    basis=Basis.CONSENTED,
    basis_recorded_by=SECRET,
    basis_recorded_at=NOW,
    native_id=SECRET,
    profile=PROFILE,
)
REFERENCE = Reference(native_id=SECRET, url=SECRET, text=SECRET)
POST = Post(
    platform="x",
    account_id="1",
    native_id=SECRET,
    url=SECRET,
    title=SECRET,
    text=SECRET,
    summary=SECRET,
    revision=SECRET,
    in_reply_to=REFERENCE,
    quote_of=REFERENCE,
    links=(SECRET,),
    media=(Media(kind="image", native_key=SECRET, url=SECRET, alt_text=SECRET, path=SECRET),),
)
RAW = RawPage(
    url=SECRET,
    body=SECRET.encode(),
    media_type="text/html",
    status=200,
    fetched_at=NOW,
    collector="t",
    headers=((SECRET, SECRET),),
)
SEGMENT = Segment(name="text", text=SECRET)

TELLING = [
    PROFILE,
    ACCOUNT,
    REFERENCE,
    POST,
    RAW,
    POST.media[0],
    SEGMENT,
    Gone(native_id=SECRET, reason=GoneReason.DELETED),
    KnownPost(native_id=SECRET, url=SECRET, revision=SECRET, posted_at=NOW, last_verified_at=NOW),
    Cursor({"next": SECRET}),
    CrawledPage(raw=(RAW,), posts=(POST,), verified=(SECRET,), native_account_id=SECRET, cursor=Cursor({"n": SECRET})),
    Reading(account=ACCOUNT, post=POST, segments=(SEGMENT,), signals={}),
    Case(
        id=1,
        key="k",
        route="legal",
        severity=Severity.LOW,
        state="open",
        opened_at=NOW,
        due_at=None,
        finding_count=1,
        rules=(),
        sealed=False,
        assignee=SECRET,
    ),
]


@pytest.mark.parametrize("record", TELLING, ids=lambda record: type(record).__name__)
def test_no_record_tells_text_names_or_addresses(record: object) -> None:
    for shown in (repr(record), str(record), f"{record}"):
        assert SECRET not in shown


def test_a_text_field_without_repr_false_is_seen() -> None:
    """Guards the test above: a record that is not listed there may hold no field whose name means somebody's words."""
    listed = {type(record) for record in TELLING}
    wordy = {"text", "bio", "handle", "display_name", "alt_text", "url", "native_id", "body"}
    for name, kind in vars(records).items():
        if inspect.isclass(kind) and dataclasses.is_dataclass(kind) and kind not in listed:
            assert not wordy & {field.name for field in dataclasses.fields(kind)}, name


@pytest.mark.parametrize("record", TELLING[:-2], ids=lambda record: type(record).__name__)
def test_records_are_frozen(record: Any) -> None:
    field = dataclasses.fields(record)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(record, field, None)


def test_a_cursor_keeps_what_it_was_given() -> None:
    state = {"next": "a"}
    cursor = Cursor(state)
    state["next"] = "b"
    assert cursor.state["next"] == "a"
    with pytest.raises(TypeError):
        cursor.state["next"] = "c"  # type: ignore[index]


def test_content_is_stable_to_the_byte() -> None:
    """Storage compares these bytes with those of years ago: they may never change."""
    post = Post(
        platform="x",
        account_id="1",
        native_id="9",
        text="Grüße \U0001f319",
        links=("https://a.example/",),
        media=(Media(kind="image", native_key="m1", url="https://signed.example/?t=1", alt_text="moon"),),
        in_reply_to=Reference(native_id="8"),
    )
    assert post.content().decode() == (
        '{"links":["https://a.example/"],"media":[["image","m1","moon"]],"quote":null,"reply":"8","repost":null,'
        '"summary":"","text":"Grüße \U0001f319","title":""}'
    )


@pytest.mark.parametrize(
    "change",
    [
        {"text": "other"},
        {"title": "other"},
        {"summary": "other"},
        {"links": ()},
        {"media": ()},
        {"in_reply_to": None},
        {"quote_of": None},
        {"repost_of": REFERENCE},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_a_reader_sees_is_content(change: dict[str, Any]) -> None:
    assert replace(POST, **change).content() != POST.content()


@pytest.mark.parametrize(
    "change",
    [
        {"media": (replace(POST.media[0], url="https://signed.example/?t=2", path="/elsewhere"),)},
        {"revision": "2"},
        {"edited_at": NOW},
        {"posted_at": NOW, "posted_at_precision": Precision.DAY},
        {"url": "https://moved.example/"},
        {"in_reply_to": replace(REFERENCE, text="", available=False)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_a_platform_signs_or_moves_is_not_content(change: dict[str, Any]) -> None:
    assert replace(POST, **change).content() == POST.content()


def test_content_survives_half_a_surrogate_pair() -> None:
    assert replace(POST, text="\ud83c").content() != replace(POST, text="\udf19").content()


def test_an_account_id_is_fixed_and_blind_to_case() -> None:
    assert account_id("x", "MoonClinic") == account_id("x", "moonclinic") == "d08e3f2ea8a15b1886879263d0e11a1d"
    assert account_id("facebook", "moonclinic") != account_id("x", "moonclinic")


def test_severities_are_ordered() -> None:
    assert Severity.CRITICAL.rank > Severity.HIGH.rank > Severity.MEDIUM.rank > Severity.LOW.rank > Severity.INFO.rank


def test_a_reading_gives_text_by_name_entities_by_type_and_the_first_gap() -> None:
    person = Entity(type="PERSON", span=Span("text", 0, 4), score=0.9)
    date = Entity(type="DATE_TIME", span=Span("bio", 0, 4), score=0.8)
    reading = Reading(
        account=ACCOUNT,
        post=None,
        segments=(SEGMENT, Segment(name="bio", text="moon")),
        signals={
            "text": Signals(segment="text", entities=(person,)),
            "bio": Signals(segment="bio", entities=(date,), not_read="language"),
        },
    )
    assert reading.by_name == {"text": SECRET, "bio": "moon"}
    assert reading.entities("PERSON") == [person]
    assert reading.entities() == [person, date]
    assert reading.not_read == "language"
    assert replace(reading, signals={}).not_read is None


def test_a_finding_has_no_room_for_words() -> None:
    assert {field.name for field in dataclasses.fields(Finding)}.isdisjoint({"text", "quote", "excerpt"})


def test_a_raw_page_knows_its_own_digest() -> None:
    assert replace(RAW, body=b"moon").sha256 == "9e78b43ea00edcac8299e0cc8df7f6f913078171335f733a21d5d911b6999132"
