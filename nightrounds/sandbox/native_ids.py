"""Ids and links as the platforms make them, derived from the world's own names so that every run gives the same."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from datetime import datetime
from functools import lru_cache

_X_EPOCH_MS = 1_288_834_974_657
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@lru_cache(maxsize=16_384)
def number_of(name: str, *, below: int) -> int:
    """A number in [0, below) that depends on nothing but the name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:12], "big") % below


@lru_cache(maxsize=16_384)
def snowflake(at: datetime, name: str) -> str:
    """X's id of something made at that time: milliseconds since X's own epoch, then 22 bits."""
    milliseconds = int(at.timestamp() * 1000) - _X_EPOCH_MS
    return str((milliseconds << 22) | number_of(name, below=1 << 22))


def short_link(post: str, url: str) -> str:
    """A t.co address: always 23 characters, another one for each post that holds the link."""
    number = number_of(f"{post} {url}", below=62**10)
    digits = []
    for _ in range(10):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return f"https://t.co/{''.join(digits)}"


def page_id(name: str) -> str:
    """A Facebook Page's id: fifteen digits."""
    return str(100_000_000_000_000 + number_of(f"page {name}", below=10**14))


def page_post_id(page: str, post: str) -> str:
    """A Page post's id: the Page's, an underscore, and the post's own."""
    return f"{page}_{122_000_000_000_000_000 + number_of(f'post {post}', below=10**15)}"


def slug(title: str) -> str:
    """A title as the last part of a web address."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
