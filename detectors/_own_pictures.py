"""Whether an account's picture is one of ours, by the look of both.

A look is a difference hash, 64 bits in hexadecimal, as crawlers keep it of profile pictures; it hardly changes when a picture
is scaled or saved anew. Krawetz, Kind of Like That (2013), takes more than ten differing bits for another picture.
"""

from __future__ import annotations

from collections.abc import Iterable

from core.policy import OwnPicture

ALIKE = 8  # bits of 64 that may differ
_PLAIN = 6  # set or unset bits up to which a picture is a plain field, which is anybody's


def is_telling(look: str) -> bool:
    """Whether a picture has enough in it to be told from others."""
    return _PLAIN < int(look, 16).bit_count() < 64 - _PLAIN


class OwnPictures:
    """The policy's registered pictures."""

    def __init__(self, pictures: Iterable[OwnPicture]) -> None:
        self._known = [(picture.title, int(picture.look, 16)) for picture in pictures if is_telling(picture.look)]

    def shown_as(self, look: str) -> str:
        """The title of ours that a look is most like; empty where it is like none, or there is no look."""
        if not look or not is_telling(look):
            return ""
        bits = int(look, 16)
        away, title = min((((bits ^ known).bit_count(), title) for title, known in self._known), default=(64, ""))
        return title if away <= ALIKE else ""
