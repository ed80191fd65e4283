"""Records of a Bluesky repository in our words: posts with their embeds, and reposts.

A post is read from its record alone (https://atproto.com/lexicons/app-bsky-feed), so that the same record is the same post
wherever it was seen; what the AppView adds (words of other people's posts) only stands beside it. A record is the author's own
writing: what the AppView would not show, because the lexicon forbids it, counts as not understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from core.errors import ParseError
from core.records import Account, Media, Post, PostType, Precision, Reference
from crawlers._strict import link, mapping, objects, text

POST = "app.bsky.feed.post"
REPOST = "app.bsky.feed.repost"
_URI = re.compile(
    r"at://(?P<did>did:[a-z]+:[A-Za-z0-9._:%-]{1,256})/(?P<collection>[A-Za-z0-9.-]{3,200})/(?P<rkey>[A-Za-z0-9._:~-]{1,512})"
)
_CID = re.compile(r"[A-Za-z0-9]{8,128}", re.ASCII)
_TID = re.compile(r"[234567a-j][234567a-z]{12}", re.ASCII)
_TID_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
_WRITTEN_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,6})?\d{0,14}(Z|[+-]\d\d:\d\d)", re.ASCII)
_LANG = re.compile(r"[a-z]{2,3}", re.ASCII)
_FIRST_TID = datetime(2022, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)  # how far a clock elsewhere may be ahead of ours
_MAX_ITEMS = 1000
_NO_MEDIA = frozenset({"app.bsky.embed.external", "app.bsky.embed.record"})


class Uri(NamedTuple):
    """The parts of an at:// address."""

    did: str
    collection: str
    rkey: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the AppView showed of a post that ours answers, quotes or repeats; empty if its author asks not to be shown."""

    record: Mapping[str, Any] = field(default_factory=dict, repr=False)
    did: str = field(default="", repr=False)
    available: bool = True

    @property
    def text(self) -> str:
        return text(self.record, "text")


Contexts = Mapping[str, Context]  # by address


def parse_uri(value: object) -> Uri | None:
    found = _URI.fullmatch(value) if isinstance(value, str) and len(value) <= 1000 else None
    return Uri(**found.groupdict()) if found else None


def is_own(value: object, did: str) -> bool:
    """Whether it is the address of a post or repost in this account's repository."""
    uri = parse_uri(value)
    return uri is not None and uri.did == did and uri.collection in {POST, REPOST}


def references_of(record: Mapping[str, Any]) -> Iterator[str]:
    """Addresses of posts that a record answers, quotes or repeats, as far as they can be read."""
    parents = [record.get("subject"), record.get("reply"), record.get("embed")]
    for parent in (one for one in parents if isinstance(one, dict)):
        for place in (parent, parent.get("parent"), parent.get("record")):
            inner = place.get("record", place) if isinstance(place, dict) else None
            uri = inner.get("uri") if isinstance(inner, dict) else None
            found = parse_uri(uri)
            if found and found.collection == POST:
                yield str(uri)


def parse_post(
    uri: str,
    cid: object,
    record: Mapping[str, Any],
    account: Account,
    *,
    now: datetime,
    server: str = "",
    indexed_at: datetime | None = None,
    contexts: Contexts | None = None,
) -> Post:
    """One post. `server` is where its pictures can be fetched. Raises ParseError for what the lexicon does not allow."""
    parsed = parse_uri(uri)
    if parsed is None or record.get("$type") != POST or not isinstance(record.get("text"), str):
        raise ParseError("record: expected a post with its text")
    known = contexts or {}
    posted_at = _posted_at(record.get("createdAt"), indexed_at, parsed.rkey, now)
    embed = mapping(record, "embed")
    parent = mapping(mapping(record, "reply"), "parent")
    quoted = _quoted(embed)
    return Post(
        platform="bluesky",
        account_id=account.id,
        native_id=uri,
        url=permalink(parsed),
        type=PostType.NOTE,
        text=text(record, "text"),
        summary=", ".join(_warnings(record)),
        lang=_language(record),
        posted_at=posted_at,
        posted_at_precision=Precision.EXACT if posted_at else Precision.UNKNOWN,
        revision=_cid(cid),
        in_reply_to=_reference(parent, known) if "reply" in record else None,
        quote_of=_reference(quoted, known) if quoted else None,
        links=_links(record, embed),
        media=tuple(_media(embed, parsed.did, server)),
    )


