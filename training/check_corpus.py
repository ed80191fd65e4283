"""Refuses a corpus with wrong labels or spans, posts that are near-duplicates, or a development set that resembles it.

python -m training.check_corpus [FILE...]
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from training.posts import CORPUS, LabelledPost, LabellingError, read_posts

_SHINGLE = 3  # words
_ALIKE = 0.5  # of the shingles of the shorter; a pair of positive and near miss may share more
_FEW = 6  # shingles: shorter posts can't be told apart so
_WORD = re.compile(r"\w+")


def shingles(text: str) -> frozenset[str]:
    """Runs of three words, small letters."""
    words = _WORD.findall(text.lower())
    return frozenset(" ".join(words[n : n + _SHINGLE]) for n in range(len(words) - _SHINGLE + 1))


def near_duplicates(posts: list[LabelledPost]) -> Iterator[tuple[str, str]]:
    """Ids of posts that share half of the shorter's word runs and are no declared pair."""
    at: dict[str, list[int]] = {}
    sets = [shingles(post.own) for post in posts]
    for n, set_ in enumerate(sets):
        for shingle in set_:
            at.setdefault(shingle, []).append(n)
    shared: Counter[tuple[int, int]] = Counter(both for ns in at.values() for both in combinations(ns, 2))
    for (a, b), count in shared.items():
        least = min(len(sets[a]), len(sets[b]))
        paired = posts[a].pair == posts[b].id or posts[b].pair == posts[a].id
        if least >= _FEW and count >= _ALIKE * least and not paired:
            yield posts[a].id, posts[b].id


def problems(paths: list[Path]) -> Iterator[str]:
    """One line for each thing that is wrong."""
    try:
        posts = list(read_posts(*paths))
    except LabellingError as error:
        yield str(error)
        return
    ids = Counter(post.id for post in posts)
    yield from (f"{name}: stands {count} times" for name, count in ids.items() if count > 1)
    pairs = {post.id: post.pair for post in posts}
    for post in posts:
        if post.pair and post.pair not in ids:
            yield f"{post.id}: its pair {post.pair} is not here"
        elif post.pair and pairs[post.pair] is None:
            yield f"{post.id}: its pair {post.pair} does not name it"
    yield from (f"{a} and {b} are too much alike" for a, b in near_duplicates(posts))


def main(arguments: list[str]) -> int:
    paths = [Path(argument) for argument in arguments] or [CORPUS]
    found = list(problems(paths))
    for line in found:
        print(line)
    if not found:
        posts = list(read_posts(*paths))
        print(f"{len(posts)} posts, {sum(post.flag is not None for post in posts)} to be flagged, in good order")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
