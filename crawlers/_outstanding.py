"""Posts that a platform showed and that were not understood: kept by id in the cursor, and looked up until read or gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

LIMIT = 200  # ids of one account; with more than these a walk does not count as done


def keep(held: tuple[str, ...], *, read: Iterable[str], broken: Iterable[str]) -> tuple[tuple[str, ...], bool]:
    """The ids still outstanding after a page, and whether all of `broken` found room."""
    healthy = set(read)
    wanted = tuple(dict.fromkeys([*(one for one in held if one not in healthy), *broken]))
    return wanted[:LIMIT], len(wanted) <= LIMIT


def read_held(value: Any, is_id: Callable[[object], bool]) -> tuple[str, ...]:
    """The ids that a cursor holds."""
    return tuple(one for one in value if is_id(one))[:LIMIT] if isinstance(value, list) else ()


def still_outstanding(count: int) -> str:
    """What a note says of posts of earlier nights, empty when there are none."""
    return f"{count} post{'' if count == 1 else 's'} of earlier nights still not understood" if count else ""


def never_read(count: int) -> str:
    """What a note says of posts that went before they were understood, empty when there are none."""
    return f"{count} post{'' if count == 1 else 's'} gone before being understood" if count else ""
