"""Posts handed over as JSON Lines: one object a line, in the shape of docs/screen-input.schema.json.

`nightrounds screen` reads this shape and `nightrounds posts import` too, so both refuse the same lines in the same words.
"""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import IO, Any, Literal, cast

from core.records import Account, Basis, Kind, Media, Post, Precision, Profile, Reference, account_id

LINE_LIMIT = 1 << 20  # bytes; the longest post of any platform is a tenth of it
_ID_LIMIT = 1024  # characters, as any database index can hold
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # neither UTF-8 nor a database takes them
_X_TIME = "%a %b %d %H:%M:%S %z %Y"

_KEYS = frozenset({"id", "platform", "account", "text", "links", "media", "in_reply_to", "created_at", "posted_at", "url"})
_ACCOUNT_KEYS = frozenset({"handle", "display_name", "bio", "kind"})
_MEDIA_KEYS = frozenset({"path", "alt_text"})
_REPLY_KEYS = frozenset({"text"})

_UNRECORDED = datetime(1970, 1, 1, tzinfo=UTC)  # a line says nothing of when its basis was recorded
_BASIS = {Kind.OFFICIAL: Basis.OWNED, Kind.PERSONNEL: Basis.SELF_DISCLOSED, Kind.UNOFFICIAL: Basis.PUBLIC_CLAIM}


class BadPost(ValueError):
    """What was handed over is no valid post; the message says why in our own words and quotes nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLine:
    """One line, read. `id` is the JSON value as it was given; what the line leaves open is None or empty."""

    id: str | int = field(repr=False)
    platform: str | None = None
    handle: str | None = field(default=None, repr=False)
    kind: Kind | None = None
    profile: Profile = field(default_factory=Profile)
    post: Post = field(repr=False)
    unknown_keys: bool = False

    def account(self) -> Account:
        """The account as far as the line tells of it, for reading without a database."""
        kind, platform, handle = self.kind or Kind.OFFICIAL, self.platform or "website", self.handle or ""
        return Account(
            id=account_id(platform, handle),
            platform=platform,
            handle=handle,
            kind=kind,
            basis=_BASIS[kind],
            basis_recorded_by="",
            basis_recorded_at=_UNRECORDED,
            profile=self.profile,
        )


def numbered_lines(stream: IO[bytes], limit: int = LINE_LIMIT) -> Iterator[tuple[int, bytes | None]]:
    """Number (from 1) and bytes of each line; None for a line over `limit`, which is passed over without being held."""
    number = 0
    while line := stream.readline(limit + 1):
        number += 1
        if len(line) <= limit:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(limit)
        yield number, None


def parse_line(line: bytes) -> PostLine:
    """Read one line.

    Raises:
        BadPost: no JSON object, or not the shape of a post.
    """
    data = _parse_json(line)
    if not isinstance(data, dict):
        raise BadPost("expected a JSON object")
    account = _object(data, "account")
    reply = _object(data, "in_reply_to")
    media = [_media(item, number) for number, item in enumerate(_list(data, "media"))]
    key = _id(data)
    posted_at, precision = parse_time(_string(data, "created_at") or _string(data, "posted_at"))
    post = Post(
        platform="",
        account_id="",
        native_id=storable(str(key)),
        url=_string(data, "url"),
        text=_required_text(data),
        posted_at=posted_at,
        posted_at_precision=precision,
        in_reply_to=Reference(native_id="", text=_string(reply, "text", "in_reply_to.")) if reply else None,
        links=tuple(_link(item, number) for number, item in enumerate(_list(data, "links"))),
        media=tuple(medium for medium, _ in media),
    )
    return PostLine(
        id=key,
        platform=_string(data, "platform").strip().lower()[:64] or None,
        handle=_string(account, "handle", "account.") or None,
        kind=_kind(account),
        profile=Profile(display_name=_string(account, "display_name", "account."), bio=_string(account, "bio", "account.")),
        post=post,
        unknown_keys=bool(
            data.keys() - _KEYS or account.keys() - _ACCOUNT_KEYS or reply.keys() - _REPLY_KEYS or any(odd for _, odd in media)
        ),
    )


def storable(text: str) -> str:
    """`text` with NUL and lone surrogates replaced one for one, so that offsets still count what was given."""
    return _UNSTORABLE.sub("\ufffd", text)


def parse_time(text: str) -> tuple[datetime | None, Precision]:
    """ISO 8601, or the forms that X and RFC 5322 write; without an offset it is UTC. Empty text is an unknown time.

    Raises:
        BadPost: none of them.
    """
    text = text.strip()
    if not text:
        return None, Precision.UNKNOWN
    for read in (datetime.fromisoformat, lambda t: datetime.strptime(t, _X_TIME), parsedate_to_datetime):
        try:
            moment = read(text)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
        return moment, Precision.DAY if len(text) <= len("2026-01-31") else Precision.EXACT
    raise BadPost("created_at: expected a time such as 2026-01-31T18:05:00Z")


def media_kind(path: str) -> Literal["image", "video", "audio", "document"]:
    """What a file's name says that it is; a picture where it says nothing."""
    kind = (mimetypes.guess_type(path)[0] or "image/").partition("/")[0]
    if kind in {"image", "video", "audio"}:
        return cast(Literal["image", "video", "audio"], kind)
    return "document"


