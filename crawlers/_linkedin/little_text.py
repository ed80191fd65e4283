"""LinkedIn's 'little text' as a reader sees it: mentions and hashtags resolved, escapes taken back.

    @[Harbor Clinic](urn:li:organization:77)    Harbor Clinic
    {hashtag|\\#|nursing}                         #nursing
    \\(555\\)                                     (555)

What only looks like one of these stands as it is: nothing of a post may be lost.
"""

from __future__ import annotations

import re

_RESERVED = r"\\([\\|{}@\[\]()<>#*_~])"
_MENTION = r"@\[(?P<name>(?:\\.|[^\\\[\]]){0,300})\] ?\(urn:li:[^()\s\\]{1,200}\)"
_HASHTAG = r"\{hashtag\\?\|\\?(?P<sign>[#＃])\\?\|(?P<tag>(?:\\[^|]|[^\\{}|]){0,300})\}"
_ESCAPE = re.compile(_RESERVED)
_ELEMENT = re.compile(f"{_MENTION}|{_HASHTAG}|{_RESERVED}", re.DOTALL)


def plain(little: str) -> str:
    """The text of a commentary."""
    return _ELEMENT.sub(_as_read, little)


def _as_read(match: re.Match[str]) -> str:
    name, sign, tag = match["name"], match["sign"], match["tag"]
    if name is not None:
        return _ESCAPE.sub(r"\1", name)
    if sign is not None:
        return sign + _ESCAPE.sub(r"\1", tag)
    return match[match.lastindex or 0]
