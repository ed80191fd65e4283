"""The world's wikis in MediaWiki's JSON (formatversion 2): pages, revisions, files, recent changes and logs.

A post is a page, its wordings are revisions, another title is a move. A post with `namespace: 6` in its `extra` describes the
file of its first picture.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from nightrounds.sandbox.native_ids import number_of
from nightrounds.sandbox.view import Scene, Shown, Standing, view_of
from nightrounds.sandbox.world import Picture

FILE = 6
NAMESPACES = {
    -2: "Media",
    -1: "Special",
    0: "",
    1: "Talk",
    2: "User",
    3: "User talk",
    4: "Project",
    FILE: "File",
    7: "File talk",
}
NAMESPACES |= {8: "MediaWiki", 10: "Template", 12: "Help", 14: "Category"}
_RECENT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the list of recent changes, and of the logs where it is a log's."""

    number: int
    at: datetime
    kind: str  # new, edit, delete or move
    shown: Shown
    version: int  # the wording that it led to


class Wiki:
    """One wiki as it stands."""

    def __init__(self, standing: Standing, scene: Scene) -> None:
        self.account = standing.account
        self.standing = standing
        self.now = scene.now
        self.origin = "{0.scheme}://{0.netloc}".format(urlsplit(standing.account.handle))
        self._ever = scene.view.ever_posted(standing.account)
        self.pages = {page_id(shown): shown for shown in self._ever if not shown.gone}

    def by_title(self, title: str) -> Shown | None:
        return next((shown for shown in self.pages.values() if title_of(shown) == title.replace("_", " ")), None)

    def by_revision(self, revision: int) -> tuple[Shown, int] | None:
        for shown in self.pages.values():
            for version in range(len(shown.versions)):
                if revision_id(shown, version) == revision:
                    return shown, version
        return None

    def changes(self) -> list[Change]:
        """All that happened, oldest first."""
        found = []
        for shown in self._ever:
            for number, version in enumerate(shown.versions):
                before = shown.versions[number - 1] if number else version
                kind = "new" if not number else "edit" if before.title == version.title else "move"
                found.append(Change(2 * revision_id(shown, number), version.at, kind, shown, number))
            if shown.gone and shown.post.deleted_at:
                last = len(shown.versions) - 1
                found.append(Change(2 * revision_id(shown, last) + 1, shown.post.deleted_at, "delete", shown, last))
        return sorted(found, key=lambda change: (change.at, change.number))

    def recent(self) -> list[Change]:
        return [change for change in self.changes() if change.at > self.now - _RECENT]

    def general(self) -> dict[str, Any]:
        return {
            "mainpage": "Main Page",
            "base": f"{self.origin}/wiki/Main_Page",
            "sitename": self.standing.display_name,
            "generator": "MediaWiki 1.39.17",
            "lang": "en",
            "articlepath": "/wiki/$1",
            "scriptpath": "/w",
            "script": "/w/index.php",
            "server": self.origin,
            "wikiid": self.account.key.replace("-", "_"),
            "time": stamp(self.now),
            "maxarticlesize": 2_097_152,
        }

    def info(self, shown: Shown) -> dict[str, Any]:
        title = title_of(shown)
        address = f"{self.origin}/wiki/{quote(title.replace(' ', '_'), safe='/:')}"
        only_one = {"new": True} if len(shown.versions) == 1 else {}
        last = len(shown.versions) - 1
        return {
            "contentmodel": "wikitext",
            "pagelanguage": shown.post.lang,
            "pagelanguagehtmlcode": shown.post.lang,
            "pagelanguagedir": "ltr",
            "touched": stamp(shown.now.at),
            "lastrevid": revision_id(shown, last),
            "length": len(wikitext(shown, last).encode()),
            **only_one,
            "fullurl": address,
            "canonicalurl": address,
        }

    def revision(self, shown: Shown, version: int, *, content: bool) -> dict[str, Any]:
        parent = revision_id(shown, version - 1) if version else 0
        told: dict[str, Any] = {
            "revid": revision_id(shown, version),
            "parentid": parent,
            "timestamp": stamp(shown.versions[version].at),
        }
        if content:
            slot = {"contentmodel": "wikitext", "contentformat": "text/x-wiki", "content": wikitext(shown, version)}
            told["slots"] = {"main": slot}
        return told

    def file(self, picture: Picture) -> dict[str, Any]:
        digest = hashlib.sha1(picture.name.encode(), usedforsecurity=False).hexdigest()
        return {"url": f"{self.origin}/images/{digest[0]}/{digest[:2]}/{picture.name}", "sha1": digest, "mime": "image/jpeg"}

    def change(self, change: Change) -> dict[str, Any]:
        """A line of the list of recent changes."""
        shown, version = change.shown, change.version
        own, parent = revision_id(shown, version), revision_id(shown, version - 1) if version else 0
        size, before = len(wikitext(shown, version).encode()), len(wikitext(shown, version - 1).encode()) if version else 0
        is_log = change.kind in ("delete", "move")
        told: dict[str, Any] = {
            "type": "log" if is_log else change.kind,
            "ns": namespace(shown),
            "title": title_of(shown, version - 1 if change.kind == "move" else version),
            "pageid": page_id(shown),
            "revid": 0 if change.kind == "delete" else own,
            "old_revid": 0 if is_log else parent,
            "rcid": change.number,
            "oldlen": 0 if is_log else before,
            "newlen": 0 if is_log else size,
            "timestamp": stamp(change.at),
        }
        return told | (self._logged(change, "log") if is_log else {})

    def log_event(self, change: Change) -> dict[str, Any]:
        """A line of a log. `pageid` is that of the page now at the title."""
        here = self.by_title(title_of(change.shown))
        return {
            "pageid": page_id(here) if here else 0,
            "logpage": page_id(change.shown),
            "timestamp": stamp(change.at),
            **self._logged(change, ""),
        }

    def _logged(self, change: Change, prefix: str) -> dict[str, Any]:
        params = {"target_ns": namespace(change.shown), "target_title": title_of(change.shown), "suppressredirect": True}
        own = {"type": change.kind, "action": change.kind, "params": params if change.kind == "move" else {}}
        return {"logid": change.number, **{f"{prefix}{name}": value for name, value in own.items()}}


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def page_id(shown: Shown) -> int:
    return 1000 + number_of(f"wiki page {shown.post.id}", below=10**6)


def namespace(shown: Shown) -> int:
    return int(shown.post.extra.get("namespace", 0))


def title_of(shown: Shown, version: int = -1) -> str:
    title = shown.versions[version].title
    return f"File:{title}" if namespace(shown) == FILE else title


def revision_id(shown: Shown, version: int) -> int:
    """Revisions are numbered in the order in which all the world's wikis are written."""
    return 5000 + _order()[shown.post.id, version]


@cache
def _order() -> dict[tuple[str, int], int]:
    view = view_of(2)
    made = [
        (version.at, shown.post.id, number)
        for standing in view.accounts("mediawiki")
        for shown in view.ever_posted(standing.account)
        for number, version in enumerate(shown.versions)
    ]
    return {(post, number): order for order, (_, post, number) in enumerate(sorted(made), 1)}


def wikitext(shown: Shown, version: int) -> str:
    """A wording with its pictures; a file's own description shows none."""
    pictures = () if namespace(shown) == FILE else shown.post.pictures
    return shown.versions[version].text + "".join(f"\n\n[[File:{one.name}|thumb|alt={one.alt}]]" for one in pictures)