def _parse_json(line: bytes) -> Any:
    try:
        text = line.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError:
        raise BadPost("not UTF-8") from None
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except BadPost:
        raise
    except RecursionError:
        raise BadPost("nested too deeply") from None
    except ValueError as error:  # JSONDecodeError, and integers beyond Python's limit of digits
        where = f" at character {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
        raise BadPost(f"not valid JSON{where}") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON leaves open which of two equal keys counts; a text that we did not read must not pass as read."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadPost("a key stands twice in one object")
    return found


def _refuse_constant(_: str) -> float:
    raise BadPost("NaN and Infinity are no JSON numbers")


def _id(data: dict[str, Any]) -> str | int:
    key = data.get("id")
    if key is None:
        raise BadPost("id is missing")
    if isinstance(key, bool) or not isinstance(key, str | int):
        raise BadPost("id: expected a string or a whole number")
    try:
        length = len(str(key).strip())
    except ValueError:  # an integer of thousands of digits
        length = _ID_LIMIT + 1
    if not 0 < length <= _ID_LIMIT:
        raise BadPost(f"id: expected 1 to {_ID_LIMIT} characters")
    return key


def _required_text(data: dict[str, Any]) -> str:
    if data.get("text") is None:
        raise BadPost("text is missing")
    return _string(data, "text")


def _string(data: dict[str, Any], key: str, within: str = "") -> str:
    value = data.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadPost(f"{within}{key}: expected a string")
    return storable(value)


def _object(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadPost(f"{key}: expected an object")
    return value


def _list(data: dict[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadPost(f"{key}: expected a list")
    return value


def _kind(account: dict[str, Any]) -> Kind | None:
    value = account.get("kind")
    if value is None:
        return None
    if not isinstance(value, str) or value not in set(Kind):
        raise BadPost("account.kind: expected official, personnel or unofficial")
    return Kind(value)


def _link(item: Any, number: int) -> str:
    if not isinstance(item, str):
        raise BadPost(f"links.{number}: expected a string")
    return storable(item)


def _media(item: Any, number: int) -> tuple[Media, bool]:
    """The medium, and whether it has keys that we do not know."""
    if not isinstance(item, dict):
        raise BadPost(f"media.{number}: expected an object")
    path = _string(item, "path", f"media.{number}.")
    alt_text = _string(item, "alt_text", f"media.{number}.")
    medium = Media(kind=media_kind(path), native_key=path or f"media.{number}", alt_text=alt_text, path=path)
    return medium, bool(item.keys() - _MEDIA_KEYS)
