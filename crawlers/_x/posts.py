"""X's JSON in our words: users, posts with what they refer to, and why a post can't be read. Knows both vocabularies.

Oddities of X that are dealt with here: an edit makes a new id, so a post is known by the first of its edit history; a repost's
own text is cut, so the original's is taken; a long text stands in a note; `&`, `<` and `>` arrive escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from core.errors import AccountNotFound, AccountPrivate, ParseError
from core.records import Account, GoneReason, Media, Post, PostType, Precision, Profile, Reference
from crawlers._strict import digits, instant, is_digits, link, mapping, objects, text
from crawlers._x.client import problem_type

FIRST_TIMED_ID = 29_700_859_247  # of 4 November 2010: from it on an id tells its time
_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_LANGUAGES = {"in": "id", "iw": "he", "ji": "yi", "zxx": "und", "art": "und"}
_MAX_LINKS = 100


def id_at(moment: datetime) -> str:
    """The smallest id that a post of this time can have."""
    return str(max((moment - _EPOCH) // timedelta(milliseconds=1), 0) << 22)


def time_of(post_id: str) -> datetime | None:
    """When an id was given out, None for ids from before they told it."""
    number = int(post_id)
    return _EPOCH + timedelta(milliseconds=number >> 22) if number >= FIRST_TIMED_ID else None


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    native_id: str = field(repr=False)
    handle: str = field(repr=False)
    protected: bool
    profile: Profile


def parse_user(answer: Mapping[str, Any]) -> User:
    """The user of a lookup.

    Raises:
        AccountNotFound, AccountPrivate: X answers 200 for these too, with errors in place of data.
        ParseError: neither data nor errors, or data that is no user.
    """
    user = mapping(answer, "data")
    if not user:
        raise_for_unseen_user(answer)
        raise ParseError("X answered with neither a user nor an error")
    entities = mapping(user, "entities")
    site = _links(mapping(entities, "url"))
    return User(
        native_id=digits(user, "id"),
        handle=text(user, "username"),
        protected=user.get("protected") is True,
        profile=Profile(
            display_name=_unescaped(text(user, "name")),
            bio=_unescaped(text(user, "description")),
            url=f"https://x.com/i/user/{digits(user, 'id')}",
            links=_distinct([*site, *_links(mapping(entities, "description"))]),
            picture_url=link(user, "profile_image_url"),
        ),
    )


def raise_for_unseen_user(answer: Mapping[str, Any]) -> None:
    """Raise what the errors of a 200 say of a user; return when they say nothing of one."""
    for error in objects(answer, "errors"):
        if error.get("resource_type") != "user":
            continue
        kind = problem_type(error)
        # A suspended user is 'resource-not-found' too; title and detail alone tell it apart.
        if error.get("title") == "Forbidden" or "suspended" in text(error, "detail").casefold():
            raise AccountPrivate("X has suspended the account")
        if kind == "resource-not-found":
            raise AccountNotFound("X knows no such account; it was renamed or deleted")
        if kind == "not-authorized-for-resource":
            raise AccountPrivate("X: the account is protected")
        if kind in {"resource-unavailable", "disallowed-resource"}:
            raise AccountPrivate("X does not show the account")
        raise ParseError("X answered with an error of an unknown type")


def gone_reason(error: Mapping[str, Any]) -> tuple[GoneReason, bool]:
    """Why a looked-up post can't be read, and whether X says so definitely."""
    kind = problem_type(dict(error))
    if "suspended" in text(error, "detail").casefold():
        return GoneReason.SUSPENDED, True
    if kind == "resource-not-found":
        return GoneReason.DELETED, True
    if kind == "not-authorized-for-resource":
        return GoneReason.PRIVATE, True
    if kind == "disallowed-resource":
        return GoneReason.WITHHELD, True
    return GoneReason.UNAVAILABLE, False


def version_ids(item: Mapping[str, Any]) -> list[str]:
    """The ids of a post's versions, oldest first, its own among them. On X, and only there, ids are in order of time."""
    own = digits(item, "id")
    history = _either(item, "edit_history_tweet_ids", "edit_history_post_ids") or []
    if not isinstance(history, list) or not all(is_digits(one) for one in history):
        raise ParseError("edit history: expected a list of ids")
    return sorted({own, *history}, key=int)


class Includes:
    """What came beside the posts: referenced posts and media."""

    def __init__(self, answer: Mapping[str, Any]) -> None:
        try:
            includes = mapping(answer, "includes")
            posts = _entries(includes, "tweets") + _entries(includes, "posts")
            media = _entries(includes, "media")
        except ParseError:
            posts = media = []  # context that can't be read is no reason to lose the posts
        self.posts = {post["id"]: post for post in posts if is_digits(post.get("id"))}
        self.media = {one["media_key"]: one for one in media if isinstance(one.get("media_key"), str)}


