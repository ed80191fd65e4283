"""Our model within Presidio, and Presidio's other models within ours: nothing fetched, nothing sent, nothing quoted."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import spacy
import spacy.cli
import yaml
from presidio_analyzer import AnalyzerEngine, Pattern, PatternRecognizer, RecognizerRegistry, RemoteRecognizer
from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpEngineProvider

from core.errors import ConfigError, DetectError
from core.policy import default_policy_path, load_policy
from core.records import Account, Basis, Kind, Post, Profile
from detectors import _other_model, _reader
from detectors._encoder import Encoder
from detectors._nlp_engine import EncoderNlpEngine
from detectors._other_model import OtherModel
from detectors._reader import Reader

CANARY = "Quillfeather"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        pytest.fail("a connection or a download was tried")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(spacy.cli, "download", refuse)


@pytest.fixture
def engine(taught: Encoder) -> EncoderNlpEngine:
    engine = EncoderNlpEngine(encoder=taught)
    engine.load()
    return engine


def analyzer(engine: EncoderNlpEngine, *recognizers: PatternRecognizer) -> AnalyzerEngine:
    own = RecognizerRegistry.get_nlp_recognizer(engine)(supported_entities=engine.get_supported_entities())
    registry = RecognizerRegistry(recognizers=[own, *recognizers], supported_languages=["en"])
    return AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])


def test_presidio_s_analyzer_finds_what_our_model_tells(engine: EncoderNlpEngine) -> None:
    text = "On Tuesday Mari\u0301a\u200b Lopez, a pt with sepsis, came from the Bronx"
    results = analyzer(engine).analyze(text, "en")
    found = sorted((r.start, r.entity_type, text[r.start : r.end]) for r in results)
    assert [(type_, words) for _, type_, words in found] == [
        ("DATE_TIME", "Tuesday"),
        ("PERSON", "Mari\u0301a\u200b Lopez"),
        ("LOCATION", "Bronx"),
    ]
    assert all(0.5 < r.score < 1.0 for r in results)
    assert engine.get_supported_entities() == ["AGE", "DATE_TIME", "LOCATION", "ORGANIZATION", "PERSON"]


def test_presidio_s_context_words_lift_a_score(engine: EncoderNlpEngine) -> None:
    number = PatternRecognizer("TICKET", patterns=[Pattern("n", r"\b\d{7}\b", 0.2)], context=["booking"])
    with_word, without = (analyzer(engine, number).analyze(f"The {word} 1234567 is here", "en")[0] for word in ("BOOKING", "x"))
    assert with_word.score > without.score == 0.2


def test_presidio_s_provider_builds_it_by_name(monkeypatch: pytest.MonkeyPatch, taught: Encoder) -> None:
    monkeypatch.setattr("detectors._nlp_engine.shipped_encoder", lambda: taught)
    configuration = {
        "nlp_engine_name": "night_rounds",
        "models": [{"lang_code": "es", "model_name": "shipped"}],
        "ner_model_configuration": {"labels_to_ignore": ["LOCATION"]},
    }
    built = NlpEngineProvider(nlp_engines=(EncoderNlpEngine,), nlp_configuration=configuration).create_engine()
    assert built.is_loaded()
    assert built.get_supported_languages() == ["es"]
    assert [span.label_ for span in built.process_text("Maria del Bronx", "es").entities] == ["PERSON"]
    assert "LOCATION" not in built.get_supported_entities()
    assert built.is_stopword("de", "es")
    assert built.is_punct(",", "es")
    with pytest.raises(ValueError, match="not loaded"):
        built.process_text("Maria", "en")
    wrong = EncoderNlpEngine([{"lang_code": "fr", "model_name": "shipped"}], NerModelConfiguration())
    assert not wrong.is_loaded()
    with pytest.raises(ValueError, match="not fr"):
        wrong.load()


def test_texts_come_back_in_order_and_with_their_context(engine: EncoderNlpEngine) -> None:
    batch = list(engine.process_batch(["Maria", "\ud800 Bronx", ""], "en"))
    assert [(text, [e.label_ for e in artifacts.entities]) for text, artifacts in batch] == [
        ("Maria", ["PERSON"]),
        ("\ud800 Bronx", ["LOCATION"]),
        ("", []),
    ]
    ((text, artifacts, context),) = engine.process_batch([("Maria", 7)], "en", as_tuples=True)
    assert (text, context, artifacts.lemmas) == ("Maria", 7, ["maria"])


@pytest.fixture
def ruled(tmp_path: Path) -> Path:
    """A spaCy pipeline on disk that knows two names, and Presidio's configuration of it."""
    pipeline = spacy.blank("en")
    ruler = pipeline.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": CANARY}, {"label": "GPE", "pattern": "Zanzibar"}])  # type: ignore[attr-defined]
    pipeline.to_disk(tmp_path / "pipeline")
    configuration = {
        "nlp_engine_name": "spacy",
        "models": [{"lang_code": "en", "model_name": str(tmp_path / "pipeline")}],
        "ner_model_configuration": {
            "default_score": 0.77,
            "model_to_presidio_entity_mapping": {"PERSON": "PERSON", "GPE": "LOCATION"},
        },
    }
    return written(tmp_path / "nlp.yaml", configuration)


