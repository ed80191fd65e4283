"""The lists of given names and surnames that ship with the detectors, and which of them are everyday words as well."""

from __future__ import annotations

import lzma
from functools import cache
from importlib import resources

import yaml


@cache
def word_list(name: str) -> frozenset[str]:
    text = resources.files("detectors").joinpath("_data", "names.yaml").read_text(encoding="utf-8")
    return frozenset(yaml.safe_load(text)[name].split())


class NameLists:
    """The long lists. A name that is a word too counts only beside a sure one."""

    def __init__(self) -> None:
        packed = resources.files("detectors").joinpath("_data", "names.txt.xz").read_bytes()
        given, given_words, surnames, surname_words = (
            frozenset(line.split()) for line in lzma.decompress(packed).decode("ascii").split("\n")
        )
        no_names, loose = word_list("not_names") | word_list("palabras"), word_list("ambiguous")
        plain = word_list("given") - loose
        self.given = (given | plain) - no_names - loose
        self.loose_given = (given_words | loose) - no_names
        self.sure_in_small_letters = given - no_names
        self.surnames = (surnames | word_list("surnames")) - no_names
        self.loose_surnames = surname_words - no_names


@cache
def name_lists() -> NameLists:
    return NameLists()
