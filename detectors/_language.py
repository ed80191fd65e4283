"""Tells English and Spanish, which are read, from a language that is not: offline, and only where the text lets one be sure."""

from __future__ import annotations

import re
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from detectors._fold import fold

READ = ("en", "es")
_SURE = 0.9  # normalised probability; below it a text counts as read
_LETTERS = 60  # fewer letters than this tell too little
_LETTERS_SHORT = 25  # and so many only where no function word of English or Spanish speaks against the model
_SURE_SHORT = 0.97
_LETTERS_DENSE = 12  # of a script that writes a word in a letter or two, or that neither language uses
_LETTERS_PART = 40  # of a part of a text in another language
_LARGE_PART = 0.4  # of a text's letters
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

# Without function words that a neighbour of English or Spanish has as well.
_SHARED = "nos la se para por es y con lo su my está esta was we had her not for are just"
_TELLING = (_ENGLISH | _SPANISH) - frozenset(_SHARED.split(" "))

_NOT_PROSE = re.compile(r"https?://\S+|www\.\S+|[@#]\w+")
_WORD = re.compile(r"[^\W\d_]+")
_SENTENCE = re.compile(r"[^.!?\n\u3002\uff01\uff1f\u061f\u0964]+")


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
        if latin < len(letters) / 2:
            return self._guess(prose, _SURE) if len(letters) >= _LETTERS_DENSE else "und"
        if len(letters) >= _LETTERS:
            return self._guess(prose, _SURE)
        return self._short(prose, words)

    def unread_letters(self, text: str) -> tuple[int, int]:
        """Letters of the parts in a language that is not read, and of the whole; the first 0 where no part is sizeable.

        A part is a run of sentences without telling words of English or Spanish, or all that is in other scripts.
        """
        prose = _NOT_PROSE.sub(" ", text)
        other_script = sum(len(word) for word in _WORD.findall(prose) if _is_other_script(word))
        unread = other_script if other_script >= _LETTERS_DENSE else 0
        part: list[str] = []
        for sentence in (*_SENTENCE.findall(prose), None):
            words = _WORD.findall(sentence.lower()) if sentence else []
            if sentence and not _TELLING.intersection(words):
                part.append(sentence)
                continue
            unread += self._unread_part(". ".join(part))
            part = []
        return unread, sum(map(len, _WORD.findall(prose)))

    def _unread_part(self, prose: str) -> int:
        words = [word for word in _WORD.findall(prose) if not _is_other_script(word)]
        letters = sum(map(len, words))
        if letters < _LETTERS_PART:
            return 0
        return letters if is_unread(self._short(" ".join(words), [word.lower() for word in words])) else 0

    def _short(self, prose: str, words: list[str]) -> str:
        """A short text's language, with more care: names and hashtags look like any language."""
        in_lower_case = sum(word.islower() for word in _WORD.findall(prose))
        if sum(map(len, words)) < _LETTERS_SHORT or _TELLING.intersection(words) or 2 * in_lower_case < len(words):
            return "und"
        return self._guess(prose, _SURE_SHORT)

    def _guess(self, prose: str, sure: float) -> str:
        name, probability = self._model.classify(prose)
        return str(name) if probability >= sure else "und"


def _is_other_script(word: str) -> bool:
    """A word of a script that neither language uses, and not English in look-alike letters."""
    return word[0] >= "\u0370" and min(word) >= "\u0300" and max(fold(word).text, default="") >= "\u0370"


def is_large_part(unread: int, letters: int) -> bool:
    """Whether what is in a language that is not read is so much of a text that the text can't count as read."""
    return unread > 0 and unread >= _LARGE_PART * letters


@cache
def load_languages() -> Languages:
    """The one model of a process."""
    return Languages()


def is_unread(language: str) -> bool:
    """Whether a text in this language can't count as read."""
    return language != "und" and language not in READ
