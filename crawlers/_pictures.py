"""Profile pictures: fetched from public hosts, bounded, and kept as two hashes, of the bytes and of the look.

An account that takes another one's picture is told by the second: it hardly changes when a picture is scaled or saved anew.
The bytes themselves are not kept.
"""

from __future__ import annotations

import hashlib
import io
import logging
from dataclasses import replace
from urllib.parse import urlsplit

import requests
from PIL import Image, UnidentifiedImageError

from core.records import Profile
from crawlers._egress import EgressRefused
from crawlers._public_address import public_session
from crawlers._quiet import quiet
from crawlers._rebase import rebased_session

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MOST_BYTES = 4 * 2**20
_MOST_PIXELS = 4_000_000  # no platform shows a face larger than a quarter of that
_LONGEST_SIDE = 8192
_MOST_SCANS = 64  # of a progressive JPEG, which has about ten; each costs as much time as a whole picture
_SCAN = b"\xff\xda"
_ENOUGH = (256, 256)  # a larger JPEG is unpacked at a fraction of its size
_SECONDS = 15.0

log = logging.getLogger(__name__)


class Pictures:
    """Looks at profile pictures. `stand_in` is an address that stands in for every host (the sandbox)."""

    def __init__(self, *, stand_in: str | None = None) -> None:
        self._stand_in = stand_in
        self._sessions: dict[str, requests.Session] = {}

    def look(self, profile: Profile, before: Profile) -> Profile:
        """The profile with its picture's hashes: those of `before` where the address is the same, empty where none was got."""
        if not profile.picture_url:
            return profile
        if _bare(profile.picture_url) == _bare(before.picture_url) and before.picture_sha256:
            return replace(profile, picture_sha256=before.picture_sha256, picture_hash=before.picture_hash)
        body = self._fetch(profile.picture_url)
        look = look_of(body) if body else ""
        return replace(profile, picture_sha256=hashlib.sha256(body).hexdigest(), picture_hash=look) if look else profile

    def close(self) -> None:
        for session in self._sessions.values():
            session.close()
        self._sessions.clear()

    def _fetch(self, url: str) -> bytes:
        """The bytes, empty where the host, the address or the answer is not to our liking."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username:
            return b""
        try:
            with quiet():
                answer = self._session(f"https://{parts.netloc}/").get(
                    url, headers={"Accept": "image/*"}, allow_redirects=False
                )
        except (requests.RequestException, EgressRefused, ValueError) as error:
            log.info("a profile picture was not got (%s)", type(error).__name__)
            return b""
        return answer.content if answer.status_code == 200 else b""

    def _session(self, origin: str) -> requests.Session:
        if origin not in self._sessions:
            if len(self._sessions) >= 64:
                self.close()
            self._sessions[origin] = (
                rebased_session(origin, self._stand_in, seconds=_SECONDS)
                if self._stand_in
                else public_session(origin, seconds=_SECONDS)
            )
        return self._sessions[origin]


def look_of(body: bytes) -> str:
    """A difference hash, 64 bits in hexadecimal: which of two neighbouring grey fields is lighter. Empty for no picture."""
    if len(body) > MOST_BYTES:
        return ""
    try:
        with Image.open(io.BytesIO(body), formats=_FORMATS) as picture:
            if max(picture.size) > _LONGEST_SIDE or picture.width * picture.height > _MOST_PIXELS:
                return ""
            if picture.format == "JPEG" and body.count(_SCAN) > _MOST_SCANS:
                return ""
            picture.draft(None, _ENOUGH)
            grey = picture.convert("RGBA").convert("L").resize((9, 8), Image.Resampling.LANCZOS)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, MemoryError):
        return ""
    fields = grey.tobytes()
    bits = [fields[row * 9 + column] > fields[row * 9 + column + 1] for row in range(8) for column in range(8)]
    return f"{sum(bit << n for n, bit in enumerate(bits)):016x}"


def _bare(url: str) -> str:
    """Without the signature that changes at every look."""
    return url.partition("?")[0]
