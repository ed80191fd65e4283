"""Posts, users and pictures as X API v2 writes them, in the words of the tweet vocabulary.

What a reader must undo: links are t.co addresses with their real one in `entities`, `&`, `<` and `>` are escaped, a long post
is cut in `text` and whole in its note, an answer begins with the handles that it answers, a repost's own text is cut.
Offsets count code points of the text as it is given, ends are exclusive.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nightrounds.sandbox.native_ids import number_of, short_link, snowflake
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import Elsewhere, State, WorldAccount

EDIT_WINDOW = timedelta(minutes=30)
EDITS = 5
_LIMIT = 280
_LINK_WEIGHT = 23
_ENTITY = re.compile(
    r"(?P<url>https?://[^\s<>\"]*[^\s<>\".,;:!?)\]’”'…])|(?<![\w@])@(?P<mention>\w{1,15})\b|(?<![\w&])#(?P<tag>\w*[^\W\d]\w*)"
)
_HEAVY = re.compile(r"[^\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")  # these count twice


@dataclass(frozen=True, slots=True)
class Tweet:
    """One version of a post, or a post from outside of the world."""

    id: str
    author_id: str
    data: dict[str, Any]
    media: tuple[dict[str, Any], ...] = ()
    references: tuple[tuple[str, str], ...] = ()


def user_id(name: str, joined: datetime) -> str:
    return snowflake(joined, f"user {name}")


def version_id(shown: Shown, version: int) -> str:
    """The id of one version; -1 is the newest, as in a list."""
    version = range(len(shown.versions))[version]
    return snowflake(shown.versions[version].at, f"{shown.post.id}/{version}")


def stranger_id(handle: str) -> str:
    """The user id of somebody outside of the world."""
    return str(10**9 + number_of(f"stranger {handle}", below=10**9))


def elsewhere_id(answer: Shown, target: Elsewhere) -> str:
    """The id of a post that was answered: it was written an hour before."""
    return snowflake(answer.post.at - timedelta(hours=1), f"elsewhere {answer.post.id} {target.by}")


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def compose(raw: str, *, link: Callable[[str], str], user: Callable[[str], str | None]) -> tuple[str, dict[str, Any]]:
    """A text as X gives it, and its entities."""
    written: list[str] = []
    length = 0
    entities: dict[str, Any] = {}

    def write(part: str) -> tuple[int, int]:
        nonlocal length
        written.append(part)
        length += len(part)
        return length - len(part), length

    position = 0
    for match in _ENTITY.finditer(raw):
        write(html.escape(raw[position : match.start()], quote=False))
        position = match.end()
        if url := match["url"]:
            start, end = write(link(url))
            shown = re.sub(r"^https?://(www\.)?", "", url)
            entity = {"start": start, "end": end, "url": link(url), "expanded_url": url}
            entities.setdefault("urls", []).append(entity | {"display_url": shown if len(shown) <= 27 else shown[:26] + "…"})
        elif mention := match["mention"]:
            start, end = write(match[0])
            known = user(mention)
            entity = {"start": start, "end": end, "username": mention}
            entities.setdefault("mentions", []).append(entity | ({"id": known} if known else {}))
        else:
            start, end = write(match[0])
            entities.setdefault("hashtags", []).append({"start": start, "end": end, "tag": match["tag"]})
    write(html.escape(raw[position:], quote=False))
    return "".join(written), entities


def weight(raw: str) -> int:
    """How long X counts a text to be."""
    links = [match["url"] for match in _ENTITY.finditer(raw) if match["url"]]
    plain = len(raw) + len(_HEAVY.findall(raw))
    return plain - sum(map(len, links)) + _LINK_WEIGHT * len(links)


def cut(raw: str, limit: int) -> str:
    """The words of a text that fit, and an ellipsis."""
    while weight(f"{raw}…") > limit:
        raw = raw[: raw.rstrip().rfind(" ")] if " " in raw.strip() else raw[: (limit - weight("…")) // 2]
    return raw.rstrip() + "…"


class Writer:
    """Writes the objects of one scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._handles = {s.handle.casefold(): s.account for s in scene.accounts("x")}

    def account_of(self, handle: str) -> WorldAccount | None:
        return self._handles.get(handle.casefold())

    def known_user(self, handle: str) -> str | None:
        account = self.account_of(handle)
        return user_id(account.key, account.joined) if account else stranger_id(handle)

    def user(self, standing: Standing) -> dict[str, Any]:
        account = standing.account
        own_id = user_id(account.key, account.joined)
        posts = self.scene.view.posts(account)
        bio, entities = compose(standing.bio, link=lambda url: short_link(account.key, url), user=self.known_user)
        described: dict[str, Any] = {"description": entities} if entities else {}
        if account.link:
            short = short_link(f"{account.key} profile", account.link)
            described["url"] = {
                "urls": [
                    {
                        "start": 0,
                        "end": len(short),
                        "url": short,
                        "expanded_url": account.link,
                        "display_url": re.sub(r"^https?://(www\.)?", "", account.link).rstrip("/"),
                    }
                ]
            }
        data: dict[str, Any] = {
            "id": own_id,
            "name": standing.display_name,
            "username": standing.handle,
            "created_at": iso(account.joined),
            "description": bio,
            "location": account.location,
            "url": short_link(f"{account.key} profile", account.link) if account.link else "",
            "entities": described,
            "protected": standing.state is State.PRIVATE,
            "verified": account.followers > 20_000,
            "verified_type": "business" if account.followers > 20_000 else "none",
            "profile_image_url": f"https://pbs.sandbox.example/profile_images/{own_id}/face_normal.jpg",
            "public_metrics": {
                "followers_count": account.followers,
                "following_count": number_of(f"following {account.key}", below=900),
                "tweet_count": len(posts),
                "listed_count": account.followers // 150,
                "like_count": number_of(f"likes {account.key}", below=9000),
            },
        }
        return {key: value for key, value in data.items() if value not in ("", {}, None)}

    def stranger(self, handle: str) -> dict[str, Any]:
        name = re.sub(r"[\d_]+", " ", handle).strip().title() or handle
        return {"id": stranger_id(handle), "name": name, "username": handle, "protected": False, "verified": False}

    def tweet(self, shown: Shown, version: int = -1) -> Tweet:
        """One version of a post, the newest by default."""
        version = range(len(shown.versions))[version]
        wording, post = shown.versions[version], shown.post
        own_id, author = version_id(shown, version), user_id(shown.account.key, shown.account.joined)
        handle = self.scene.standing(shown.account).handle
        references, answered = self._references(shown)
        raw = wording.text
        media = tuple(self._picture(post.id, picture.name, picture.alt) for picture in post.pictures)
        if media:
            raw = f"{raw} https://x.com/{handle}/status/{own_id}/photo/1".strip()
        if quoted := next((target for kind, target in references if kind == "quoted"), None):
            raw = f"{raw} https://x.com/i/status/{quoted}"
        if post.repost is not None:
            raw = cut(self._reposted(shown), 140) if weight(self._reposted(shown)) > 140 else self._reposted(shown)

        def link(url: str) -> str:
            return short_link(own_id, url)

        text, entities = compose(raw, link=link, user=self.known_user)
        data: dict[str, Any] = {}
        if post.repost is None and weight(wording.text) > _LIMIT:
            whole, whole_entities = compose(wording.text, link=link, user=self.known_user)
            data["note_tweet"] = {"text": whole} | ({"entities": whole_entities} if whole_entities else {})
            short = f"{cut(wording.text, _LIMIT - _LINK_WEIGHT - 1)} https://x.com/i/web/status/{own_id}"
            text, entities = compose(short, link=link, user=self.known_user)
        for entity in entities.get("urls", []):
            if media and entity["expanded_url"].endswith("/photo/1"):
                entity |= {"display_url": f"pic.x.com/{entity['url'][-10:]}", "media_key": media[0]["media_key"]}
        popularity = number_of(f"liked {post.id}", below=1 + shown.account.followers // 40)
        data |= {
            "id": own_id,
            "text": text,
            "edit_history_tweet_ids": [version_id(shown, index) for index in range(len(shown.versions))],
            "author_id": author,
            "created_at": iso(wording.at),
            "conversation_id": answered or version_id(shown, 0),
            "lang": post.lang,
            "entities": entities,
            "display_text_range": [0, len(text)],
            "edit_controls": {
                "is_edit_eligible": post.reply_to is None and post.repost is None,
                "edits_remaining": EDITS - len(shown.versions) + 1,
                "editable_until": iso(post.at + EDIT_WINDOW),
            },
            "possibly_sensitive": False,
            "reply_settings": "everyone",
            "public_metrics": {
                "retweet_count": popularity // 5,
                "reply_count": popularity // 9,
                "like_count": popularity,
                "quote_count": popularity // 30,
                "bookmark_count": popularity // 20,
                "impression_count": popularity * 41,
            },
            "referenced_tweets": [{"type": kind, "id": target} for kind, target in references],
            "attachments": {"media_keys": [picture["media_key"] for picture in media]} if media else {},
            "in_reply_to_user_id": self._answered_user(shown),
        }
        kept = {key: value for key, value in data.items() if value not in ({}, [], None)}
        return Tweet(own_id, author, kept, media, references)

    def elsewhere(self, answer: Shown, target: Elsewhere) -> Tweet:
        """The post from outside that a post answers, quotes or repeats."""
        own_id, author = elsewhere_id(answer, target), stranger_id(target.by)
        text, entities = compose(target.text, link=lambda url: short_link(own_id, url), user=self.known_user)
        data = {
            "id": own_id,
            "text": text,
            "edit_history_tweet_ids": [own_id],
            "author_id": author,
            "created_at": iso(answer.post.at - timedelta(hours=1)),
            "conversation_id": own_id,
            "lang": answer.post.lang,
            "entities": entities,
            "possibly_sensitive": False,
        }
        return Tweet(own_id, author, {key: value for key, value in data.items() if value not in ({}, [])})

    def _picture(self, post: str, name: str, alt: str) -> dict[str, Any]:
        key = f"3_{10**18 + number_of(f'picture {post} {name}', below=10**17)}"
        url = f"https://pbs.sandbox.example/media/{name}.jpg"
        return {"media_key": key, "type": "photo", "url": url, "width": 1200, "height": 900} | (
            {"alt_text": alt} if alt else {}
        )

    def _references(self, shown: Shown) -> tuple[tuple[tuple[str, str], ...], str | None]:
        """(type, id) of each post that this one refers to, and the id of the conversation that it joins."""
        post = shown.post
        kinds = (("replied_to", post.reply_to), ("quoted", post.quote), ("retweeted", post.repost))
        references = tuple((kind, self._target_id(shown, target)) for kind, target in kinds if target is not None)
        return references, references[0][1] if post.reply_to is not None else None

    def _target_id(self, shown: Shown, target: str | Elsewhere) -> str:
        if isinstance(target, Elsewhere):
            return elsewhere_id(shown, target)
        return version_id(self.scene.view.by_id[target], -1)

    def _answered_user(self, shown: Shown) -> str | None:
        target = shown.post.reply_to
        if target is None:
            return None
        if isinstance(target, Elsewhere):
            return self.known_user(target.by)
        account = self.scene.view.by_id[target].account
        return user_id(account.key, account.joined)

    def _reposted(self, shown: Shown) -> str:
        target = shown.post.repost
        if isinstance(target, Elsewhere):
            return f"RT @{target.by}: {target.text}"
        original = self.scene.view.by_id[str(target)]
        return f"RT @{self.scene.standing(original.account).handle}: {original.now.text}"