def parse_repost(
    uri: str,
    cid: object,
    record: Mapping[str, Any],
    account: Account,
    *,
    now: datetime,
    indexed_at: datetime | None = None,
    contexts: Contexts,
) -> Post:
    """A repost with the words, links and pictures that it shows. Raises ParseError."""
    parsed, subject = parse_uri(uri), mapping(record, "subject")
    if parsed is None or record.get("$type") != REPOST:
        raise ParseError("record: expected a repost")
    repeated = _reference(subject, contexts)
    shown = contexts.get(repeated.native_id, Context(available=False))
    embed = mapping(shown.record, "embed") if isinstance(shown.record.get("embed"), dict) else {}
    posted_at = _posted_at(record.get("createdAt"), indexed_at, parsed.rkey, now)
    return Post(
        platform="bluesky",
        account_id=account.id,
        native_id=uri,
        url=repeated.url,
        type=PostType.REPOST,
        text=shown.text,
        lang=_language(shown.record),
        posted_at=posted_at,
        posted_at_precision=Precision.EXACT if posted_at else Precision.UNKNOWN,
        revision=_cid(cid),
        repost_of=repeated,
        links=_links(shown.record, embed) if shown.record else (),
        media=tuple(_media(embed, shown.did, "")),
    )


def unread_embeds(record: Mapping[str, Any]) -> int:
    """How many embeds of a record are of a kind that we don't know."""
    embed = record.get("embed")
    parts = [embed, embed.get("media")] if isinstance(embed, dict) else []
    kinds = [str(part.get("$type")) for part in parts if isinstance(part, dict)]
    return sum(
        kind not in {*_MEDIA_LISTS, *_NO_MEDIA, "app.bsky.embed.video", "app.bsky.embed.recordWithMedia"} for kind in kinds
    )


def permalink(uri: Uri) -> str:
    return f"https://bsky.app/profile/{uri.did}/post/{uri.rkey}"


