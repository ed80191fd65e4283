"""Tells a wall from a page: bot checks, login forms, consent walls and pages that show nothing without JavaScript.

A wall comes with any status, 200 too. It is known by its headers, by a password field where the text should be, or by a known
phrase on a page that says hardly anything else: a post that quotes such a phrase is no wall.
"""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import urlsplit

import lxml.html
from scrapy.http import Response

from crawlers._website.articles import PASSWORD, Unreadable, decode, parse_html, plain_text

_HEADERS = {  # header: what its value holds
    "cf-mitigated": b"challenge",
    "x-amzn-waf-action": b"",
    "x-datadome": b"protected",
    "x-vercel-mitigated": b"challenge",
}
_TITLES = frozenset(
    {
        "just a moment", "attention required cloudflare", "verify you are human", "checking your browser", "ddos guard",
        "pardon our interruption", "bot verification",
    }
)  # fmt: skip
_CHALLENGES = (
    "checking your browser", "checking if the site connection is secure", "verify you are human", "verifying you are human",
    "needs to review the security of your connection", "enable javascript and cookies to continue",
    "incapsula incident id", "request unsuccessful", "ddos protection by", "pardon our interruption",
    "unusual traffic from your", "complete the security check", "please complete the captcha",
)  # fmt: skip
_SCRIPTED = (
    "please enable javascript", "enable javascript to run this app", "javascript is required", "javascript is disabled",
    "this site requires javascript", "you need to enable javascript", "activa javascript", "habilite javascript",
)  # fmt: skip
_CONSENT = (
    "before you continue", "we value your privacy", "accept all cookies", "accept cookies to continue",
    "we use cookies", "consent to continue", "manage your cookie", "valoramos su privacidad", "aceptar todas las cookies",
)  # fmt: skip
_BODIES = (b"_incapsula_resource", b"/cdn-cgi/challenge-platform/h/", b"captcha-delivery.com", b"px-captcha")
_WORDS = tuple(phrase.encode() for phrase in (*_CHALLENGES, *_SCRIPTED, *_CONSENT))
_LOGIN_PAGES = frozenset(
    {"login", "log-in", "signin", "sign-in", "sign_in", "wp-login.php", "login.php", "login.aspx", "auth", "sso", "acceso"}
)
_BANNERS = (
    "//*[self::div or self::section or self::dialog or self::aside or self::form]"
    "[contains(translate(concat(@id, ' ', @class), 'COKIENSTGDPR', 'cokienstgdpr'), 'cookie')"
    " or contains(translate(concat(@id, ' ', @class), 'COKIENSTGDPR', 'cokienstgdpr'), 'consent')"
    " or contains(translate(concat(@id, ' ', @class), 'COKIENSTGDPR', 'cokienstgdpr'), 'gdpr')]"
)
_FORM_ALONE = 400  # characters beside a password field that may still be no more than a login page's own words
_HARDLY_ANYTHING = 240  # characters of a page that a phrase of a wall may stand for
_NOTHING = 60  # characters beside a banner


class Wall(StrEnum):
    """What stands where a page should be."""

    CHALLENGE = "the site shows our collector a challenge page"
    LOGIN = "a login form instead of a page"
    CONSENT = "a consent wall instead of a page"
    SCRIPT = "a page that shows nothing without JavaScript"


def wall_of(response: Response) -> Wall | None:
    """The wall that an answer is; None for a page, and for what is no HTML."""
    for name, value in _HEADERS.items():
        if name in response.headers and value in _header(response, name):
            return Wall.CHALLENGE
    kind, start = _header(response, "Content-Type"), response.body[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"html" not in kind and (b"xml" in kind or b"json" in kind or not start.startswith((b"<!doctype html", b"<html"))):
        return None
    if _title(response.body) in _TITLES:
        return Wall.CHALLENGE
    lower = response.body.lower()
    if not any(mark in lower for mark in (b"password", *_BODIES, *_WORDS)):
        return None
    try:
        tree = parse_html(decode(response.body, kind.decode("latin-1")))
    except Unreadable:
        return None
    return _wall_in(tree, response.url, any(mark in lower for mark in _BODIES))


def _wall_in(tree: lxml.html.HtmlElement, url: str, has_check: bool) -> Wall | None:
    text = plain_text(tree)
    if tree.xpath(PASSWORD):
        last = urlsplit(url).path.rstrip("/").rpartition("/")[2].lower()
        if last in _LOGIN_PAGES or len(text) < _FORM_ALONE:
            return Wall.LOGIN
    said = " ".join([text, *(str(words) for words in tree.xpath("//noscript//text()"))]).lower()
    said = " ".join(said.split())
    if len(text) < _HARDLY_ANYTHING:
        if has_check or any(phrase in said for phrase in _CHALLENGES):
            return Wall.CHALLENGE
        if len(text) < _NOTHING and any(phrase in said for phrase in _SCRIPTED):
            return Wall.SCRIPT
    if any(phrase in said for phrase in _CONSENT):
        for banner in tree.xpath(_BANNERS):
            if banner.getparent() is not None:
                banner.drop_tree()
        if len(plain_text(tree)) < _NOTHING:
            return Wall.CONSENT
    return None


def _title(body: bytes) -> str:
    """The whole title in plain small letters: a post may be called 'Just a moment for ...'"""
    head = body[:4096].lower()
    title = head.partition(b"<title")[2].partition(b">")[2].partition(b"</title")[0].decode("latin-1")
    return " ".join(re.findall(r"[a-z]+", title))


def _header(response: Response, name: str) -> bytes:
    return (response.headers.get(name) or b"").lower()
