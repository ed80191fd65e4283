"""Of a protected post, a finding that passed the gate shows its own sentences and nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Media, Post, Reference, Severity, Span
from core.settings import Settings
from nightrounds.context import open_context
from nightrounds.excerpts import gravest, in_place
from nightrounds.protected_words import BLOCK, post_without_protected_part, without_protected_part
from storage import findings

PATIENT = "Quillon Abernethy in room 14 tested positive for HIV this morning."
UNREST = "Our union meets again because management cut nurses to the bone."
NAMED = Span("text", len(UNREST) + 1, len(UNREST) + 1 + len("Quillon Abernethy"))


def is_protected(text: str) -> bool:
    return "union" in text


def shown(text: str, *spans: Span) -> str:
    return without_protected_part({"text": text}, spans, is_protected)["text"]


def test_only_the_sentence_that_a_span_touches_is_left():
    assert shown(f"{UNREST} {PATIENT} Same here!", NAMED).replace(BLOCK, "").split() == PATIENT.split()


def test_offsets_stay():
    text = f"{UNREST} {PATIENT}"
    assert len(shown(text, NAMED)) == len(text)
    assert shown(text, NAMED)[NAMED.start : NAMED.end] == "Quillon Abernethy"


@pytest.mark.parametrize("end", [". ", "! ", "?! ", "… ", '." ', "\n", "\r\n", "\u2028"])
def test_where_a_sentence_ends(end):
    assert "union" not in shown(f"union now{end}Bo in room 4 died", Span("text", len("union now") + len(end), 30))


def test_a_title_ends_no_sentence_and_a_span_over_two_shows_both():
    assert shown("Dr. Oyelaran saw Bo.", Span("text", 17, 19)) == "Dr. Oyelaran saw Bo."
    assert shown("Bo came. He died. Strike!", Span("text", 0, 12)).startswith("Bo came. He died. ▇")


def test_of_a_sentence_that_is_protected_itself_only_the_spans_words_are_left():
    text = "Our union says Quillon Abernethy died for want of nurses."
    assert shown(text, Span("text", 15, 32)).replace(BLOCK, "").split() == ["Quillon", "Abernethy"]


def test_without_spans_nothing_is_left_but_who_the_account_is():
    left = without_protected_part(
        {"text": UNREST, "bio": "NYSNA delegate", "handle": "nobody", "display_name": "N. B."}, [], is_protected
    )
    assert left["handle"] == "nobody"
    assert not any(char.isalnum() for char in left["text"] + left["bio"])


def test_no_part_of_the_post_is_forgotten():
    other = Reference(native_id="2", text=UNREST)
    picture = Media(kind="image", native_key="k", alt_text=UNREST, url="https://x.example/picket.jpg", path="/p.jpg")
    post = Post(
        platform="x", account_id="a", native_id="1", title=UNREST, text=f"{UNREST} {PATIENT}", summary=UNREST,
        links=("https://nysna.example/strike",), media=(picture,), in_reply_to=other, quote_of=other, repost_of=other,
    )  # fmt: skip
    content = (
        repr(post_without_protected_part(post, [NAMED], is_protected).content())
        + post_without_protected_part(post, [NAMED], is_protected).media[0].url
    )
    assert not any(word in content for word in ("union", "nysna", "strike", "picket", "management"))
    assert "Quillon" in post_without_protected_part(post, [NAMED], is_protected).text


def test_a_picture_that_the_finding_is_about_is_left():
    picture = Media(kind="image", native_key="k", alt_text="Bo, room 4", url="https://x.example/bo.jpg")
    post = Post(platform="x", account_id="a", native_id="1", text=UNREST, media=(picture,))
    assert post_without_protected_part(post, [Span("media.0.alt_text", 0, 2)], is_protected).media == (picture,)


@given(st.text(max_size=200), st.lists(st.tuples(st.integers(-5, 250), st.integers(-5, 250)), max_size=4))
def test_any_text_keeps_its_length_and_shows_nothing_that_no_span_asks_for(text, ranges):
    left = shown(text, *(Span("text", *pair) for pair in ranges))
    assert len(left) == len(text)
    assert all(new in {old, BLOCK} for old, new in zip(text, left, strict=True))
    if not ranges:
        assert not any(char.isalnum() for char in left)
    for start, end in ranges:
        assert start >= end or left[max(start, 0) : max(end, 0)] == text[max(start, 0) : max(end, 0)]


@pytest.fixture
def protected_home(nightrounds, tmp_path):
    """A home that holds one protected post of a nurse, with a patient in it."""
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("platform,handle,kind,basis,recorded_by,recorded_at\nx,someone,personnel,self-disclosed,T,2026-11-01\n")
    assert nightrounds("accounts", "import", str(accounts)).returncode == 0
    posts = tmp_path / "posts.jsonl"
    post = {"id": "7", "platform": "x", "account": {"handle": "someone"}, "text": f"{UNREST} My patient {PATIENT}"}
    posts.write_text(json.dumps(post))
    assert nightrounds("posts", "import", str(posts)).returncode == 0
    return tmp_path / "home"


def test_a_patient_in_a_protected_post_is_seen_and_the_rest_is_not(protected_home, nightrounds):
    with open_context(Settings(home=protected_home)) as context, context.store.read() as tx:
        found = findings.list_findings(tx)
        (stored,) = (one for one in found if one.finding.category == "direct_identifier")
        masked, whole = in_place(context, tx, stored), in_place(context, tx, stored, opens_seals=True)
        grave = gravest(context, least=Severity.HIGH, since=stored.found_at, most=9)
    assert "Quillon Abernethy" in masked.text
    for one in (masked, *grave):
        assert not any(word in one.text + one.post.text for word in ("union", "management", "meets", "nurses"))
    assert UNREST in whole.text
    assert UNREST in whole.post.text
    told = nightrounds("findings", "show", str(stored.id), home=protected_home).stdout
    (excerpt,) = (line.split() for line in told.splitlines() if BLOCK in line)
    assert "patient" in excerpt, "the finding's own sentence is excerpted"
    assert not {"Our", "meets", "because", "nurses", "again"} & set(excerpt)


def test_another_post_of_the_same_person_is_shown_as_ever(protected_home, nightrounds, tmp_path):
    posts = tmp_path / "more.jsonl"
    text = f"Lovely morning by the river. My patient {PATIENT}"
    posts.write_text(json.dumps({"id": "8", "platform": "x", "account": {"handle": "someone"}, "text": text}))
    assert nightrounds("posts", "import", str(posts)).returncode == 0
    with open_context(Settings(home=protected_home)) as context, context.store.read() as tx:
        newest = findings.list_findings(tx)[0]
        assert in_place(context, tx, newest).text == text


def test_of_a_password_in_a_protected_post_nothing_else_is_shown(protected_home, nightrounds, tmp_path):
    posts = tmp_path / "more.jsonl"
    text = "Understaffed again on nine. The pump room is a fridge and the wifi password is Kettle7Drum! for whoever freezes."
    posts.write_text(json.dumps({"id": "9", "platform": "x", "account": {"handle": "someone"}, "text": text}))
    assert nightrounds("posts", "import", str(posts)).returncode == 0
    with open_context(Settings(home=protected_home)) as context, context.store.read() as tx:
        (stored,) = (one for one in findings.list_findings(tx) if one.finding.category == "credentials")
        shown_text = in_place(context, tx, stored).text
    assert "".join(shown_text.replace(BLOCK, "").split()) == "Kettle7Drum!"
