"""Errors that must not sing: in a test of leaks every secret, name and word that a platform answers holds 'canary'."""

from __future__ import annotations

import traceback


def assert_says_nothing(error: BaseException) -> None:
    """No secret, name or word in the message, the traceback, or anything the error still holds on to."""
    seen = []
    current: BaseException | None = error
    while current is not None:
        seen += [str(current), repr(current), repr(current.args), repr(vars(current))]
        current = current.__cause__ or current.__context__
    assert "canary" not in "\n".join(seen + traceback.format_exception(error)).casefold()
