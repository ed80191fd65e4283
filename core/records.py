"""The values that travel through the house: frozen, slotted, and silent about text in a log line or traceback.

Times are UTC and end in `_at`. Text, names and addresses are `repr=False`; a finding carries spans, never words.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

_ACCOUNT_IDS = uuid.UUID("5f0c5a0e-5b0e-4a39-9d53-6a8f0f6a6f52")  # namespace of account ids; must never change


class Kind(StrEnum):
    """Whose account it is. It decides which rules may run at all."""

    OFFICIAL = "official"  # run by the institution
    PERSONNEL = "personnel"  # a person who discloses the affiliation
    UNOFFICIAL = "unofficial"  # claims or appears to be the institution and is not known to be


class Basis(StrEnum):
    """Why an account may be watched."""

    OWNED = "owned"
    SELF_DISCLOSED = "self-disclosed"
    CONSENTED = "consented"
    PUBLIC_CLAIM = "public claim"


class PostType(StrEnum):
    """ActivityStreams object types, and REPOST for a pure Announce."""

    NOTE = "note"
    ARTICLE = "article"
    VIDEO = "video"
    IMAGE = "image"
    PAGE = "page"
    REPOST = "repost"


class Precision(StrEnum):
    """How exactly a platform told when a post was posted."""

    EXACT = "exact"
    DAY = "day"
    UNKNOWN = "unknown"


class GoneReason(StrEnum):
    """Why a post can no longer be read (the tombstone's reason). `.buries` is false where the post itself may well stand."""

    DELETED = "deleted"  # by its author
    REMOVED = "removed"  # by the platform or a moderator
    PRIVATE = "private"
    SUSPENDED = "suspended"  # with its whole account
    RENAMED = "renamed"  # it lives on under another address or account
    WITHHELD = "withheld"  # where we ask from
    UNAVAILABLE = "unavailable"  # the platform does not say which
    LOGIN_WALL = "login wall"  # a login or challenge page came instead
    OUR_ERROR = "our error"  # we could not ask as the platform wants it

    @property
    def buries(self) -> bool:
        return self not in {GoneReason.LOGIN_WALL, GoneReason.OUR_ERROR}


class Severity(StrEnum):
    """Ordered from least to most; compare by `.rank`."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


class CoverageStatus(StrEnum):
    """What a night's look at one account came to."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    BLOCKED = "blocked"
    FAILED = "failed"
    NOT_TRIED = "not tried"


class FindingScope(StrEnum):
    """Whether a finding speaks of one post or of the account's profile (kept once an account, not once a post)."""

    POST = "post"
    PROFILE = "profile"


def account_id(platform: str, handle: str) -> str:
    """The id under which an account is first known; it survives a rename, because storage keeps it."""
    return uuid.uuid5(_ACCOUNT_IDS, f"{platform}/{handle.casefold()}").hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What an account says of itself on the night it was seen.

    `picture_sha256` is of the picture's bytes and `picture_hash` of its look (64 bits in hexadecimal), where it was fetched.
    """

    display_name: str = field(default="", repr=False)
    bio: str = field(default="", repr=False)
    url: str = field(default="", repr=False)
    links: tuple[str, ...] = field(default=(), repr=False)
    picture_url: str = field(default="", repr=False)
    picture_sha256: str = ""
    picture_hash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A platform handle that we watch, with its kind and the basis on which it may be watched."""

    id: str
    platform: str
    handle: str = field(repr=False)
    kind: Kind
    basis: Basis
    basis_recorded_by: str = field(repr=False)
    basis_recorded_at: datetime
    basis_evidence: str = field(default="", repr=False)  # where it can be seen: an address, a letter, a form
    native_id: str | None = field(default=None, repr=False)
    unit: str | None = None
    profile: Profile = Profile()


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPage:
    """The bytes that a platform answered, as evidence. `url` and `headers` hold no secret."""

    url: str = field(repr=False)
    body: bytes = field(repr=False)
    media_type: str
    status: int
    fetched_at: datetime
    collector: str  # module and version that fetched it
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Another post that a post answers, repeats or quotes."""

    native_id: str = field(repr=False)
    url: str = field(default="", repr=False)
    text: str = field(default="", repr=False)  # what the platform showed of it, so that a reply can be read in context
    available: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture, video or sound of a post. `native_key` is the platform's own name of it, stable while links expire."""

    kind: Literal["image", "video", "audio", "document"]
    native_key: str = field(repr=False)
    url: str = field(default="", repr=False)
    alt_text: str = field(default="", repr=False)
    path: str = field(default="", repr=False)  # a local file, for posts that were handed over rather than crawled


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post as it stands. `native_id` never changes under edits; `revision` is the platform's mark of this version."""

    platform: str
    account_id: str
    native_id: str = field(repr=False)
    url: str = field(default="", repr=False)
    type: PostType = PostType.NOTE
    title: str = field(default="", repr=False)
    text: str = field(default="", repr=False)
    summary: str = field(default="", repr=False)  # a content warning or lead
    lang: str = "und"
    posted_at: datetime | None = None
    posted_at_precision: Precision = Precision.UNKNOWN
    edited_at: datetime | None = None
    revision: str = field(default="", repr=False)
    in_reply_to: Reference | None = None
    repost_of: Reference | None = None
    quote_of: Reference | None = None
    links: tuple[str, ...] = field(default=(), repr=False)
    media: tuple[Media, ...] = ()

    def content(self) -> bytes:
        """Canonical bytes of what a reader sees: two sightings with equal content are one revision.

        Links that platforms sign anew at every answer (media addresses) stay out; the media's own keys are in.
        """
        seen = {
            "title": self.title,
            "text": self.text,
            "summary": self.summary,
            "links": list(self.links),
            "media": [[m.kind, m.native_key, m.alt_text] for m in self.media],
            "reply": self.in_reply_to.native_id if self.in_reply_to else None,
            "repost": self.repost_of.native_id if self.repost_of else None,
            "quote": self.quote_of.native_id if self.quote_of else None,
        }
        return json.dumps(seen, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """One sighting that a post can't be read.

    `definite` when the platform itself says so; else it takes two sightings by different paths. `path` is the crawler's own
    word for how it looked ('lookup', 'listing', 'permalink').
    """

    native_id: str = field(repr=False)
    reason: GoneReason
    definite: bool = False
    path: str = "lookup"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPost:
    """A stored post whose existence or edits are due to be looked at again.

    `missing_path` is the path by which it was last sighted missing, empty where it was not: another one has more to say.
    """

    native_id: str = field(repr=False)
    url: str = field(repr=False)
    revision: str = field(repr=False)
    posted_at: datetime | None
    last_verified_at: datetime
    missing_path: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a crawl of one account goes on: the crawler's own JSON object; nobody else reads it."""

    state: Mapping[str, Any] = field(repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "state", MappingProxyType(dict(self.state)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawledPage:
    """One answer of a platform, read: what storage keeps in one transaction.

    A crawl's first page tells the account itself: `native_account_id` (never changes), `handle` (as it is now), `profile`.
    `cursor` is where to go on once this page is stored, None to leave the stored one as it is. `verified` are ids of posts that
    this answer showed to be live. `note` reports a gap that is no failure ('platform window limit reached').
    """

    raw: tuple[RawPage, ...]
    posts: tuple[Post, ...] = ()
    gone: tuple[Gone, ...] = ()
    verified: tuple[str, ...] = field(default=(), repr=False)
    profile: Profile | None = None
    native_account_id: str | None = field(default=None, repr=False)
    handle: str | None = field(default=None, repr=False)
    cursor: Cursor | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of text that a detector reads. Names: handle, display_name, bio, title, text, summary, in_reply_to, quote_of,
    `link.N`, `media.N.alt_text`. A span always names its segment and counts code points of this text as it was given."""

    name: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open range of Unicode code points in a named segment."""

    segment: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Something recognised in a segment; `type` is Presidio's entity name or one of ours, `score` in [0, 1]."""

    type: str
    span: Span
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What one pass of reading says of one segment: entities in reading order."""

    segment: str
    entities: tuple[Entity, ...] = ()
    lang: str = "und"
    not_read: str | None = None  # why this segment can't count as read ('language', 'too long', 'time')


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One post, or one profile (`post` is None), with its segments and what reading them gave. What detectors are handed."""

    account: Account
    post: Post | None
    segments: tuple[Segment, ...]
    signals: Mapping[str, Signals]
    classes: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))  # of the own words, or the bio

    @cached_property
    def by_name(self) -> Mapping[str, str]:
        return {segment.name: segment.text for segment in self.segments}

    @property
    def not_read(self) -> str | None:
        """The first reason for which some segment was not read, None when all were."""
        return next((s.not_read for s in self.signals.values() if s.not_read), None)

    def entities(self, *types: str) -> list[Entity]:
        return [e for s in self.signals.values() for e in s.entities if not types or e.type in types]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """An indicator that a person must look at, never a verdict. `reason` is in plain words and quotes nothing."""

    rule: str
    category: str
    severity: Severity
    score: float
    spans: tuple[Span, ...]
    clause: str
    route: str
    reason: str
    scope: FindingScope = FindingScope.POST
    detector_version: str = ""
    policy_version: str = ""
    sealed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """What screening one reading came to, after the gate."""

    protected: bool
    findings: tuple[Finding, ...]
    not_read: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What one run could see of one account. `reason` is plain words, empty when complete."""

    account_id: str
    platform: str
    status: CoverageStatus
    reason: str = ""
    actor: str = ""  # who must act, empty when nobody
    new: int = 0
    edited: int = 0
    gone: int = 0
    pages: int = 0
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a reviewer works on."""

    id: int
    key: str
    route: str
    severity: Severity
    state: str
    opened_at: datetime
    due_at: datetime | None
    finding_count: int
    rules: tuple[str, ...]
    sealed: bool
    assignee: str | None = field(default=None, repr=False)
