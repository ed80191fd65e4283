"""What a page's note says, put together."""

from __future__ import annotations


def join(*notes: str) -> str:
    """Those that say something."""
    return "; ".join(note for note in notes if note)


def stopped(*, more: bool, resumed: bool, pages_left: int) -> str:
    """What a note says where the page limit ended the reading, else empty.

    `more` is to be read on this walk; a `resumed` one that is done is followed by another from the top.
    """
    if pages_left or not (more or resumed):
        return ""
    return "page limit reached: the next crawl goes on here" if more else "more is to be read: the page limit was reached"
