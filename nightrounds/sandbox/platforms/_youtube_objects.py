"""Channels, items of uploads, videos and caption tracks as the Data API writes them, and the ids of all of them."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime
from functools import lru_cache
from typing import Any

from nightrounds.sandbox.native_ids import number_of
from nightrounds.sandbox.view import Shown, Standing
from nightrounds.sandbox.world import State, WorldAccount

CHANNEL_PARTS = frozenset({"snippet", "contentDetails", "statistics", "status", "brandingSettings", "topicDetails"})
ITEM_PARTS = frozenset({"id", "snippet", "contentDetails", "status"})
VIDEO_PARTS = frozenset({"id", "snippet", "contentDetails", "status", "statistics", "liveStreamingDetails", "localizations"})
CAPTION_PARTS = frozenset({"id", "snippet"})
_SECONDS = {"short": 41, "live": 3620, "premiere": 1260}


@lru_cache(maxsize=4096)
def _token(name: str, length: int) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest() * 2).decode()[:length]


def channel_id(account: WorldAccount) -> str:
    return f"UC{_token(f'channel {account.key}', 22)}"


def uploads_id(account: WorldAccount) -> str:
    return f"UU{channel_id(account)[2:]}"


def video_id(shown: Shown) -> str:
    return _token(f"video {shown.post.id}", 11)


def track_id(shown: Shown) -> str:
    return _token(f"captions {shown.post.id}", 40)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def with_etag(kind: str, resource: dict[str, Any]) -> dict[str, Any]:
    """A resource, or a whole answer, with its kind first and a mark of its contents."""
    mark = hashlib.sha256(json.dumps(resource, sort_keys=True).encode()).digest()
    return {"kind": f"youtube#{kind}", "etag": base64.urlsafe_b64encode(mark).decode()[:27], **resource}


def channel(standing: Standing, posts: int, parts: frozenset[str]) -> dict[str, Any]:
    account = standing.account
    own_id = channel_id(account)
    words = {"title": standing.display_name, "description": standing.bio}
    whole = {
        "snippet": {
            **words,
            "customUrl": standing.handle.lower(),
            "publishedAt": stamp(account.joined),
            "thumbnails": _thumbnails(f"https://yt3.sandbox.example/{own_id}", {"default": 88, "medium": 240, "high": 800}),
            "localized": words,
            "country": "US",
        },
        "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": uploads_id(account)}},
        "statistics": {
            "viewCount": str(number_of(f"views {account.key}", below=10**6)),
            "subscriberCount": str(account.followers),
            "hiddenSubscriberCount": False,
            "videoCount": str(posts),
        },
        "status": {
            "privacyStatus": "private" if standing.state is State.PRIVATE else "public",
            "isLinked": True,
            "longUploadsStatus": "longUploadsUnspecified",
        },
        "brandingSettings": {"channel": words},
        "topicDetails": {},
    }
    return with_etag("channel", {"id": own_id, **{part: whole[part] for part in whole if part in parts}})


def item(shown: Shown, position: int, parts: frozenset[str]) -> dict[str, Any]:
    own_id, list_id, at = video_id(shown), uploads_id(shown.account), stamp(shown.post.at)
    owner = channel_id(shown.account)
    whole = {
        "snippet": {
            "publishedAt": at,
            "channelId": owner,
            "title": shown.now.title,
            "description": shown.now.text,
            "thumbnails": _pictures(own_id),
            "channelTitle": shown.account.display_name,
            "playlistId": list_id,
            "position": position,
            "resourceId": {"kind": "youtube#video", "videoId": own_id},
            "videoOwnerChannelTitle": shown.account.display_name,
            "videoOwnerChannelId": owner,
        },
        "contentDetails": {"videoId": own_id, "videoPublishedAt": at},
        "status": {"privacyStatus": "public"},
    }
    own = base64.urlsafe_b64encode(f"{list_id}.{own_id}".encode()).decode().rstrip("=")
    return with_etag("playlistItem", {"id": own, **{part: whole[part] for part in whole if part in parts}})


def video(shown: Shown, parts: frozenset[str]) -> dict[str, Any]:
    own_id, kind = video_id(shown), shown.post.extra.get("kind", "video")
    words = {"title": shown.now.title, "description": shown.now.text}
    started = stamp(shown.post.at)
    whole: dict[str, Any] = {
        "snippet": {
            "publishedAt": started,
            "channelId": channel_id(shown.account),
            **words,
            "thumbnails": _pictures(own_id),
            "channelTitle": shown.account.display_name,
            "tags": shown.post.extra.get("tags", []),
            "categoryId": "27",
            "liveBroadcastContent": "upcoming" if kind == "premiere" else "none",
            "defaultLanguage": shown.post.lang,
            "localized": words,
            "defaultAudioLanguage": shown.post.lang,
        },
        "contentDetails": {
            "duration": f"PT{_SECONDS.get(kind, 190)}S",
            "dimension": "2d",
            "definition": "hd",
            "caption": "true" if "captions" in shown.post.extra else "false",
            "licensedContent": False,
            "contentRating": {},
            "projection": "rectangular",
        },
        "status": {
            "uploadStatus": "processed",
            "privacyStatus": "public",
            "license": "youtube",
            "embeddable": True,
            "publicStatsViewable": True,
            "madeForKids": False,
        },
        "statistics": {"viewCount": str(number_of(f"views {shown.post.id}", below=10**5)), "commentCount": "0"},
        "localizations": {shown.post.lang: words},
    }
    if kind == "live":
        whole["liveStreamingDetails"] = {
            "actualStartTime": started,
            "actualEndTime": stamp(shown.post.at),
            "scheduledStartTime": started,
        }
    elif kind == "premiere":
        whole["liveStreamingDetails"] = {"scheduledStartTime": started}
    if not whole["snippet"]["tags"]:
        del whole["snippet"]["tags"]
    return with_etag("video", {"id": own_id, **{part: whole[part] for part in whole if part in parts}})


def track(shown: Shown) -> dict[str, Any]:
    snippet = {
        "videoId": video_id(shown),
        "lastUpdated": shown.post.at.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
        "trackKind": "standard",
        "language": shown.post.lang,
        "name": "",
        "audioTrackType": "unknown",
        "isCC": False,
        "isLarge": False,
        "isEasyReader": False,
        "isDraft": False,
        "isAutoSynced": False,
        "status": "serving",
    }
    return with_etag("caption", {"id": track_id(shown), "snippet": snippet})


def caption_file(shown: Shown, form: str) -> bytes:
    """A track as SubRip or WebVTT: a cue for each line, four seconds each."""
    cues = []
    point = "," if form == "srt" else "."
    for number, line in enumerate(str(shown.post.extra["captions"]).splitlines()):
        times = [f"00:{second // 60:02}:{second % 60:02}{point}000" for second in (number * 4, number * 4 + 4)]
        cues.append(f"{number + 1}\n" * (form == "srt") + f"{times[0]} --> {times[1]}\n{line}\n")
    head = "" if form == "srt" else f"WEBVTT\nKind: captions\nLanguage: {shown.post.lang}\n\n"
    return (head + "\n".join(cues)).encode()


def _pictures(own_id: str) -> dict[str, Any]:
    return _thumbnails(f"https://i.ytimg.sandbox.example/vi/{own_id}", {"default": 120, "medium": 320, "high": 480})


def _thumbnails(address: str, widths: dict[str, int]) -> dict[str, Any]:
    return {name: {"url": f"{address}/{name}.jpg", "width": width, "height": width * 9 // 16} for name, width in widths.items()}
