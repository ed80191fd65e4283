"""What Bluesky's AppView makes of records: profiles, posts with what they embed, items of a feed, threads."""

from __future__ import annotations

from typing import Any

from nightrounds.sandbox.native_ids import number_of
from nightrounds.sandbox.platforms import _bluesky_records as records
from nightrounds.sandbox.platforms._bluesky_records import content_id, did_of, moment, uri_of
from nightrounds.sandbox.view import Scene, Shown, Standing
from nightrounds.sandbox.world import Elsewhere, State

_CDN = "https://cdn.bsky.app/img"


class Views:
    """Answers from one scene. Posts are named by address."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._elsewhere = records.every_elsewhere(scene)
        self._posts = {
            uri_of(shown): shown
            for standing in scene.accounts("bluesky")
            if standing.state is State.LIVE
            for shown in scene.view.posts(standing.account)
            if shown.post.repost is None
        }

    def profile(self, standing: Standing) -> dict[str, Any]:
        account = standing.account
        view = self._author(standing) | {
            "banner": f"{_CDN}/banner/plain/{did_of(account.key)}/{content_id(account.key, codec=0x55)}@jpeg",
            "description": standing.bio,
            "followersCount": account.followers,
            "followsCount": number_of(f"follows {account.key}", below=400),
            "indexedAt": moment(account.joined),
            "postsCount": len(self._scene.view.posts(account)),
        }
        return view | ({"website": account.link} if account.link else {})

    def post(self, uri: str) -> dict[str, Any] | None:
        """A post as everybody sees it, None where it is gone or never was."""
        if shown := self._posts.get(uri):
            record = records.record_of(self._scene.view, shown)
            view = self._base(uri, record, self._author(self._scene.standing(shown.account)), moment(shown.post.at))
            embed = self._embed(shown, record.get("embed"))
            return view | ({"embed": embed} if embed else {})
        other = self._elsewhere.get(uri)
        if other is None or other.gone:
            return None
        return self._base(uri, records.elsewhere_record(other), _stranger(other), "2026-09-01T12:00:00.000Z")

    def item(self, shown: Shown) -> dict[str, Any] | None:
        """An item of a feed, None where what it repeats is gone."""
        record = records.record_of(self._scene.view, shown)
        if "subject" in record:
            post = self.post(record["subject"]["uri"])
            reason = {
                "$type": "app.bsky.feed.defs#reasonRepost",
                "by": self._author(self._scene.standing(shown.account)),
                "cid": content_id(record),
                "indexedAt": moment(shown.post.at),
                "uri": uri_of(shown),
            }
            return {"post": post, "reason": reason} if post else None
        item: dict[str, Any] = {"post": self.post(uri_of(shown))}
        if reply := record.get("reply"):
            item["reply"] = {place: self._part(strong["uri"]) for place, strong in reply.items()}
        return item

    def thread(self, uri: str) -> dict[str, Any] | None:
        post = self.post(uri)
        return {"$type": "app.bsky.feed.defs#threadViewPost", "post": post, "replies": []} if post else None

    def _part(self, uri: str) -> dict[str, Any]:
        post = self.post(uri)
        if post is None:
            return {"$type": "app.bsky.feed.defs#notFoundPost", "notFound": True, "uri": uri}
        return {"$type": "app.bsky.feed.defs#postView"} | post

    def _author(self, standing: Standing) -> dict[str, Any]:
        did = did_of(standing.account.key)
        labels = [
            {"cts": moment(standing.account.joined), "src": did, "uri": f"at://{did}/app.bsky.actor.profile/self", "val": value}
            for value in standing.account.extra.get("self_labels", ())
        ]
        return {
            "avatar": f"{_CDN}/avatar/plain/{did}/{content_id([did, 'avatar'], codec=0x55)}@jpeg",
            "createdAt": moment(standing.account.joined),
            "did": did,
            "displayName": standing.display_name,
            "handle": standing.handle,
            "labels": labels,
        }

    def _base(self, uri: str, record: dict[str, Any], author: dict[str, Any], indexed_at: str) -> dict[str, Any]:
        counts = {name: number_of(f"{name} {uri}", below=90) for name in ("bookmark", "like", "quote", "reply", "repost")}
        return {
            "author": author,
            "cid": content_id(record),
            "indexedAt": indexed_at,
            "labels": [],
            "record": record,
            "uri": uri,
        } | {f"{name}Count": count for name, count in counts.items()}

    def _embed(self, shown: Shown, embed: dict[str, Any] | None) -> dict[str, Any] | None:
        """The hydrated form of an embed."""
        kind = str((embed or {}).get("$type"))
        if embed is None:
            return None
        if kind == "app.bsky.embed.record":
            return {"$type": f"{kind}#view", "record": self._quoted(embed["record"]["uri"])}
        if kind == "app.bsky.embed.recordWithMedia":
            record = {"record": self._quoted(embed["record"]["record"]["uri"])}
            return {"$type": f"{kind}#view", "media": self._embed(shown, embed["media"]), "record": record}
        did = did_of(shown.account.key)
        if kind == "app.bsky.embed.images":
            images = [
                {
                    "alt": image["alt"],
                    "aspectRatio": image["aspectRatio"],
                    "fullsize": f"{_CDN}/feed_fullsize/plain/{did}/{image['image']['ref']['$link']}@jpeg",
                    "thumb": f"{_CDN}/feed_thumbnail/plain/{did}/{image['image']['ref']['$link']}@jpeg",
                }
                for image in embed["images"]
            ]
            return {"$type": f"{kind}#view", "images": images}
        if kind == "app.bsky.embed.video":
            key = embed["video"]["ref"]["$link"]
            playlist = f"https://video.bsky.app/watch/{did}/{key}/playlist.m3u8"
            return {"$type": f"{kind}#view", "alt": embed["alt"], "cid": key, "playlist": playlist}
        return {"$type": f"{kind}#view", "external": embed["external"]}

    def _quoted(self, uri: str) -> dict[str, Any]:
        post = self.post(uri)
        if post is None:
            return {"$type": "app.bsky.embed.record#viewNotFound", "notFound": True, "uri": uri}
        kept = {name: post[name] for name in ("author", "cid", "indexedAt", "labels", "uri")}
        return {"$type": "app.bsky.embed.record#viewRecord", "value": post["record"]} | kept


def _stranger(other: Elsewhere) -> dict[str, Any]:
    did = did_of(other.by)
    return {"did": did, "displayName": other.by, "handle": f"{did[8:20]}.sandbox.example", "labels": []}
