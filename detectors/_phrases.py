"""Phrases as compliance staff write them in the policy file, made into one pattern that runs in linear time (RE2).

A phrase is plain words, matched whole and without regard to case or accents, with these signs:

    support*        any ending: support, supports, supported
    elect/re_elect  either one; _ joins words into one
    (our) pick      the word may be left out
    vote ... out    up to five words between
    {number}        figures; other names in braces are slots that the rule itself fills in
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import re2

from core.errors import ConfigError
from detectors._fold import fold

_GAP = r"(?:[^\s.!?]+\s+){0,5}?"
_BETWEEN = r"[\s,'\"*_:-]{1,3}"
_SLOT = re.compile(r"\{(\w+)\}")
_OPTIONS = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 64 << 20


def compile_phrases(phrases: Iterable[str], slots: Mapping[str, str] | None = None) -> re2._Regexp | None:
    """One pattern over lower-case folded text for all of `phrases`, None where there are none.

    `slots` gives each further {name} its pattern.

    Raises:
        ConfigError: a phrase has an empty word, only words that may be left out, a bracket without its fellow, or a slot that
            the rule does not fill in.
    """
    filled = {"number": r"\d+", **(slots or {})}
    parts = [_pattern(phrase, filled) for phrase in phrases]
    return compile_pattern("|".join(parts)) if parts else None


def compile_pattern(pattern: str) -> re2._Regexp:
    return re2.compile(pattern, _OPTIONS)


def _pattern(phrase: str, slots: Mapping[str, str]) -> str:
    words = re.sub(r"/\s+", "/", phrase).split()
    if not all(map(_is_closed, words)):
        raise ConfigError(f"policy phrase: expected whole (words) and {{slots}} in brackets, got {phrase!r}")
    if all(_may_be_left_out(word) for word in words):
        raise ConfigError(f"policy phrase: expected a word that may not be left out, got {phrase!r}")
    least = max(at for at, word in enumerate(words) if not _may_be_left_out(word)) + 1  # so many must be there
    pattern = _edge(words[0], 0)
    for at, word in enumerate(words[:least]):
        if word == "...":
            pattern += _GAP
            continue
        after = "" if at == least - 1 else r"\s+" if words[at + 1] == "..." else _BETWEEN
        if _may_be_left_out(word):
            pattern += f"(?:{_alternatives(word[1:-1], slots)}{after})?"
        else:
            pattern += _alternatives(word, slots) + after
    return pattern + _edge(words[least - 1], -1) + _ending(words[least:], slots)


def _ending(words: Sequence[str], slots: Mapping[str, str]) -> str:
    """Words that may be left out at the end: each brings what parts it from those before, so that the text may end there."""
    pattern, before = "", _BETWEEN
    for word in words:
        if word == "...":
            before = r"\s+" + _GAP
            continue
        pattern += f"(?:{before}{_alternatives(word[1:-1], slots)}{_edge(word, -1)})?"
        before = _BETWEEN
    return pattern


def _may_be_left_out(word: str) -> bool:
    return word == "..." or (word.startswith("(") and word.endswith(")"))


def _is_closed(word: str) -> bool:
    """Round brackets only around a whole word, curly ones only around the name of a slot."""
    inner = word[1:-1] if word.startswith("(") and word.endswith(")") else word
    return not re.search(r"[(){}]", _SLOT.sub("", inner))


def _alternatives(word: str, slots: Mapping[str, str]) -> str:
    parts = [_word(part, slots) for part in word.split("/")]
    return parts[0] if len(parts) == 1 else f"(?:{'|'.join(parts)})"


def _word(word: str, slots: Mapping[str, str]) -> str:
    if not word.strip("*_"):
        raise ConfigError(f"policy phrase: expected letters or figures in each word, got {word!r}")
    pieces = _SLOT.split(word)  # plain text and names of slots by turns
    return "".join(_slot(piece, slots) if n % 2 else _plain(piece) for n, piece in enumerate(pieces))


def _plain(text: str) -> str:
    return re.escape(fold(text).lower).replace(r"\*", r"[a-z'-]*").replace("_", _BETWEEN)


def _slot(name: str, slots: Mapping[str, str]) -> str:
    try:
        return f"(?:{slots[name]})"
    except KeyError:
        known = " or ".join(f"{{{known}}}" for known in slots)
        raise ConfigError(f"policy phrase with {{{name}}}: expected {known}") from None


def _edge(word: str, at: int) -> str:
    """A word boundary, where the phrase begins or ends in a letter or figure."""
    return r"\b" if word.strip("()")[at].isalnum() or word[at] == "*" else ""
