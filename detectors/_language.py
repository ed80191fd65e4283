"""Tells English and Spanish, which are read, from a language that is not: offline, and only where the text lets one be sure."""

from __future__ import annotations

import re

from py3langid.langid import MODEL_FILE, LanguageIdentifier

READ = ("en", "es")
_SURE = 0.9  # normalised probability; below it a text counts as read
_LETTERS = 60  # fewer letters than this tell too little
_LETTERS_DENSE = 12  # of a script that writes a word in a letter or two, or that neither language uses
_ENOUGH_WORDS = 4  # that many different function words settle the matter without a model

# The neighbours of English and Spanish, and what is written in New York: a short list keeps rare ones from winning by chance.
_KNOWN = """
ar bg bn ca cs da de el en es fa fi fr gu ha he hi hr ht hu hy id it ja ka ko lt lv ml mr ms nb nl pa pl pt ro ru sk sl sq sr
sv sw ta te th tl tr uk ur vi yo zh
"""
_ENGLISH_WORDS = """
the and to of for with that this you your we our are have had she he they from but not who what when her his my it's it were
been their there about just
"""
_SPANISH_WORDS = """
el los las una y con por para está esta pero mi nuestro nuestra su sus del muy hoy ayer llegó tiene también más fue ella él
hay nos cuando porque lo se
"""
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_SPANISH = frozenset(_SPANISH_WORDS.split())

_NOT_PROSE = re.compile(r"https?://\S+|www\.\S+|[@#]\w+")
_WORD = re.compile(r"[^\W\d_]+")


class Languages:
    """Names a text's language. Loading the model takes half a second, once."""

    def __init__(self) -> None:
        self._model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        self._model.set_languages(set(_KNOWN.split()) & set(self._model.labels))

    def name(self, text: str) -> str:
        """ISO 639 code of a language one can be sure of, else 'und'."""
        prose = _NOT_PROSE.sub(" ", text)
        words = _WORD.findall(prose.lower())
        different = set(words)
        if len(different & _ENGLISH) >= _ENOUGH_WORDS:
            return "en"
        if len(different & _SPANISH) >= _ENOUGH_WORDS:
            return "es"
        letters = "".join(words)
        latin = sum(char < "\u0250" for char in letters)
        foreign_script = latin < len(letters) / 2
        if len(letters) < (_LETTERS_DENSE if foreign_script else _LETTERS):
            return "und"
        name, probability = self._model.classify(prose)
        return str(name) if probability >= _SURE else "und"


def is_unread(language: str) -> bool:
    """Whether a text in this language can't count as read."""
    return language != "und" and language not in READ
