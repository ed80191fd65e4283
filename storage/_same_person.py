"""Whether two names are one person's, however they are typed: who placed a hold or raised a dispute may not decide over it.

It compares spellings, nothing more: who gives another name is another person to it.
"""

from __future__ import annotations

import unicodedata

# letters of other scripts that look like Latin ones, casefolded
_LOOKALIKES = str.maketrans("авеікмнорстухѕјαβεικνορτυχ", "abeikmhopctyxsjabeikvoptyx")
_DROPPED = {"Cf", "Mn"}  # invisible ones, and accents once they are apart from their letters


def same_person(one: str, other: str) -> bool:
    """Case, accents, spacing, punctuation, look-alike letters and the order of the words don't count, nor does an office that
    only one of them gives. In doubt it is the same person: who is not can give the whole name."""
    words, others = _words(one), _words(other)
    return words <= others or others <= words


def _words(name: str) -> set[str]:
    apart = unicodedata.normalize("NFKD", name).casefold()
    seen = "".join(one for one in apart if unicodedata.category(one) not in _DROPPED).translate(_LOOKALIKES)
    return set("".join(one if one.isalnum() else " " for one in seen).split())
