"""YouTube's Data API through google-api-python-client, sent by our own bounded session.

The library speaks to a transport of httplib2's shape: here one that asks through requests, so that time, size, redirects and
evidence are ours. The key travels in a header: in an address (the library's `developerKey`) it would stand in error texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import googleapiclient.discovery
import httplib2
import requests
from googleapiclient import version

from core.errors import ParseError, PlatformDown
from core.seams import Meter
from crawlers._exchange import Answer, Exchange, reset_time
from crawlers._rebase import rebased_session
from crawlers._youtube.problems import Unseen, judge

COLLECTOR = f"youtube_channels 1, google-api-python-client {version.__version__}"
MAX_IDS = 50  # of one lookup
LIST_UNITS, CAPTION_LIST_UNITS, CAPTION_UNITS = 1, 50, 200  # of quota, for each try
CHANNEL_PARTS = "snippet,contentDetails,statistics,status"
ITEM_PARTS = "snippet,contentDetails,status"
VIDEO_PARTS = "snippet,contentDetails,status,liveStreamingDetails"
_LIBRARY_URL = "https://youtube.googleapis.com/"


class Transport:
    """What the library takes for an `httplib2.Http`: it sends through a requests session and follows no redirect."""

    def __init__(self, session: requests.Session) -> None:
        self._session = session

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        redirections: int = 0,
        connection_type: object = None,
    ) -> tuple[httplib2.Response, bytes]:
        """Raises requests' exceptions. `redirections` and `connection_type` are httplib2's own and mean nothing here."""
        del redirections, connection_type
        answer = self._session.request(method, uri, data=body, headers=dict(headers or {}), allow_redirects=False)
        return httplib2.Response({**answer.headers, "status": str(answer.status_code)}), answer.content

    def close(self) -> None:
        """Nothing: the session is its owner's to close."""


class YouTubeClient:
    """Asks the Data API with an API key, or with a channel owner's OAuth token. Every method raises CrawlError."""

    def __init__(
        self,
        *,
        secret: str,
        is_token: bool = False,
        base_url: str,
        timeout: float,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        session = rebased_session(_LIBRARY_URL, base_url, seconds=timeout)
        session.headers.update({"Authorization": f"Bearer {secret}"} if is_token else {"X-Goog-Api-Key": secret})
        self._session = session
        self._clock = clock
        self._service: Any = googleapiclient.discovery.build(
            "youtube",
            "v3",
            http=Transport(session),
            static_discovery=True,
            cache_discovery=False,
            client_options={"api_endpoint": _LIBRARY_URL},  # whatever the environment says of other endpoints
        )
        self._exchange = Exchange("YouTube", session, collector=COLLECTOR, secrets=[secret], clock=clock, sleep=sleep)

    def meter(self, meter: Meter) -> None:
        """Charge what is asked from now on."""
        self._exchange.meter = meter

    def channel(self, **selector: str) -> Answer:
        """A channel by `id`, `forHandle` or `forUsername`."""
        return self._ask(lambda: self._service.channels().list(part=CHANNEL_PARTS, maxResults=5, **selector))

    def playlist(self, playlist_id: str, *, size: int, token: str = "") -> Answer:
        """One page of a playlist."""
        place = {"pageToken": token} if token else {}
        return self._ask(
            lambda: self._service.playlistItems().list(part=ITEM_PARTS, playlistId=playlist_id, maxResults=size, **place)
        )

    def in_playlist(self, playlist_id: str, video_id: str) -> Answer:
        """The items of a playlist that are this video: one, or none."""
        return self._ask(lambda: self._service.playlistItems().list(part=ITEM_PARTS, playlistId=playlist_id, videoId=video_id))

    def videos(self, ids: Sequence[str]) -> Answer:
        """Videos by id, at most MAX_IDS. One that can't be seen is left out of the answer."""
        return self._ask(lambda: self._service.videos().list(part=VIDEO_PARTS, id=",".join(ids)))

    def captions(self, video_id: str) -> Answer:
        """The caption tracks of a video; only its owner may ask."""
        return self._ask(lambda: self._service.captions().list(part="snippet", videoId=video_id), units=CAPTION_LIST_UNITS)

    def caption(self, track_id: str) -> Answer:
        """A caption track as WebVTT; only the video's owner may ask."""
        return self._ask(lambda: self._service.captions().download(id=track_id, tfmt="vtt"), units=CAPTION_UNITS, is_json=False)

    def close(self) -> None:
        self._service.close()
        self._session.close()

    def _ask(self, question: Callable[[], Any], *, units: int = LIST_UNITS, is_json: bool = True) -> Answer:
        """Answer `question`, which is put together only then: the library logs its whole address as it is."""

        def judged(answer: Answer) -> None:
            if not is_json and answer.status == 200 and not answer.is_json:
                return
            if not answer.is_json:
                raise PlatformDown(f"YouTube answered with something other than JSON ({answer.status})")
            now = self._clock()
            try:
                judge(
                    answer.status,
                    answer.json(),
                    now=now,
                    until=reset_time(answer.headers.get("retry-after"), now=now, epoch=False),
                )
            except Unseen as unseen:
                unseen.raw = answer.raw
                raise

        return self._exchange.ask(lambda: question().execute(num_retries=0), judged, units=units)


class YouTubeSite:
    """YouTube's keyless pages for machines: a channel's feed of its newest 15 videos, and oEmbed. They cost no quota."""

    def __init__(self, *, base_url: str, timeout: float, clock: Callable[[], datetime], sleep: Callable[[float], None]) -> None:
        library_url = "https://www.youtube.com/"
        self._url = library_url
        self._session = rebased_session(library_url, base_url, seconds=timeout)
        self._exchange = Exchange("YouTube", self._session, collector=COLLECTOR, secrets=[], clock=clock, sleep=sleep)

    def meter(self, meter: Meter) -> None:
        """Charge what is asked from now on."""
        self._exchange.meter = meter

    def feed(self, channel_id: str) -> Answer:
        """The Atom feed. Raises ParseError for anything else, HTML of a consent page too."""

        def judged(answer: Answer) -> None:
            is_feed = answer.status == 200 and "xml" in answer.raw.media_type and b"<feed" in answer.raw.body[:1000]
            if not is_feed or channel_id[2:].encode() not in answer.raw.body[:4000]:  # it stands there without its UC, too
                raise ParseError(f"YouTube gave no feed of this channel ({answer.status})")

        return self._exchange.ask(lambda: self._get("feeds/videos.xml", {"channel_id": channel_id}), judged)

    def embedded(self, watch_url: str) -> Answer:
        """What oEmbed says of a video: 200 JSON, 401 or 403 where it may not be shown, 400 or 404 where it is none."""

        def judged(answer: Answer) -> None:
            if answer.status >= 500:
                raise PlatformDown(f"YouTube's oEmbed is out of order ({answer.status})")
            if answer.status not in {200, 400, 401, 403, 404} or (answer.status == 200 and not answer.is_json):
                raise ParseError(f"YouTube's oEmbed gave no answer that we know ({answer.status})")

        return self._exchange.ask(lambda: self._get("oembed", {"url": watch_url, "format": "json"}), judged)

    def close(self) -> None:
        self._session.close()

    def _get(self, path: str, query: Mapping[str, str]) -> requests.Response:
        return self._session.get(self._url + path, params=dict(query), allow_redirects=False)
