"""The objects of a `window.YTD.<part> = [ … ]` file, one by one, without holding the file or trusting its nesting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from core.errors import ParseError

ITEM_LIMIT = 1 << 20  # bytes; a long post with all its entities is a twentieth of it

_OPENING = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*(?:window\.YTD\.\w{1,64}\.part\d{1,9}\s*=\s*)?\[")
_OPENING_LIMIT = 1024
_OUTSIDE = re.compile(rb'["{}\[\]]')
_INSIDE = re.compile(rb'["\\]')


def split_items(chunks: Iterable[bytes]) -> Iterator[bytes | None]:
    """The exact bytes of each object in the array; None for one over ITEM_LIMIT, and where the file ends
    before its array does.

    Brackets are counted outside strings, so depth costs no memory. Whether an item is valid JSON is for its reader to say.

    Raises:
        ParseError: the file doesn't open as such a part.
    """
    stream = iter(chunks)
    buffer = _past_opening(stream)
    position = depth = 0
    start: int | None = None  # where the present item begins; None between items
    oversize = in_string = False
    while True:
        found = (_INSIDE if in_string else _OUTSIDE).search(buffer, position)
        if found is None:
            position = max(position, len(buffer))
            if depth and start is not None and len(buffer) - start > ITEM_LIMIT:
                oversize, start = True, None
            keep = position if start is None else start
            more = next(stream, b"")
            if not more:
                break
            buffer, position = buffer[keep:] + more, position - keep
            start = None if start is None else 0
            continue
        position, token = found.end(), found.group()
        if token == b"\\":
            position += 1  # may point beyond the buffer: the escaped byte comes with the next piece
        elif token == b'"':
            in_string = not in_string
        elif token in b"{[":
            depth += 1
            if depth == 1:
                start, oversize = found.start(), False
        else:
            depth -= 1
            if depth < 0:
                return  # the array's own end
            if depth == 0:
                whole = None if oversize or start is None else buffer[start:position]
                start = None
                yield whole if whole is not None and len(whole) <= ITEM_LIMIT else None
    yield None


def _past_opening(stream: Iterator[bytes]) -> bytes:
    head = b""
    for piece in stream:
        head += piece
        if opening := _OPENING.match(head):
            return head[opening.end() :]
        if len(head) > _OPENING_LIMIT:
            break
    raise ParseError("a part of the archive does not open as X writes it (window.YTD.…); download the archive again")
