"""Our language model as Presidio sees it: an NlpEngine that its analyzer, or its YAML, can use in place of spaCy's models.

NlpEngineProvider(nlp_engines=(EncoderNlpEngine,), nlp_configuration={
    "nlp_engine_name": "night_rounds", "models": [{"lang_code": "en", "model_name": "shipped"}]}).create_engine()
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import spacy
from presidio_analyzer.nlp_engine import NerModelConfiguration, NlpArtifacts, NlpEngine
from spacy.language import Language
from spacy.tokens import Doc, Span

from detectors._encoder import OWN_TYPES, PRESIDIO_NAMES, Encoder, EncoderInput, shipped_encoder
from detectors._identifiers import Found

_SURROGATE = re.compile("[\ud800-\udfff]")


class EncoderNlpEngine(NlpEngine):
    """Entities from the encoder, words and stop words from spaCy's blank pipelines, which need no download.

    Lemmas are the words in small letters: a blank pipeline gives none, and without them Presidio's context words do nothing.
    """

    engine_name: ClassVar[str] = "night_rounds"
    is_available: ClassVar[bool] = True

    def __init__(
        self,
        models: Sequence[Mapping[str, str]] | None = None,
        ner_model_configuration: NerModelConfiguration | None = None,
        *,
        encoder: Encoder | None = None,
    ) -> None:
        """`models` names the languages (`lang_code`), None all of the model; labels_to_ignore of the configuration holds."""
        self.models = models
        self._ignored = set(ner_model_configuration.labels_to_ignore or ()) if ner_model_configuration else set()
        self._encoder = encoder
        self.nlp: dict[str, Language] | None = None  # Presidio looks at its keys

    def load(self) -> None:
        """Raises ConfigError where a file of the model is not as it should be, or it does not read a language."""
        self._encoder = self._encoder or shipped_encoder()
        languages = self._encoder.about.languages
        asked = [model["lang_code"] for model in self.models] if self.models else list(languages)
        if unread := sorted(set(asked) - set(languages)):
            raise ValueError(f"the model reads {', '.join(languages)}, not {', '.join(unread)}")
        self.nlp = {language: spacy.blank(language) for language in asked}

    def is_loaded(self) -> bool:
        return self.nlp is not None

    def process_text(self, text: str, language: str) -> NlpArtifacts:
        """Words, lemmas and entities of `text`. Raises ValueError for a language that is not loaded."""
        pipeline = self._pipeline(language)
        assert self._encoder is not None
        (told,) = self._encoder.read([EncoderInput(text)])
        doc = pipeline.make_doc(speakable(text))
        spans = [(span, found.score) for found in told.entities if (span := self._span(doc, found)) is not None]
        return NlpArtifacts(
            entities=[span for span, _ in spans],
            tokens=doc,
            tokens_indices=[token.idx for token in doc],
            lemmas=[token.lower_ for token in doc],
            nlp_engine=self,
            language=language,
            scores=[score for _, score in spans],
        )

    def process_batch(
        self,
        texts: Iterable[Any],
        language: str,
        batch_size: int = 1,
        n_process: int = 1,
        as_tuples: bool = False,
        **kwargs: Any,
    ) -> Iterator[tuple[Any, ...]]:
        """(text, artifacts) of each text, or of each (text, context) with its context at the end; one after the other."""
        for item in texts:
            text, *context = item if as_tuples else (item,)
            yield str(text), self.process_text(str(text), language), *context

    def is_stopword(self, word: str, language: str) -> bool:
        return bool(self._pipeline(language).vocab[word].is_stop)

    def is_punct(self, word: str, language: str) -> bool:
        return bool(self._pipeline(language).vocab[word].is_punct)

    def get_supported_entities(self) -> list[str]:
        """Those of the model's tags that Presidio has a name for."""
        encoder = self._encoder or shipped_encoder()
        tags = (tag for tags in encoder.about.tags.values() for tag in tags if tag not in OWN_TYPES)
        return sorted({PRESIDIO_NAMES.get(tag, tag) for tag in tags} - self._ignored)

    def get_supported_languages(self) -> list[str]:
        return list(self.nlp) if self.nlp is not None else [m["lang_code"] for m in self.models or ()]

    def _pipeline(self, language: str) -> Language:
        if self.nlp is None or language not in self.nlp:
            raise ValueError(f"night_rounds: language {language!r} is not loaded")
        return self.nlp[language]

    def _span(self, doc: Doc, found: Found) -> Span | None:
        if found.type in OWN_TYPES or found.type in self._ignored:
            return None
        return doc.char_span(found.start, found.end, label=found.type, alignment_mode="expand")


def speakable(text: str) -> str:
    """Without lone surrogates, over which spaCy fails with the text in its error; of equal length."""
    return _SURROGATE.sub("\ufffd", text)
