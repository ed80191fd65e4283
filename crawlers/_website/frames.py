"""What the fetching child process is told, and what it tells back: length-framed JSON over its pipes, bounded both ways."""

from __future__ import annotations

import dataclasses
import struct
from datetime import datetime
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, Field

from core.records import CrawledPage, Cursor, KnownPost
from crawlers._website.rules import SiteRules

MAX_FRAME = 64 * 1024 * 1024  # a page of 8 MiB is 11 MiB as base64, and its posts are no longer than it
_LENGTH = struct.Struct(">I")


class BrokenFrame(Exception):
    """The pipe held something that is no frame, or a frame that is too long."""


class Job(BaseModel):
    """One account to be read, as the child process gets it on its standard input. It holds no secret."""

    model_config = ConfigDict(frozen=True)

    base_url: str
    account_id: str
    now: datetime  # by the pipeline's clock
    state: dict[str, Any] = {}
    since: datetime | None = None
    recheck: tuple[KnownPost, ...] = ()
    rebase: dict[str, str] = {}
    user_agent: str
    robots_agent: str
    delay: float
    timeout: float
    time_limit: float
    max_pages: int
    max_posts: int
    comments: bool = False  # read replies by the site's own users
    rules: SiteRules = SiteRules()


class Failure(BaseModel):
    """Why the child stopped early: the name of an error of core.errors and a message in our own words."""

    model_config = ConfigDict(frozen=True)

    error: str
    message: str
    retry_after: float | None = None  # seconds


class Frame(BaseModel):
    """One message of the child: a page with the crawl's state after it, or the end with what was counted.

    A page's cursor travels as `state`, because a Cursor's mapping can't be written as it is. `asks`: the child wants to send
    one request, and waits to be let go on.
    """

    model_config = ConfigDict(frozen=True, ser_json_bytes="base64", val_json_bytes="base64")

    page: CrawledPage | None = Field(default=None, repr=False)
    state: dict[str, Any] | None = Field(default=None, repr=False)
    failure: Failure | None = None
    counts: dict[str, int] | None = None
    asks: bool = False

    @classmethod
    def of_page(cls, page: CrawledPage) -> Frame:
        state = dict(page.cursor.state) if page.cursor else None
        return cls(page=dataclasses.replace(page, cursor=None), state=state)

    def crawled_page(self) -> CrawledPage | None:
        if self.page is None or self.state is None:
            return self.page
        return dataclasses.replace(self.page, cursor=Cursor(self.state))


def write_message(stream: IO[bytes], message: BaseModel) -> None:
    """Write one length-framed message and flush it."""
    body = message.model_dump_json().encode()
    stream.write(_LENGTH.pack(len(body)) + body)
    stream.flush()


def write_go_on(stream: IO[bytes]) -> None:
    """Let the child send the request that it asked for: a message without a body."""
    stream.write(_LENGTH.pack(0))
    stream.flush()


def frame_length(head: bytes) -> int:
    """The length that a frame's four leading bytes announce.

    Raises:
        BrokenFrame: it is longer than a frame may be.
    """
    (length,) = _LENGTH.unpack(head)
    if length > MAX_FRAME:
        raise BrokenFrame(f"a frame of {length} bytes is longer than {MAX_FRAME}")
    return int(length)


HEAD_BYTES = _LENGTH.size
