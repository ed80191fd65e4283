"""Another model for names, as Presidio's own YAML names it: spaCy, transformers, Stanza, GLiNER or whatever Presidio builds.

Nothing is ever downloaded and nothing is sent anywhere: a model must lie on this machine, and recognizers that ask a server are
refused. What Presidio raises may quote the text, so only its class is told on.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import spacy
import tldextract.tldextract
import yaml
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry, RemoteRecognizer
from presidio_analyzer.nlp_engine import (
    NlpEngine,
    NlpEngineProvider,
    NoOpNlpEngine,
    SlimSpacyNlpEngine,
    SpacyNlpEngine,
    StanzaNlpEngine,
    TransformersNlpEngine,
)
from presidio_analyzer.predefined_recognizers import UrlRecognizer
from presidio_analyzer.recognizer_registry import RecognizerRegistryProvider
from spacy.language import Language
from spacy.tokens import Doc

from core.errors import ConfigError, DetectError
from detectors._encoder import LONGEST
from detectors._identifiers import FLOOR, Found
from detectors._nlp_engine import EncoderNlpEngine, speakable

_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_MEND = "install the model, or give the path of its folder"


class _NeedsNoDownload:
    """Stands before an engine whose own answer to a missing model is to fetch it."""

    @staticmethod
    def _download_spacy_model_if_needed(model_name: str) -> None:
        if not (spacy.util.is_package(model_name) or Path(model_name).exists()):
            raise ConfigError(f"the spaCy model {model_name!r} is not on this machine; {_MEND}")


class _Spacy(_NeedsNoDownload, SpacyNlpEngine):
    pass


class _Slim(_NeedsNoDownload, SlimSpacyNlpEngine):
    pass


class _Stanza(StanzaNlpEngine):
    def __init__(self, models: Any = None, ner_model_configuration: Any = None) -> None:
        super().__init__(models, ner_model_configuration, download_if_missing=False)


class _Transformers(_NeedsNoDownload, TransformersNlpEngine):
    @staticmethod
    def _validate_model_params(model: dict[str, Any]) -> None:
        TransformersNlpEngine._validate_model_params(model)
        if not Path(model["model_name"]["transformers"]).is_dir():
            raise ConfigError("a transformers model is named by the path of a folder on this machine")


_ENGINES = (_Spacy, _Slim, _Stanza, _Transformers, NoOpNlpEngine, EncoderNlpEngine)


def configuration_digest(path: Path) -> str:
    """Eight hexadecimal digits that change with the file. Raises ConfigError."""
    return hashlib.sha256(_bytes(path)).hexdigest()[:8]


class OtherModel:
    """Finds names with what a configuration describes. One serves a whole process, one text at a time."""

    def __init__(self, analyzer: AnalyzerEngine) -> None:
        self._analyzer = analyzer
        self._languages = tuple(analyzer.supported_languages)

    @classmethod
    def load(cls, path: Path) -> OtherModel:
        """From Presidio's YAML of an NLP engine (`nlp_engine_name`, `models`, `ner_model_configuration`) or of an analyzer
        (`nlp_configuration`, and `recognizer_registry` with the recognizers to be used).

        Raises:
            ConfigError: the file is not that, names what is not on this machine, or a recognizer that may not be used.
        """
        try:
            given = yaml.safe_load(_bytes(path))
        except yaml.YAMLError:
            raise ConfigError(f"{path}: not valid YAML") from None
        if not isinstance(given, dict):
            raise ConfigError(f"{path}: expected a table with nlp_engine_name, or with nlp_configuration")
        _keep_quiet_and_offline()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return cls(_analyzer(given))
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None
        except Exception as error:  # whatever the named engine raises
            raise ConfigError(f"{path}: the model can't be loaded ({type(error).__name__}: {_first_line(error)})") from None

    def find(self, text: str, language: str) -> Iterator[Found]:
        """Entities of `text`, in its offsets; a language that the model does not have is read as its first.

        Raises:
            DetectError: the model failed.
        """
        language = language if language in self._languages else self._languages[0]
        try:
            results = self._analyzer.analyze(speakable(text[:LONGEST]), language)
        except Exception as error:
            raise DetectError(f"the configured language model failed ({type(error).__name__})") from None
        for one in results:
            if 0 <= one.start < one.end <= len(text) and one.score >= FLOOR:
                yield Found(str(one.entity_type), one.start, one.end, min(float(one.score), 1.0))


def _analyzer(given: Mapping[str, Any]) -> AnalyzerEngine:
    nlp = given.get("nlp_configuration", given)
    if not isinstance(nlp, dict) or not {"nlp_engine_name", "models"} <= nlp.keys():
        raise ConfigError("expected nlp_engine_name and models, here or under nlp_configuration")
    least = given.get("default_score_threshold", 0.0)
    if isinstance(least, bool) or not isinstance(least, (int, float)) or not 0 <= least <= 1:
        raise ConfigError("default_score_threshold: expected a number from 0 to 1")
    engine = NlpEngineProvider(nlp_engines=_ENGINES, nlp_configuration=nlp).create_engine()
    languages = list(engine.get_supported_languages())
    if isinstance(engine, _Spacy):
        _give_lemmas(engine)
    return AnalyzerEngine(
        registry=_registry(given, engine, languages),
        nlp_engine=engine,
        supported_languages=languages,
        default_score_threshold=float(least),
    )


def _registry(given: Mapping[str, Any], engine: NlpEngine, languages: list[str]) -> RecognizerRegistry:
    """The recognizers that are named; the engine's own alone where none are."""
    named = given.get("recognizer_registry")
    if named is None:
        if isinstance(engine, (NoOpNlpEngine, SlimSpacyNlpEngine)):
            raise ConfigError("this engine finds no names: add a recognizer_registry with a recognizer that does")
        own = RecognizerRegistry.get_nlp_recognizer(engine)
        entities = engine.get_supported_entities()
        recognizers = [own(supported_language=language, supported_entities=entities) for language in languages]
        return RecognizerRegistry(recognizers=recognizers, supported_languages=languages)
    if not isinstance(named, dict) or not named.get("recognizers"):
        raise ConfigError("recognizer_registry: expected recognizers; without them Presidio takes all that it has")
    if not all(isinstance(recognizer, dict) for recognizer in named["recognizers"]):
        raise ConfigError("recognizer_registry: expected a table with a name for each; Presidio passes over bare names")
    configuration = {**named, "supported_languages": languages}
    registry = RecognizerRegistryProvider(registry_configuration=configuration, nlp_engine=engine).create_recognizer_registry()
    if not registry.recognizers:
        raise ConfigError("recognizer_registry: none of its recognizers reads a language of the models")
    for recognizer in registry.recognizers:
        if isinstance(recognizer, RemoteRecognizer):
            raise ConfigError(f"{type(recognizer).__name__} sends the text to a server; it may not be used")
        if isinstance(recognizer, UrlRecognizer):
            raise ConfigError("UrlRecognizer may not be used: a short hostile text holds it up for minutes")
    return registry


def _give_lemmas(engine: SpacyNlpEngine) -> None:
    """Where a pipeline gives no lemmas, the words in small letters: without any, Presidio's context words do nothing."""
    pipelines: dict[str, Language] = engine.nlp or {}
    for pipeline in pipelines.values():
        if not {"lemmatizer", "trainable_lemmatizer"} & set(pipeline.pipe_names):
            pipeline.add_pipe("night_rounds_lower_lemmas", last=True)


@Language.component("night_rounds_lower_lemmas")
def _lower_lemmas(doc: Doc) -> Doc:
    for token in doc:
        token.lemma_ = token.lemma_ or token.lower_
    return doc


def _keep_quiet_and_offline() -> None:
    """Presidio's log quotes texts, its e-mail check fetches a list of suffixes, and model libraries look their models up."""
    logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL + 1)
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    os.environ.update(dict.fromkeys(_OFFLINE, "1"))
    if hub := sys.modules.get("huggingface_hub.constants"):  # read the environment before we could say so
        vars(hub)["HF_HUB_OFFLINE"] = True


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else "no reason given"


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: nlp_configuration can't be read ({error.strerror or type(error).__name__})") from None
