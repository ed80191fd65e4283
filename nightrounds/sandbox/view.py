"""The world as it stands on a night: what is posted, edited, deleted, renamed or shut by then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property

from nightrounds.sandbox.world import Expectation, State, World, WorldAccount, WorldPost, load_world

NIGHT_ONE = datetime(2026, 11, 16, 23, 0, tzinfo=UTC)


def night_starts(night: int) -> datetime:
    """When a night's rounds begin."""
    if night not in (1, 2):
        raise ValueError("the sandbox has two nights, 1 and 2")
    return NIGHT_ONE + timedelta(days=night - 1)


@dataclass(frozen=True, slots=True)
class Version:
    """One wording of a post."""

    at: datetime
    title: str
    text: str
    expect: tuple[Expectation, ...]
    protected: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A post as far as it has come; `gone` when its author took it down."""

    account: WorldAccount
    post: WorldPost
    versions: tuple[Version, ...]
    gone: bool

    @property
    def now(self) -> Version:
        return self.versions[-1]

    @property
    def edited(self) -> bool:
        return len(self.versions) > 1


@dataclass(frozen=True, slots=True)
class Standing:
    """An account as it stands."""

    account: WorldAccount
    handle: str
    display_name: str
    bio: str
    state: State


class View:
    """Everything that can be seen of a world at one moment."""

    def __init__(self, world: World, at: datetime) -> None:
        self.world = world
        self.at = at
        self._accounts = {account.key: _standing(account, at) for account in world.accounts}
        self._posts = {
            account.key: tuple(
                sorted(
                    (_shown(account, post, at) for post in account.posts if post.at <= at),
                    key=lambda shown: (shown.now.at, shown.post.id),
                    reverse=True,
                )
            )
            for account in world.accounts
        }

    def accounts(self, platform: str) -> list[Standing]:
        return [standing for standing in self._accounts.values() if standing.account.platform == platform]

    def standing(self, account: WorldAccount) -> Standing:
        return self._accounts[account.key]

    def ever_posted(self, account: WorldAccount) -> tuple[Shown, ...]:
        """Posts up to now, newest first, those that are gone among them."""
        return self._posts[account.key]

    def posts(self, account: WorldAccount) -> tuple[Shown, ...]:
        """Posts that can be read, newest first."""
        return tuple(shown for shown in self._posts[account.key] if not shown.gone)

    def by_posting(self, account: WorldAccount) -> list[Shown]:
        """Posts that can be read, last posted first: an edit moves none."""
        return sorted(self.posts(account), key=lambda shown: (shown.post.at, shown.post.id), reverse=True)

    @cached_property
    def by_id(self) -> Mapping[str, Shown]:
        return {shown.post.id: shown for posts in self._posts.values() for shown in posts}


@dataclass(frozen=True, slots=True)
class Scene:
    """What one request meets and brings: the view, the time, the accounts that a fault has shut or removed, its body."""

    view: View
    now: datetime
    shut: Mapping[str, State] = field(default_factory=dict)
    body: bytes = b""

    def standing(self, account: WorldAccount) -> Standing:
        standing = self.view.standing(account)
        return replace(standing, state=self.shut[account.key]) if account.key in self.shut else standing

    def accounts(self, platform: str) -> list[Standing]:
        return [self.standing(account) for account in self.view.world.of(platform)]


@cache
def view_of(night: int) -> View:
    """The shipped world on that night."""
    return View(load_world(), night_starts(night))


def _standing(account: WorldAccount, at: datetime) -> Standing:
    handle, name, bio, state = account.handle, account.display_name, account.bio, State.LIVE
    for change in account.changes:
        if change.at <= at:
            handle = change.handle or handle
            name = change.display_name or name
            bio = bio if change.bio is None else change.bio
            state = change.state or state
    return Standing(account, handle, name, bio, state)


def _shown(account: WorldAccount, post: WorldPost, at: datetime) -> Shown:
    versions = [Version(post.at, post.title, post.text, post.expect, post.protected)]
    for edit in post.edits:
        if edit.at <= at:
            title = versions[-1].title if edit.title is None else edit.title
            protected = versions[-1].protected if edit.protected is None else edit.protected
            versions.append(Version(edit.at, title, edit.text, edit.expect, protected))
    gone = post.deleted_at is not None and post.deleted_at <= at
    return Shown(account, post, tuple(versions), gone)
