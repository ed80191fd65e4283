"""Known works: whose text stands again in a post, in whole or in part, told from a signature that does not hold the text.

A signature is the smallest hashes of a work's runs of words (a bottom-k sketch; Broder, On the resemblance and containment of
documents, 1997). Smallest hashes are a fair draw of all of them, so the share of them that a post has is the share of the work
that stands in it, however much else the post says. With 64 hashes it is
right within 0.06 two times in three.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import nsmallest
from typing import NamedTuple

from core.errors import ConfigError
from detectors._fold import Folded, fold

RUN = 5  # words in a run; four in a row are still common speech
KEPT = 64  # hashes of a signature
FEWEST = 24  # runs of a work that can be told again: a line or two are anybody's
_BYTES = 6  # of a hash
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


class Run(NamedTuple):
    """A run of words at [start, end) of a folded text, by its hash."""

    hash: bytes
    start: int
    end: int


class Again(NamedTuple):
    """How much of a known work stands in a text: its `share`, about how many `words`, and where some of them are."""

    title: str
    share: float
    words: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Work:
    title: str
    hashes: frozenset[bytes]
    words: int  # about


def signature(text: str) -> str:
    """What a policy file keeps of a work: printable, and nothing of the text can be read in it.

    Raises:
        ConfigError: the work has too few words to be told again.
    """
    hashes = {run.hash for run in _runs(fold(text))}
    if len(hashes) < FEWEST:
        raise ConfigError(
            f"work: expected at least {FEWEST + RUN - 1} different words in a row, got about {len(hashes) + RUN - 1}"
        )
    kept = b"".join(nsmallest(KEPT, hashes))
    return f"{len(hashes)}:{base64.b64encode(kept).decode('ascii')}"


class Works:
    """The works of a policy, by title and signature.

    Raises:
        ConfigError: a signature is none.
    """

    def __init__(self, works: Iterable[tuple[str, str]]) -> None:
        self._works = [_read(title, given) for title, given in works]
        self._by_hash: dict[bytes, list[int]] = {}
        for number, work in enumerate(self._works):
            for one in work.hashes:
                self._by_hash.setdefault(one, []).append(number)

    def again_in(self, folded: Folded) -> Iterator[Again]:
        """The works of which something stands in a text; linear in its length."""
        if not self._works:
            return
        found: dict[bytes, Run] = {}
        for run in _runs(folded):
            if run.hash in self._by_hash:
                found.setdefault(run.hash, run)
        counts = Counter(number for one in found for number in self._by_hash[one])
        for number, count in counts.items():
            work = self._works[number]
            share = count / len(work.hashes)
            places = [run for one, run in found.items() if one in work.hashes]
            start, end = min(run.start for run in places), max(run.end for run in places)
            yield Again(work.title, share, round(share * work.words), start, end)


def _runs(folded: Folded) -> Iterator[Run]:
    words = [(match[0], match.start(), match.end()) for match in _WORD.finditer(folded.lower)]
    for at in range(len(words) - RUN + 1):
        run = " ".join(word for word, _, _ in words[at : at + RUN])
        digest = hashlib.blake2b(run.encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()
        yield Run(digest, words[at][1], words[at + RUN - 1][2])


def _read(title: str, given: str) -> _Work:
    count, _, hashes = given.partition(":")
    try:
        kept = base64.b64decode(hashes, validate=True)
    except (binascii.Error, ValueError):
        kept = b""
    if not (count.isascii() and count.isdigit() and kept) or len(kept) % _BYTES:
        raise ConfigError("policy works: expected a signature as `detectors._works.signature` makes it")
    return _Work(title, frozenset(kept[at : at + _BYTES] for at in range(0, len(kept), _BYTES)), int(count) + RUN - 1)
