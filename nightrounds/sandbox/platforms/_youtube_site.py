"""YouTube's keyless pages for machines: a channel's Atom feed of its newest 15 videos, and oEmbed."""

from __future__ import annotations

import re
from html import escape

from nightrounds.sandbox.answers import Answer, json_answer
from nightrounds.sandbox.native_ids import number_of
from nightrounds.sandbox.platforms import _youtube_objects as objects
from nightrounds.sandbox.view import Scene, Shown
from nightrounds.sandbox.world import State

_FEED_HOLDS = 15
_NAMESPACES = (
    'xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns="http://www.w3.org/2005/Atom"'
)
_WATCHED = re.compile(r"https?://(?:www\.)?youtube\.com/watch\?v=([A-Za-z0-9_-]{11})")


def feed(scene: Scene, channel_id: str) -> Answer:
    for standing in scene.accounts("youtube"):
        if objects.channel_id(standing.account) == channel_id and standing.state is State.LIVE:
            posts = scene.view.by_posting(standing.account)
            entries = "".join(_entry(shown, scene) for shown in posts[:_FEED_HOLDS])
            head = (
                f"<id>yt:channel:{channel_id[2:]}</id>\n <yt:channelId>{channel_id[2:]}</yt:channelId>\n"
                f" <title>{escape(standing.display_name)}</title>\n"
                f' <link rel="alternate" href="https://www.youtube.com/channel/{channel_id}"/>\n'
                f" <published>{_stamp(standing.account.joined)}</published>"
            )
            body = f'<?xml version="1.0" encoding="UTF-8"?>\n<feed {_NAMESPACES}>\n {head}\n{entries}</feed>\n'
            return Answer(body.encode(), media_type="text/xml; charset=UTF-8", headers={"cache-control": "public, max-age=900"})
    return Answer(b"<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title></html>", 404, "text/html")


def _entry(shown: Shown, scene: Scene) -> str:
    own_id, title = objects.video_id(shown), escape(shown.now.title)
    views = number_of(f"views {shown.post.id} {scene.now:%d}", below=10**5)  # others watched in between
    return (
        f" <entry>\n  <id>yt:video:{own_id}</id>\n  <yt:videoId>{own_id}</yt:videoId>\n  <title>{title}</title>\n"
        f'  <link rel="alternate" href="https://www.youtube.com/watch?v={own_id}"/>\n'
        f"  <published>{_stamp(shown.post.at)}</published>\n  <updated>{_stamp(shown.now.at)}</updated>\n"
        f"  <media:group>\n   <media:title>{title}</media:title>\n"
        f"   <media:description>{escape(shown.now.text)}</media:description>\n"
        f'   <media:community>\n    <media:statistics views="{views}"/>\n   </media:community>\n'
        f"  </media:group>\n </entry>\n"
    )


def _stamp(moment: object) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}+00:00"


def oembed(scene: Scene, address: str) -> Answer:
    """401 for a video of a private channel, 404 for none."""
    match = _WATCHED.match(address)
    if not match:
        return Answer(b"Bad Request", 400, "text/plain; charset=UTF-8")
    for standing in scene.accounts("youtube"):
        for shown in scene.view.posts(standing.account):
            if objects.video_id(shown) != match[1] or standing.state in (State.GONE, State.SUSPENDED):
                continue
            if standing.state is State.PRIVATE:
                return Answer(b"Unauthorized", 401, "text/plain; charset=UTF-8")
            told = {"title": shown.now.title, "author_name": standing.display_name, "type": "video", "version": "1.0"}
            return json_answer(told | {"provider_name": "YouTube", "provider_url": "https://www.youtube.com/"})
    return Answer(b"Not Found", 404, "text/plain; charset=UTF-8")