def parse_post(item: Mapping[str, Any], includes: Includes, account: Account) -> Post:
    """One post. Raises ParseError when its id, text, times or references are not what X promises."""
    versions = version_ids(item)
    created_at = instant(item, "created_at")
    posted_at = created_at if len(versions) == 1 else time_of(versions[0])
    if posted_at and created_at and posted_at > created_at:
        posted_at = None  # an id that tells no time after all
    references = _references(item, includes)
    original = includes.posts.get(references["retweeted"].native_id) if "retweeted" in references else None
    shown = original or item
    article = mapping(shown, "article")
    return Post(
        platform="x",
        account_id=account.id,
        native_id=versions[0],
        url=_permalink(versions[-1]),
        type=PostType.REPOST if "retweeted" in references else PostType.ARTICLE if article else PostType.NOTE,
        title=text(article, "title"),
        text=text(article, "plain_text") or full_text(shown),
        lang=_language(item),
        posted_at=posted_at,
        posted_at_precision=Precision.EXACT if posted_at else Precision.UNKNOWN,
        edited_at=created_at if len(versions) > 1 else None,
        revision=digits(item, "id"),
        in_reply_to=references.get("replied_to"),
        repost_of=references.get("retweeted"),
        quote_of=references.get("quoted"),
        links=_distinct([*_links(mapping(_note(shown), "entities")), *_links(mapping(shown, "entities"))]),
        media=tuple(_media(shown, includes)),
    )


def full_text(item: Mapping[str, Any]) -> str:
    """The whole text: a post beyond 280 characters has it in a note, and only its beginning in `text`."""
    if not isinstance(item.get("text"), str):
        raise ParseError("text: expected text")
    return _unescaped(text(_note(item), "text") or text(item, "text"))


def _note(item: Mapping[str, Any]) -> dict[str, Any]:
    return mapping(item, "note_tweet") or mapping(item, "note_post")


def _references(item: Mapping[str, Any], includes: Includes) -> dict[str, Reference]:
    """By type. The ids stay as X gives them: the first version's id is only known while the other post can be read."""
    found: dict[str, Reference] = {}
    for entry in objects(item, "referenced_tweets") or objects(item, "referenced_posts"):
        kind, native_id = entry.get("type"), digits(entry, "id")
        if kind not in ("retweeted", "quoted", "replied_to"):
            continue
        other = includes.posts.get(native_id)
        try:
            words = full_text(other) if other else ""
        except ParseError:
            words = ""
        found[kind] = Reference(native_id=native_id, url=_permalink(native_id), text=words, available=other is not None)
    return found


def _media(item: Mapping[str, Any], includes: Includes) -> Iterable[Media]:
    keys = mapping(item, "attachments").get("media_keys") or []
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ParseError("media_keys: expected a list of keys")
    for key in keys:
        entry = includes.media.get(key, {})
        is_photo = entry.get("type") == "photo" if entry else key.startswith("3_")
        kind: Literal["image", "video"] = "image" if is_photo else "video"
        yield Media(kind=kind, native_key=key, url=_media_url(entry), alt_text=_text_or_nothing(entry, "alt_text"))


def _media_url(entry: Mapping[str, Any]) -> str:
    """A picture's address, or that of a video's best file, else of its preview."""
    files = [v for v in _entries(entry, "variants") if isinstance(v.get("bit_rate"), int) and link(v, "url")]
    best = max(files, key=lambda v: v["bit_rate"], default=entry)
    return link(best, "url") or link(entry, "preview_image_url")


def _links(entities: Mapping[str, Any]) -> list[str]:
    """Where the short links lead, as readers are shown it: X finds the end of a chain (`unwound_url`) only later, and a link
    that changes by itself would look like an edit. A link with a media key is the post's own picture."""
    found = []
    for entry in _entries(entities, "urls"):
        if "media_key" not in entry:
            found.append(link(entry, "expanded_url") or link(entry, "unwound_url") or link(entry, "url"))
    return [address for address in found if address]


def _entries(item: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = item.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _text_or_nothing(item: Mapping[str, Any], key: str) -> str:
    return text(item, key) if isinstance(item.get(key), str) else ""


def _distinct(links: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(links))[:_MAX_LINKS]


def _either(item: Mapping[str, Any], *keys: str) -> Any:
    return next((item[key] for key in keys if item.get(key) is not None), None)


def _permalink(post_id: str) -> str:
    """The address that survives a change of handle."""
    return f"https://x.com/i/web/status/{post_id}"


def _unescaped(words: str) -> str:
    return words.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _language(item: Mapping[str, Any]) -> str:
    """X's tag without its private codes for 'only links', 'only tags' and the like (qme, qht, …)."""
    tag = text(item, "lang").casefold()
    return "und" if not tag or tag.startswith("q") else _LANGUAGES.get(tag, tag)
