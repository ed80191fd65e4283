"""What the language model tells: whole words in offsets of the text as given, whatever was done to hide them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ConfigError
from detectors import _encoder
from detectors._encoder import LONGEST, MOST_WINDOWS, Encoder, EncoderInput, Told, shipped_encoder
from detectors._model_folder import digest_of


def told(encoder: Encoder, own: str, context: str = "") -> Told:
    (one,) = encoder.read([EncoderInput(own, context)])
    return one


def found(encoder: Encoder, own: str) -> list[tuple[str, str]]:
    return [(f.type, own[f.start : f.end]) for f in told(encoder, own).entities]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We met Maria Lopez in the Bronx.", [("PERSON", "Maria Lopez"), ("LOCATION", "Bronx")]),
        ("Lopez called", [("PERSON", "Lopez")]),  # an inside without a beginning begins
        ("Maria Maria", [("PERSON", "Maria"), ("PERSON", "Maria")]),
        ("Maria de Lopez", [("PERSON", "Maria de Lopez")]),
        ("Maria and then Lopez", [("PERSON", "Maria"), ("PERSON", "Lopez")]),
        ("Maria! Lopez", [("PERSON", "Maria"), ("PERSON", "Lopez")]),
        ("Maria. Lopez", [("PERSON", "Maria"), ("PERSON", "Lopez")]),
        ("Maria\nLopez", [("PERSON", "Maria"), ("PERSON", "Lopez")]),
        ("Maria Bronx Lopez", [("PERSON", "Maria"), ("LOCATION", "Bronx"), ("PERSON", "Lopez")]),
        ("on Tuesday, pt with sepsis", [("DATE_TIME", "Tuesday"), ("PATIENT", "pt"), ("HEALTH", "sepsis")]),
        ("MARIA LOPEZ", [("PERSON", "MARIA LOPEZ")]),
        ("#MariaLopez", [("PERSON", "MariaLopez")]),
        ("@maria https://example.org/maria", []),
        ("", []),
        ("…", []),
    ],
)
def test_words_become_entities(taught: Encoder, text: str, expected: list[tuple[str, str]]) -> None:
    assert found(taught, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("¡Mari\u0301a!", "Mari\u0301a"),
        ("a Mar\u200bía\u200b", "Mar\u200bía"),
        ("x\u202e Mаriа", "Mаriа"),  # Cyrillic
        ("👍🏽 𝓜𝓪𝓻𝓲𝓪", "𝓜𝓪𝓻𝓲𝓪"),
        ("ﬁrst M4ria", "M4ria"),
        ("\ud800 Maria \udfff", "Maria"),
    ],
)
def test_offsets_count_the_text_as_it_was_given(taught: Encoder, text: str, expected: str) -> None:
    assert found(taught, text) == [("PERSON", expected)]


def test_a_possessive_is_no_part_of_a_name_but_of_a_firm(taught: Encoder) -> None:
    assert found(taught, "Maria's car at Arby's") == [("PERSON", "Maria"), ("ORGANIZATION", "Arby's")]


def test_the_score_is_the_mean_probability_of_the_words(taught: Encoder) -> None:
    one, two = told(taught, "Maria").entities[0].score, told(taught, "Maria de Lopez").entities[0].score
    assert 0.85 < one < 1.0
    assert two == pytest.approx((2 * one + told_outside()) / 3, abs=0.01)


def told_outside() -> float:
    """The probability of PERSON that a word with no tag has: two labels of seven, none of them likely."""
    return 2 / (6 + 54.6)


def test_what_is_less_likely_than_asked_is_not_told(make_model: Callable[..., Path], taught: Encoder) -> None:
    least = {**taught.about.least, "PERSON": 0.99}
    assert found(Encoder.load(make_model(least=least)), "Maria in Bronx") == [("LOCATION", "Bronx")]


def test_classes_are_calibrated_and_the_highest_of_all_windows(make_model: Callable[..., Path], taught: Encoder) -> None:
    assert told(taught, "hello").classes == pytest.approx({"patient": 0.018, "staff": 0.018}, abs=1e-3)
    assert told(taught, "word " * 50 + "nurse " + "word " * 50).classes["staff"] == pytest.approx(0.982, abs=1e-3)
    calibrated = Encoder.load(make_model(calibration={"patient": [1e-6, 0.0], "staff": [0.5, 1.0]}))
    assert told(calibrated, "nurse").classes == pytest.approx({"patient": 0.5, "staff": 0.9526}, abs=1e-3)
    assert told(taught, "").classes == {}


def test_what_is_answered_is_read_but_tells_no_entities_and_only_its_first_words_count(taught: Encoder) -> None:
    answer = told(taught, "hello Maria", "dear nurse Lopez")
    assert [f.start for f in answer.entities] == [6]
    assert answer.classes["staff"] > 0.9
    assert told(taught, "hello", "word " * 6 + "nurse").classes["staff"] < 0.1


@pytest.mark.parametrize("before", range(14))
def test_a_name_at_any_place_of_a_long_text_is_found_once_and_whole(taught: Encoder, before: int) -> None:
    text = "word " * before + "Maria de Lopez " + "unknown " * 40 + "Maria Lopez"
    assert found(taught, text) == [("PERSON", "Maria de Lopez"), ("PERSON", "Maria Lopez")]


def test_windows_change_nothing_where_words_speak_for_themselves(make_model: Callable[..., Path], taught: Encoder) -> None:
    wide = Encoder.load(make_model(room=400))
    text = " ".join(f"{'Maria' if n % 7 == 0 else 'Lopez' if n % 11 == 0 else 'unknown'}" for n in range(300))
    assert told(wide, text).entities == told(taught, text).entities


def test_a_text_longer_than_is_read_says_how_far_it_was_read(taught: Encoder) -> None:
    text = "Maria " * LONGEST
    one = told(taught, text)
    assert 0 < one.read_to < LONGEST
    assert one.entities[-1].end == one.read_to
    assert told(taught, "Maria " * 50).read_to == 300


@pytest.mark.parametrize(
    "text", ["a" * (1 << 20), "😀" * (1 << 20), "\ud83d" * 50_000, "\u0301" * 50_000, "\ufffd " * 50_000, "@" * 50_000]
)
def test_hostile_texts_are_read_in_bounded_work(taught: Encoder, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = []
    run = Encoder._run
    monkeypatch.setattr(Encoder, "_run", lambda *given: runs.append(1) or run(*given))
    assert told(taught, text).entities == ()
    assert len(runs) <= MOST_WINDOWS


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec=None), max_size=120), st.text(max_size=40))
def test_any_text_is_read_and_entities_lie_within_it(taught: Encoder, own: str, context: str) -> None:
    text = f"{own} Maria {own}"
    one = told(taught, text, context)
    assert all(0 <= f.start < f.end <= len(text) and 0.0 < f.score <= 1.0 for f in one.entities)
    assert one.read_to == len(text)
    assert set(one.classes) == {"patient", "staff"}


def test_a_known_text_is_not_read_again_and_no_text_is_kept(
    make_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = Encoder.load(make_model())
    first = told(encoder, "Maria Lopez", "a")
    assert b"Maria" not in b"".join(encoder._known)
    assert told(encoder, "Maria Lopeza", "") != first
    monkeypatch.setattr(Encoder, "_run", lambda *_: pytest.fail("read again"))
    assert told(encoder, "Maria Lopez", "a") is first


def test_what_is_kept_is_bounded(make_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_encoder, "_KEPT", 5)
    encoder = Encoder.load(make_model())
    encoder.read(EncoderInput(f"word {n}") for n in range(20))
    told(encoder, "x" * 20_000)
    assert len(encoder._known) == 5


@pytest.mark.parametrize("name", ["encoder.onnx", "tokenizer.json"])
def test_a_changed_file_is_not_used(make_model: Callable[..., Path], name: str) -> None:
    folder = make_model()
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    with pytest.raises(ConfigError, match=f"{name} is not the file that model.json names"):
        Encoder.load(folder)


@pytest.mark.parametrize("name", ["encoder.onnx", "tokenizer.json", "model.json"])
def test_a_missing_file_is_told_by_its_name(make_model: Callable[..., Path], name: str) -> None:
    folder = make_model()
    (folder / name).unlink()
    with pytest.raises(ConfigError, match=f"{name} can't be read"):
        Encoder.load(folder)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"room": 0}, "room"),
        ({"room": 12, "overlap": 12}, "overlap"),
        ({"room": 504}, "512"),
        ({"least": {}}, "least"),
        ({"calibration": {}}, "calibration"),
        ({"sha256": {}}, "sha256"),
        ({"sha256": {"encoder.onnx": "x", "tokenizer.json": "y"}}, "sha256"),
        ({"tags": {"names": ["PERSON"]}, "least": {"PERSON": 0.5}}, "another form"),
        ({"classes": ["patient"], "calibration": {"patient": [1, 0]}}, "another form"),
        ({"tags": {"others": ["PERSON"]}, "least": {"PERSON": 0.5}}, "does not take"),
    ],
)
def test_a_model_that_does_not_fit_its_description_is_refused(
    make_model: Callable[..., Path], changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ConfigError, match=problem):
        Encoder.load(make_model(**changes))


def test_files_that_are_no_model_are_refused(make_model: Callable[..., Path]) -> None:
    folder = make_model()
    about = json.loads((folder / "model.json").read_text())
    (folder / "encoder.onnx").write_bytes(b"no model")
    about["sha256"]["encoder.onnx"] = hashlib.sha256(b"no model").hexdigest()
    (folder / "model.json").write_text(json.dumps(about))
    with pytest.raises(ConfigError, match="can't be loaded"):
        Encoder.load(folder)


def test_the_digest_changes_with_thresholds_and_calibration(make_model: Callable[..., Path]) -> None:
    same, again = digest_of(make_model()), digest_of(make_model())
    other = digest_of(make_model(calibration={"patient": [1.0, 0.1], "staff": [1.0, 0.0]}))
    assert same == again != other


def test_the_shipped_model_runs_on_one_thread_and_reads_a_post_alike_in_any_company() -> None:
    encoder = shipped_encoder()
    options = encoder._session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert encoder._session.get_providers() == ["CPUExecutionProvider"]
    assert os.environ["TOKENIZERS_PARALLELISM"]
    texts = [EncoderInput(text) for text in ("Maria Lopez came by.", "Bed 4 " * 60, "My pt coded twice on Tuesday", "ok")]
    alone = [Encoder.load().read([one])[0] for one in texts]
    assert Encoder.load().read(texts) == alone
    assert Encoder.load().read(reversed(texts)) == alone[::-1]


def test_reading_says_nothing(taught: Encoder, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    told(taught, "Maria Lopez " * 40, "nurse")
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")