def time_of(rkey: str) -> datetime | None:
    """When a record key was made, if it is a TID (https://atproto.com/specs/tid): microseconds since 1970, then 10 bits."""
    if not _TID.fullmatch(rkey):
        return None
    made = _microseconds(rkey)
    moment = datetime.fromtimestamp(made // 1_000_000, UTC) if made < 4_000_000_000_000_000 else _FIRST_TID
    return moment if moment > _FIRST_TID else None


def is_orderly(rkey: str, now: datetime) -> bool:
    """Whether a record key is a TID that may have been made by now. Authors choose their keys: none but these tell news from
    what is known.
    """
    return bool(_TID.fullmatch(rkey)) and _microseconds(rkey) <= (now + _AHEAD).timestamp() * 1_000_000


def _microseconds(tid: str) -> int:
    number = 0
    for letter in tid:
        number = number << 5 | _TID_LETTERS.index(letter)
    return number >> 10


def claimed_time(value: object) -> datetime | None:
    """A time as an author wrote it, None where it is none or absurd."""
    found = _WRITTEN_TIME.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return None
    try:
        moment = datetime.fromisoformat(f"{found[1]}{found[2] or ''}{found[3]}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if 2000 <= moment.year < 2100 else None


def _posted_at(created: object, indexed_at: datetime | None, rkey: str, now: datetime) -> datetime | None:
    """The author's own word on the time, unless it lies after the post was seen or its key was made."""
    seen_at = indexed_at or time_of(rkey)
    told = [moment for moment in (claimed_time(created), seen_at) if moment and moment < now + _AHEAD]
    return min(told) if told else None


def _cid(value: object) -> str:
    if not isinstance(value, str) or not _CID.fullmatch(value):
        raise ParseError("cid: expected a content id")
    return value


def _reference(strong: Mapping[str, Any], contexts: Contexts) -> Reference:
    address = strong.get("uri")
    uri = parse_uri(address)
    if uri is None:
        raise ParseError("uri: expected the address of a record")
    context = contexts.get(str(address))
    return Reference(
        native_id=str(address),
        url=permalink(uri) if uri.collection == POST else "",
        text=context.text if context else "",
        available=context.available if context else True,
    )


def _quoted(embed: Mapping[str, Any]) -> dict[str, Any]:
    """The quoted post of an embed, empty where it quotes none: lists, feeds and packs are embedded in the same way."""
    kind, inner = embed.get("$type"), mapping(embed, "record")
    strong = mapping(inner, "record") if kind == "app.bsky.embed.recordWithMedia" else inner
    uri = parse_uri(strong.get("uri"))
    if kind in {"app.bsky.embed.record", "app.bsky.embed.recordWithMedia"} and uri is None:
        raise ParseError("embed: expected the address of a record")
    return strong if uri and uri.collection == POST else {}


def _pictured(embed: Mapping[str, Any]) -> dict[str, Any]:
    return mapping(embed, "media") if embed.get("$type") == "app.bsky.embed.recordWithMedia" else dict(embed)


_MEDIA_LISTS = {"app.bsky.embed.images": "images", "app.bsky.embed.gallery": "items"}


def _media(embed: Mapping[str, Any], did: str, server: str) -> Iterable[Media]:
    shown = _pictured(embed)
    kind = str(shown.get("$type"))
    if kind == "app.bsky.embed.video":
        key = _blob(mapping(shown, "video"))
        yield Media(kind="video", native_key=key, url=_blob_url(server, did, key), alt_text=text(shown, "alt"))
    for picture in objects(shown, _MEDIA_LISTS[kind])[:_MAX_ITEMS] if kind in _MEDIA_LISTS else ():
        key = _blob(mapping(picture, "image"))
        yield Media(kind="image", native_key=key, url=_blob_url(server, did, key), alt_text=text(picture, "alt"))


def _blob(blob: Mapping[str, Any]) -> str:
    """The content id of a picture; the oldest records write it without a `ref`."""
    return _cid(mapping(blob, "ref").get("$link") if "ref" in blob else blob.get("cid"))


def _blob_url(server: str, did: str, key: str) -> str:
    return f"{server}/xrpc/com.atproto.sync.getBlob?did={did}&cid={key}" if server else ""


def _links(record: Mapping[str, Any], embed: Mapping[str, Any]) -> tuple[str, ...]:
    """Whole addresses: the text shows them cut short. Whatever bytes a facet claims to mark, its links are read."""
    features = [feature for facet in objects(record, "facets")[:_MAX_ITEMS] for feature in objects(facet, "features")]
    found = [link(one, "uri") for one in features[:_MAX_ITEMS] if one.get("$type") == "app.bsky.richtext.facet#link"]
    shown = _pictured(embed)
    card = link(mapping(shown, "external"), "uri") if shown.get("$type") == "app.bsky.embed.external" else ""
    return tuple(dict.fromkeys(filter(None, [*found, card])))


def _warnings(record: Mapping[str, Any]) -> list[str]:
    """What an author says of the content: values of self labels."""
    return [value for one in objects(mapping(record, "labels"), "values")[:20] if (value := text(one, "val"))]


def _language(record: Mapping[str, Any]) -> str:
    """The first that its author named; clients fill this in by themselves."""
    langs = record.get("langs")
    first = langs[0] if isinstance(langs, list) and langs else None
    primary = first.partition("-")[0].casefold() if isinstance(first, str) else ""
    return primary if _LANG.fullmatch(primary) else "und"
