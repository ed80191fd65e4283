"""The invented world: accounts, posts and what a reader should find in them, read from `world/*.yaml`.

Everybody in it is invented. A post's `expect` says what must be found in it (empty: nothing may be found), `protected`
that the gate must recognise it. An edit carries its own expectation, because the words are others.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core.records import Basis, Kind

FOLDER = Path(__file__).resolve().parent / "world"

# The rules and categories of the command line's contract; an empty set: which of them is left open.
CATEGORIES: dict[str, frozenset[str]] = {
    "phi": frozenset({"direct_identifier", "indirect_identifier", "deceased", "review_reply", "image_caption"}),
    "political": frozenset({"endorse", "oppose"}),
    "brand": frozenset({"impersonation", "lookalike_domain", "endorsement_claim", "merchandise", "scam"}),
    "disclaimer": frozenset({"missing", "incomplete"}),
    "affiliation": frozenset({"undisclosed"}),
    "conduct": frozenset({"hate", "harassment", "threat", "discrimination"}),
    "confidential": frozenset(),
    "copyright": frozenset(),
    "claims": frozenset(),
}


class Engine(StrEnum):
    """What a website of the sandbox is made with."""

    WORDPRESS = "wordpress"
    ATOM = "atom"
    RSS = "rss"
    STATIC = "static"
    CLOSED = "closed"  # its robots.txt refuses everybody


class State(StrEnum):
    """Whether an account can be read."""

    LIVE = "live"
    PRIVATE = "private"
    SUSPENDED = "suspended"
    GONE = "gone"


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _minutes(value: Any) -> Any:
    """YAML reads `2026-11-12 14:03` as words, `2026-11-12 14:03:00` as a time."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


Moment = Annotated[datetime, BeforeValidator(_minutes), AfterValidator(_utc)]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Expectation(_Data):
    """One finding that must be made."""

    rule: str
    category: str | None = None

    @model_validator(mode="after")
    def _names_exist(self) -> Expectation:
        categories = CATEGORIES.get(self.rule)
        if categories is None:
            raise ValueError(f"no such rule: {self.rule}")
        if categories and self.category not in categories:
            raise ValueError(f"{self.rule}: expected one of {', '.join(sorted(categories))}, got {self.category}")
        if not categories and self.category is not None:
            raise ValueError(f"{self.rule} has no categories")
        return self


class Picture(_Data):
    """A picture beside a post. Its bytes are not served; `alt` is the description that its author wrote."""

    name: str
    alt: str = ""


class Elsewhere(_Data):
    """A post from outside of the watched accounts (a review, a question), kept only so that an answer has a context."""

    by: str
    text: str = ""
    gone: bool = False


class Edit(_Data):
    """A later wording of a post. What is left out stays as it was."""

    at: Moment
    text: str
    title: str | None = None
    expect: tuple[Expectation, ...] = ()
    protected: bool | None = None
    why: str = ""


class WorldPost(_Data):
    """One post with its edits and its end. `reply_to`, `quote` and `repost` name a post here or one from elsewhere."""

    id: str
    at: Moment
    lang: str = "en"
    title: str = ""
    text: str = ""
    pictures: tuple[Picture, ...] = ()
    reply_to: str | Elsewhere | None = None
    quote: str | Elsewhere | None = None
    repost: str | Elsewhere | None = None
    edits: tuple[Edit, ...] = ()
    deleted_at: Moment | None = None
    commented_at: Moment | None = None  # on Facebook a comment moves updated_time though nobody edited
    expect: tuple[Expectation, ...] = ()
    protected: bool = False
    why: str = ""
    extra: dict[str, Any] = {}  # what only this platform knows


class Change(_Data):
    """How an account changes at a moment. What is left out stays as it was."""

    at: Moment
    handle: str | None = None
    display_name: str | None = None
    bio: str | None = None
    state: State | None = None


class WorldAccount(_Data):
    """One account. `expect` speaks of its profile, not of its posts."""

    key: str
    platform: str
    handle: str
    kind: Kind
    basis: Basis
    unit: str | None = None
    display_name: str
    bio: str = ""
    location: str = ""
    link: str = ""
    joined: Moment
    followers: Annotated[int, Field(ge=0)] = 0
    engine: Engine | None = None
    changes: tuple[Change, ...] = ()
    expect: tuple[Expectation, ...] = ()
    why: str = ""
    extra: dict[str, Any] = {}  # what only this platform knows
    posts: tuple[WorldPost, ...] = ()

    @model_validator(mode="after")
    def _a_website_has_an_engine(self) -> WorldAccount:
        if (self.platform == "website") != (self.engine is not None):
            raise ValueError(f"{self.key}: a website names its engine, nothing else does")
        return self


class World(_Data):
    """All accounts, platform by platform."""

    accounts: tuple[WorldAccount, ...]

    @model_validator(mode="after")
    def _hangs_together(self) -> World:
        ids = [post.id for _, post in self.each_post()]
        doubled = {post_id for post_id in ids if ids.count(post_id) > 1}
        dangling = {
            target
            for _, post in self.each_post()
            for target in (post.reply_to, post.quote, post.repost)
            if isinstance(target, str) and target not in ids
        }
        if doubled or dangling:
            raise ValueError(f"posts named twice: {sorted(doubled)}; posts that are answered but missing: {sorted(dangling)}")
        return self

    def each_post(self) -> Iterator[tuple[WorldAccount, WorldPost]]:
        for account in self.accounts:
            for post in account.posts:
                yield account, post

    @cached_property
    def posts(self) -> dict[str, tuple[WorldAccount, WorldPost]]:
        return {post.id: (account, post) for account, post in self.each_post()}

    def of(self, platform: str) -> list[WorldAccount]:
        return [account for account in self.accounts if account.platform == platform]


@cache
def load_world() -> World:
    """Read the world that ships with the package: `accounts/<platform>.yaml`, and `posts/<account key>.yaml` for each."""
    accounts = [account for path in sorted((FOLDER / "accounts").glob("*.yaml")) for account in _read(path)]
    for account in accounts:
        account["posts"] = _read(FOLDER / "posts" / f"{account['key']}.yaml")
    return World.model_validate({"accounts": accounts})


def _read(path: Path) -> list[dict[str, Any]]:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(data, list):
        raise ValueError(f"{path}: expected a list")
    return data
