"""X's own account archive: the zip that an account's holder downloads, or its unpacked folder.

Only `account.js`, `profile.js`, `tweets.js` (and its further parts) and `note-tweet.js` are opened. Direct messages, likes,
deleted tweets, Circle tweets and everything else that was not public stay closed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any

from core.errors import ParseError
from core.records import Post, Profile
from crawlers._archive.files import open_folder
from crawlers._archive.js_items import ITEM_LIMIT, split_items
from crawlers._archive.post_lines import BadPost, storable
from crawlers._archive.records import ArchiveRecord
from crawlers._x.tweets import Notes, edit_history, parse_item, parse_tweet, post_of, tweet_id

_TWEETS = re.compile(r"tweets?(?:-part(\d{1,6}))?\.js")
_NOTES = re.compile(r"note-tweet(?:-part\d{1,6})?\.js")
_EDITED = re.compile(rb'"initialTweetId"|"editTweetIds"\s*:\s*\[\s*"\d+"\s*,')  # cheaper than reading every tweet twice
_IDS = re.compile(rb'"([0-9]{1,20})"')
_VERSIONS_LIMIT = 64 << 20  # bytes of edited tweets held in memory


def _told(raw: bytes) -> tuple[str, list[str]] | None:
    """A tweet's id and its edit history; None for what is no tweet, which is told when its turn comes."""
    try:
        tweet = parse_tweet(raw)
    except BadPost:
        return None
    return tweet_id(tweet), edit_history(tweet)


class XArchive:
    """One account's tweets. Versions of an edited tweet stand with the first that the file shows, oldest first."""

    unit = "tweet"
    media_type = "application/json"
    note = ""

    def __init__(self, path: Path) -> None:
        self._folder = open_folder(path)
        names = self._folder.names()
        found = [(int(match[1] or 0), name) for name in names if (match := _TWEETS.fullmatch(name))]
        self._parts = [name for _, name in sorted(found)]
        self._note_parts = [name for name in names if _NOTES.fullmatch(name)]
        if not self._parts or "account.js" not in names:
            raise ParseError("no account archive of X: expected data/account.js and data/tweets.js")
        account = self._only_object("account.js", "account")
        self.handle = account.get("username") if isinstance(account.get("username"), str) else None
        if not self.handle:
            raise ParseError("account.js does not name the account")
        key = account.get("accountId")
        self.native_account_id: str | None = key if isinstance(key, str) and key.isdecimal() else None
        self.profile: Profile | None = self._profile(account, self._only_object("profile.js", "profile", names))

    def digest(self) -> str:
        return self._folder.digest()

    def records(self, after: int = 0) -> Iterator[ArchiveRecord]:
        told = set[str]()  # first ids of edited tweets whose versions were given already
        for number, raw in enumerate(self._items(), start=1):
            if number > after or (raw is not None and _EDITED.search(raw)):
                record = self._record(number, raw, told)
                if number > after:
                    yield record

    def _record(self, number: int, raw: bytes | None, told: set[str]) -> ArchiveRecord:
        if raw is None:
            return ArchiveRecord(number=number, problem=f"cut off, or longer than {ITEM_LIMIT >> 20} MiB")
        try:
            tweet = parse_tweet(raw)
            first = edit_history(tweet)[0]
            if first in told:
                return ArchiveRecord(number=number)
            versions = [raw]
            if first in self._versions:
                told.add(first)
                versions = self._versions[first]
            posts, bodies = list[Post](), list[bytes]()
            for version in versions:
                post, note = post_of(parse_tweet(version), self._notes)
                posts.append(post)
                bodies += [version, note] if note else [version]
        except BadPost as error:
            return ArchiveRecord(number=number, problem=str(error))
        body = b"\n".join(bodies) + b"\n"
        return ArchiveRecord(number=number, raw=body, posts=tuple(posts), platform="x", handle=self.handle)

    def _items(self) -> Iterator[bytes | None]:
        for part in self._parts:
            yield from split_items(self._folder.chunks(part))

    @cached_property
    def _notes(self) -> Notes:
        return Notes(item for part in self._note_parts for item in split_items(self._folder.chunks(part)))

    @cached_property
    def _versions(self) -> dict[str, list[bytes]]:
        """Edited tweets only: first id -> its versions, oldest first, each as often as the file has it, wherever they stand."""
        versions: dict[str, list[tuple[int, bytes]]] = {}
        held = 0
        for raw in self._items():
            if raw is None or not _EDITED.search(raw):
                continue
            if (told := _told(raw)) and len(told[1]) > 1:
                held += len(raw)
                if held > _VERSIONS_LIMIT:
                    raise ParseError("the archive holds more edited tweets than an account can have written")
                versions.setdefault(told[1][0], []).append((int(told[0]), raw))
        if versions:  # a first version may not know that it was edited
            for raw in self._items():
                if raw is not None and versions.keys() & {one.decode() for one in _IDS.findall(raw)}:
                    told = _told(raw)
                    if told and len(told[1]) == 1 and told[0] in versions:
                        versions[told[0]].append((int(told[0]), raw))
        return {first: [raw for _, raw in sorted(found, key=itemgetter(0))] for first, found in versions.items()}

    def _only_object(self, part: str, key: str, names: list[str] | None = None) -> dict[str, Any]:
        """The one object that `account.js` and its like hold; empty where an optional part is missing."""
        if names is not None and part not in names:
            return {}
        raw = next(split_items(self._folder.chunks(part)), None)
        try:
            found = parse_item(raw or b"").get(key)
        except BadPost:
            raise ParseError(f"{part} is damaged; download the archive again") from None
        return found if isinstance(found, dict) else {}

    @staticmethod
    def _profile(account: dict[str, Any], profile: dict[str, Any]) -> Profile:
        description = profile.get("description")
        description = description if isinstance(description, dict) else {}
        name, bio, picture = account.get("accountDisplayName"), description.get("bio"), profile.get("avatarMediaUrl")
        website = description.get("website")
        return Profile(
            display_name=storable(name) if isinstance(name, str) else "",
            bio=storable(bio) if isinstance(bio, str) else "",
            links=(storable(website),) if isinstance(website, str) and website else (),
            picture_url=storable(picture) if isinstance(picture, str) else "",
        )
