"""MediaWiki's API for a few wikis told apart by the Host header: action=query with the modules that a reader meets.

As in MediaWiki 1.39: unknown parameters are warned of and ignored, ids and titles beyond fifty are refused, `continue` tells
where to go on, a page that is no more is `missing`. A wiki whose handle is no api.php keeps it in /w/, as most do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request

from nightrounds.sandbox.answers import Answer, StandIn, json_answer
from nightrounds.sandbox.faults import WEB_FAILURES
from nightrounds.sandbox.platforms import _mediawiki_objects as objects
from nightrounds.sandbox.platforms._mediawiki_objects import Change, Wiki
from nightrounds.sandbox.view import Scene, Shown
from nightrounds.sandbox.world import State

_HTML = "text/html; charset=utf-8"
_AT_ONCE = 50
_MOST = 500
_KNOWN = {
    *("action", "format", "formatversion", "maxlag", "continue", "meta", "uiprop", "siprop", "ammessages", "amcustomised"),
    *("amenableparser", "prop", "inprop", "list", "generator", "gapnamespace", "gapfilterredir", "gaplimit", "gapcontinue"),
    *("pageids", "revids", "titles", "rvprop", "rvslots", "rvdir", "rvlimit", "iiprop", "rctype", "rcdir", "rcstart", "rcend"),
    *("rcprop", "rclimit", "rccontinue", "letype", "ledir", "lestart", "leend", "leprop", "lelimit", "lecontinue"),
}


class Refusal(Exception):
    """A question that MediaWiki refuses."""

    def __init__(self, code: str, info: str) -> None:
        super().__init__(info)
        self.code = code

    def answer(self, headers: Mapping[str, str] | None = None) -> Answer:
        body = {"error": {"code": self.code, "info": str(self), "docref": "See api.php for API usage."}}
        return json_answer(body, 200, {"mediawiki-api-error": self.code, **(headers or {})})


class MediaWiki(StandIn):
    """The stand-in. `page_cap` is the most that one answer of a listing holds."""

    platform = "mediawiki"
    title = "wikis"
    never = frozenset({"usage_capped", "token_dead"})

    def options(self, url: str) -> dict[str, Any]:
        return {"base_url": url, "delay": 0}

    def native_id(self, shown: Shown) -> str:
        return str(objects.page_id(shown))

    def concerned(self, request: Request, scene: Scene) -> set[str]:
        host = request.headers.get("host", "").casefold()
        return {s.account.key for s in scene.view.accounts("mediawiki") if urlsplit(s.account.handle).netloc == host}

    def failure(self, kind: str, request: Request, scene: Scene) -> Answer:
        return WEB_FAILURES[kind]

    def answer(self, request: Request, scene: Scene) -> Answer:
        keys = self.concerned(request, scene)
        for standing in scene.accounts("mediawiki"):
            if standing.account.key not in keys or standing.state is State.GONE:
                continue
            path = urlsplit(standing.account.handle).path
            if request.url.path != (path if path.endswith("api.php") else "/w/api.php"):
                break
            try:
                if standing.state is not State.LIVE:
                    raise Refusal("readapidenied", "You need read permission to use this module.")
                return json_answer(self._answered(Wiki(standing, scene), request.query_params))
            except Refusal as refusal:
                return refusal.answer({"retry-after": "5", "x-database-lag": "0"} if refusal.code == "maxlag" else None)
        return Answer(b"<!DOCTYPE html><html><body><h1>Not Found</h1></body></html>\n", 404, _HTML)

    def _answered(self, wiki: Wiki, query: Mapping[str, str]) -> dict[str, Any]:
        if query.get("action") != "query" or query.get("format") != "json" or query.get("formatversion") != "2":
            raise Refusal("badvalue", "The sandbox knows action=query with format=json and formatversion=2 alone.")
        if int(query.get("maxlag", "5")) < 0:
            raise Refusal("maxlag", "Waiting for a database server: 0 seconds lagged.")
        told: dict[str, Any] = {}
        place: dict[str, str] = {}
        if query.get("generator") == "allpages":
            pages, place = self._all_pages(wiki, query)
            told["pages"] = [_page(wiki, shown, query) for shown in pages]
        elif any(name in query for name in ("pageids", "revids", "titles")):
            told |= _looked_up(wiki, query)
        elif query.get("list") == "recentchanges":
            kinds = set(query.get("rctype", "edit|new|log").split("|"))
            changes = [one for one in wiki.recent() if ("log" if one.kind in ("delete", "move") else one.kind) in kinds]
            told["recentchanges"], place = self._listed(changes, query, "rc", wiki.change)
        elif query.get("list") == "logevents":
            changes = [one for one in wiki.changes() if one.kind == query.get("letype")]
            told["logevents"], place = self._listed(changes, query, "le", wiki.log_event)
        for meta in query.get("meta", "").split("|"):
            told |= _meta(wiki, meta, query)
        unknown = sorted(set(query) - _KNOWN)
        warned = {"main": {"warnings": f"Unrecognized parameters: {', '.join(unknown)}."}}
        goes_on = {"continue": {**place, "continue": "-||"}} if place else {}
        return {"batchcomplete": True, **goes_on, **({"warnings": warned} if unknown else {}), "query": told}

    def _limit(self, query: Mapping[str, str], name: str) -> int:
        asked = query.get(name, "10")
        if asked != "max" and not re.fullmatch(r"[1-9][0-9]{0,8}", asked):
            raise Refusal("badinteger", f'Invalid value "{asked}" for integer parameter "{name}".')
        return min(_MOST if asked == "max" else int(asked), _MOST, self.page_cap)

    def _all_pages(self, wiki: Wiki, query: Mapping[str, str]) -> tuple[list[Shown], dict[str, str]]:
        space = query.get("gapnamespace", "0")
        inside = sorted((s for s in wiki.pages.values() if str(objects.namespace(s)) == space), key=objects.title_of)
        start = query.get("gapcontinue", "").replace("_", " ")
        here = [shown for shown in inside if shown.now.title >= start]
        size = self._limit(query, "gaplimit")
        return here[:size], {"gapcontinue": here[size].now.title.replace(" ", "_")} if len(here) > size else {}

    def _listed(
        self, changes: Sequence[Change], query: Mapping[str, str], prefix: str, write: Callable[[Change], dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], dict[str, str]]:
        newer = query.get(f"{prefix}dir") == "newer"
        start, end = query.get(f"{prefix}start", ""), query.get(f"{prefix}end", "")
        first, last = (start, end) if newer else (end, start)
        fitting = [
            one
            for one in changes
            if (not first or objects.stamp(one.at) >= first) and (not last or objects.stamp(one.at) <= last)
        ]
        fitting = fitting if newer else fitting[::-1]
        if (place := query.get(f"{prefix}continue")) is not None:
            numbers = [f"{one.at:%Y%m%d%H%M%S}|{one.number}" for one in fitting]
            if place not in numbers:
                raise Refusal(
                    "badcontinue", "Invalid continue param. You should pass the original value returned by the previous query."
                )
            fitting = fitting[numbers.index(place) :]
        size = self._limit(query, f"{prefix}limit")
        following = fitting[size] if len(fitting) > size else None
        place_after = {f"{prefix}continue": f"{following.at:%Y%m%d%H%M%S}|{following.number}"} if following else {}
        return [write(one) for one in fitting[:size]], place_after


def _meta(wiki: Wiki, name: str, query: Mapping[str, str]) -> dict[str, Any]:
    if name == "siteinfo":
        spaces = {
            str(number): {"id": number, "case": "first-letter", "name": title, "canonical": title, "content": number == 0}
            for number, title in objects.NAMESPACES.items()
        }
        aliases = [{"id": objects.FILE, "alias": "Image"}, {"id": 7, "alias": "Image talk"}]
        return {"general": wiki.general(), "namespaces": spaces, "namespacealiases": aliases}
    if name == "allmessages":
        asked = query.get("ammessages", "").split("|")
        own = {"sitenotice": wiki.standing.bio} if wiki.standing.bio else {}
        told = [
            {"name": one, "normalizedname": one, "customised": True, "defaultmissing": True, "content": text}
            for one, text in own.items()
            if one in asked
        ]
        return {"allmessages": told}
    return {"userinfo": {"id": 0, "name": "127.0.0.1", "anon": True}} if name == "userinfo" else {}


def _looked_up(wiki: Wiki, query: Mapping[str, str]) -> dict[str, Any]:
    by = next(name for name in ("pageids", "revids", "titles") if name in query)
    asked = list(dict.fromkeys(query[by].split("|")))
    if len(asked) > _AT_ONCE:
        raise Refusal("toomanyvalues", f'Too many values supplied for parameter "{by}". The limit is {_AT_ONCE}.')
    if by == "titles":
        found = {title: wiki.by_title(title) for title in asked}
        missing = [{"ns": 0, "title": title, "missing": True} for title, shown in found.items() if shown is None]
        return {"pages": missing + [_page(wiki, shown, query) for shown in found.values() if shown is not None]}
    if wrong := [one for one in asked if not re.fullmatch(r"[0-9]{1,12}", one)]:
        raise Refusal("badinteger", f'Invalid value "{wrong[0]}" for integer parameter "{by}".')
    if by == "pageids":
        pages = [_page(wiki, wiki.pages[int(one)], query) for one in asked if int(one) in wiki.pages]
        return {"pages": pages + [{"pageid": int(one), "missing": True} for one in asked if int(one) not in wiki.pages]}
    told: dict[int, dict[str, Any]] = {}
    bad: dict[str, Any] = {}
    for one in asked:
        if place := wiki.by_revision(int(one)):
            shown, version = place
            page = told.setdefault(objects.page_id(shown), _page(wiki, shown, query) | {"revisions": []})
            page["revisions"].append(wiki.revision(shown, version, content="content" in query.get("rvprop", "")))
        else:
            bad[one] = {"revid": int(one), "missing": True}
    return {"pages": list(told.values())} | ({"badrevids": bad} if bad else {})


def _page(wiki: Wiki, shown: Shown, query: Mapping[str, str]) -> dict[str, Any]:
    """A page with the properties that were asked for."""
    props = query.get("prop", "").split("|")
    page: dict[str, Any] = {
        "pageid": objects.page_id(shown), "ns": objects.namespace(shown), "title": objects.title_of(shown)
    }  # fmt: skip
    if "info" in props:
        page |= wiki.info(shown)
    if "revisions" in props and "revids" not in query:
        if "rvlimit" in query and "|" in query.get("pageids", ""):
            raise Refusal("invalidparammix", "The revisions module takes rvlimit for a single page only.")
        version = 0 if query.get("rvdir") == "newer" else len(shown.versions) - 1
        page["revisions"] = [wiki.revision(shown, version, content="content" in query.get("rvprop", ""))]
    if "imageinfo" in props and objects.namespace(shown) == objects.FILE and shown.post.pictures:
        page |= {"imagerepository": "local", "imageinfo": [wiki.file(shown.post.pictures[0])]}
    return page