def written(path: Path, configuration: Any) -> Path:
    path.write_text(yaml.safe_dump(configuration))
    return path


def reader(monkeypatch: pytest.MonkeyPatch, taught: Encoder, configuration: Path) -> Reader:
    monkeypatch.setattr(_reader, "shipped_encoder", lambda: taught)
    return Reader(load_policy(default_policy_path()), nlp_configuration=configuration)


ACCOUNT = Account(
    id="a",
    platform="x",
    handle="h",
    kind=Kind.OFFICIAL,
    basis=Basis.OWNED,
    basis_recorded_by="tests",
    basis_recorded_at=datetime(2025, 1, 1, tzinfo=UTC),
    profile=Profile(bio=f"{CANARY} writes here"),
)


def test_names_come_from_the_configured_model_and_judgements_from_ours(
    monkeypatch: pytest.MonkeyPatch, taught: Encoder, ruled: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    post = Post(
        platform="x",
        account_id="a",
        native_id="1",
        title="From Zanzibar",
        text=f"nurse {CANARY}, bronx, pt \ud800 since Tuesday",
    )
    reading = reader(monkeypatch, taught, ruled).read_post(ACCOUNT, post)
    found = [(e.type, e.span.segment, reading.by_name[e.span.segment][e.span.start : e.span.end]) for e in reading.entities()]
    assert ("PERSON", "text", CANARY) in found
    assert ("LOCATION", "title", "Zanzibar") in found
    assert ("PERSON", "bio", CANARY) in found
    assert ("LOCATION", "text", "bronx") not in found
    assert {"DATE_TIME", "PATIENT"} <= {type_ for type_, _, _ in found}
    assert reading.classes["staff"] > 0.9
    assert [e.score for e in reading.entities("LOCATION")] == [0.77]
    assert CANARY not in caplog.text


def test_an_analyzer_s_configuration_may_bring_recognizers(
    monkeypatch: pytest.MonkeyPatch, taught: Encoder, ruled: Path, tmp_path: Path
) -> None:
    ticket = {
        "name": "tickets",
        "supported_entity": "TICKET",
        "patterns": [{"name": "n", "regex": r"\b\d{7}\b", "score": 0.4}],
        "context": ["booking"],
        "type": "custom",
        "supported_language": "en",
    }
    email = {"name": "EmailRecognizer", "type": "predefined", "supported_languages": ["en"]}
    both = {"nlp_configuration": yaml.safe_load(ruled.read_text()), "recognizer_registry": {"recognizers": [ticket, email]}}
    path = written(tmp_path / "analyzer.yaml", both)
    text = f"{CANARY}'s booking 1234567, z@quill.example.co.uk"
    found = {f.type: f for f in OtherModel.load(path).find(text, "en")}
    assert {"PERSON", "TICKET", "EMAIL_ADDRESS"} <= found.keys()
    assert found["TICKET"].score > 0.4  # lemmas were given to the blank pipeline
    assert {f.type for f in OtherModel.load(path).find(text, "und")} == found.keys()


@pytest.mark.parametrize(
    ("configuration", "problem"),
    [
        ([], "expected a table"),
        ({}, "expected nlp_engine_name"),
        ({"nlp_engine_name": "spacy", "models": []}, "can't be loaded"),
        ({"nlp_engine_name": "none", "models": [{"lang_code": "en", "model_name": "x"}]}, "can't be loaded"),
        ({"nlp_engine_name": "spacy", "models": [{"lang_code": "en", "model_name": "en_core_web_lg"}]}, "not on this machine"),
        ({"nlp_engine_name": "slim", "models": [{"lang_code": "en", "model_name": "en_core_web_sm"}]}, "not on this machine"),
        ({"nlp_engine_name": "no_op", "models": [{"lang_code": "en", "model_name": "x"}]}, "finds no names"),
    ],
)
def test_what_can_not_be_used_is_said_before_anything_is_read(tmp_path: Path, configuration: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        OtherModel.load(written(tmp_path / "nlp.yaml", configuration))


@pytest.mark.parametrize(
    ("registry", "problem"),
    [
        ({}, "expected recognizers"),
        ({"recognizers": ["EmailRecognizer"]}, "passes over bare names"),
        ({"recognizers": [{"name": "UrlRecognizer", "type": "predefined"}]}, "UrlRecognizer may not be used"),
    ],
)
def test_recognizers_that_do_harm_are_refused(ruled: Path, tmp_path: Path, registry: Any, problem: str) -> None:
    both = {"nlp_configuration": yaml.safe_load(ruled.read_text()), "recognizer_registry": registry}
    with pytest.raises(ConfigError, match=problem):
        OtherModel.load(written(tmp_path / "analyzer.yaml", both))


def test_a_recognizer_that_asks_a_server_is_refused(ruled: Path, tmp_path: Path) -> None:
    class FarRecognizer(RemoteRecognizer):
        def __init__(self, **_: Any) -> None:
            super().__init__(["PERSON"], "far", "en", "1")

        def load(self) -> None: ...

        def analyze(self, text: str, entities: Any, nlp_artifacts: Any) -> Any: ...

        def get_supported_entities(self) -> Any: ...

    registry = {"recognizers": [{"name": "FarRecognizer", "type": "predefined", "supported_languages": ["en"]}]}
    both = {"nlp_configuration": yaml.safe_load(ruled.read_text()), "recognizer_registry": registry}
    with pytest.raises(ConfigError, match="sends the text to a server"):
        OtherModel.load(written(tmp_path / "analyzer.yaml", both))


@pytest.mark.parametrize("least", [2, -0.1, float("nan"), True, "high"])
def test_a_threshold_that_is_none_is_refused(ruled: Path, tmp_path: Path, least: Any) -> None:
    both = {"nlp_configuration": yaml.safe_load(ruled.read_text()), "default_score_threshold": least}
    with pytest.raises(ConfigError, match="expected a number from 0 to 1"):
        OtherModel.load(written(tmp_path / "analyzer.yaml", both))


@pytest.mark.parametrize("name", ["missing.yaml", "broken.yaml"])
def test_a_file_that_can_not_be_read_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "broken.yaml").write_bytes(b"a: [\xff")
    with pytest.raises(ConfigError, match=name):
        OtherModel.load(tmp_path / name)


def test_a_failing_model_quotes_nothing(monkeypatch: pytest.MonkeyPatch, taught: Encoder, ruled: Path) -> None:
    def fail(text: str, *_: Any) -> Iterator[Any]:
        raise ValueError(f"Did not find word '{text}'")

    failing = OtherModel(SimpleNamespace(supported_languages=["en"], analyze=fail))  # type: ignore[arg-type]
    with pytest.raises(DetectError) as caught:
        list(failing.find(CANARY, "en"))
    assert CANARY not in str(caught.value)
    assert caught.value.__suppress_context__


def test_what_a_model_says_beyond_the_text_is_not_believed() -> None:
    results = [
        SimpleNamespace(entity_type="PERSON", start=s, end=e, score=c)
        for s, e, c in ((0, 3, 0.9), (0, 9, 0.9), (2, 1, 1.0), (0, 3, 0.1))
    ]
    odd = OtherModel(SimpleNamespace(supported_languages=["en"], analyze=lambda *_: results))  # type: ignore[arg-type]
    assert [(f.start, f.end) for f in odd.find("abc", "en")] == [(0, 3)]


def test_a_changed_configuration_is_another_version(ruled: Path) -> None:
    before = Reader.version(ruled)
    assert before.startswith(Reader.version())
    ruled.write_text(ruled.read_text() + "\n# another model\n")
    assert Reader.version(ruled) != before
    with pytest.raises(ConfigError, match="can't be read"):
        Reader.version(ruled.with_name("none.yaml"))


def test_lone_surrogates_reach_no_pipeline(ruled: Path) -> None:
    assert [f.type for f in OtherModel.load(ruled).find(f"\ud83d {CANARY} \udfff", "en")] == ["PERSON"]


def test_only_engines_that_fetch_nothing_are_offered(make_model: Callable[..., Path]) -> None:
    names = {engine.engine_name for engine in _other_model._ENGINES}
    assert names == {"spacy", "slim", "stanza", "transformers", "no_op", "night_rounds"}
    with pytest.raises(ConfigError, match="path of a folder"):
        _other_model._Transformers._validate_model_params(
            {"lang_code": "en", "model_name": {"spacy": "en_core_web_sm", "transformers": "someone/some-model"}}
        )
    assert _other_model._Stanza([{"lang_code": "en", "model_name": "en"}]).download_if_missing is False
