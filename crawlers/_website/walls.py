"""Tells a wall from a page: bot checks, login forms, consent walls and pages that show nothing without JavaScript.

A wall comes with any status, 200 too. It is known by its headers, by a form that asks who somebody is where the text should be,
by an empty frame for scripts, or by a telling phrase on a page that says hardly anything else: a post that quotes such a phrase
is no wall.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from urllib.parse import urlsplit

import lxml.html
from scrapy.http import Response

from crawlers._website.articles import ASIDE, PASSWORD, Unreadable, decode, parse_html, plain_text
from crawlers._website.wall_words import (
    BANNERS,
    CAPTCHAS,
    CHALLENGE,
    CONSENT,
    HANDOVERS,
    LOGIN,
    ROOTS,
    SCRIPTED,
    SIGN_IN,
    SUBSCRIPTION,
    Words,
)

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
_BODIES = (b"_incapsula_resource", b"/cdn-cgi/challenge-platform/h/", b"captcha-delivery.com", b"px-captcha")
_LOGIN_PAGES = frozenset(
    {"login", "log-in", "signin", "sign-in", "sign_in", "wp-login.php", "login.php", "login.aspx", "auth", "sso", "acceso"}
)
_BANNERS = (
    "//*[self::div or self::section or self::dialog or self::aside or self::form]"
    "[contains(translate(concat(@id, ' ', @class), 'COKIENSTGDPR', 'cokienstgdpr'), 'cookie')"
    " or contains(translate(concat(@id, ' ', @class), 'COKIENSTGDPR', 'cokienstgdpr'), 'consent')"
    " or contains(translate(concat(@id, ' ', @class), 'COKIENSTGDPR', 'cokienstgdpr'), 'gdpr')]"
)
_FORM_ALONE = 400  # characters that may still be no more than a wall's own words
_HARDLY_ANYTHING = 240  # characters of a page that a phrase of a wall may stand for
_NOTHING = 60  # characters beside what a wall says
_LOWER = "translate({}, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')"
_FIELDS = f"//input[not({ASIDE})]"
_ASKS_WHO = (  # a form that asks for a name or an e-mail address
    f"//form[not({ASIDE})][.//input[{_LOWER.format('@type')}='email' or "
    + " or ".join(
        f"contains({_LOWER.format('concat(@name, @id, @autocomplete)')}, '{name}')" for name in ("user", "login", "email")
    )
    + "]]"
)
_FRAME = " or ".join(f"@id='{name}'" for name in ROOTS)
_WRITABLE = "//textarea | //input[not(@type) or @type='text' or @type='email' or @type='tel']"
_MOST_SAID = 100_000  # characters of a page that are looked at
_SENTENCE = re.compile(r"[.!?\u2026]+\s+|\n+")
_ACCENTS = re.compile(r"[\u0300-\u036f]")


class Wall(StrEnum):
    """What stands where a page should be."""

    CHALLENGE = "the site shows our collector a challenge page"
    LOGIN = "a login form instead of a page"
    SUBSCRIPTION = "a paywall instead of a page"
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
    try:
        tree = parse_html(decode(response.body, kind.decode("latin-1")))
    except Unreadable:
        return None
    lower = response.body.lower()
    return _wall_in(tree, response.url, any(mark in lower for mark in _BODIES))


def _wall_in(tree: lxml.html.HtmlElement, url: str, has_check: bool) -> Wall | None:
    text = plain_text(tree)
    if tree.xpath(PASSWORD) and urlsplit(url).path.rstrip("/").rpartition("/")[2].lower() in _LOGIN_PAGES:
        return Wall.LOGIN
    sentences = _sentences(text[:_MOST_SAID])
    size = sum(map(len, sentences))  # what is said again and again counts once
    hidden = _plain(" ".join(str(words) for words in tree.xpath("//noscript//text()")))
    if len(text) < _HARDLY_ANYTHING and (has_check or _is_check(tree, sentences, hidden)):
        return Wall.CHALLENGE
    if len(text) < _NOTHING and _needs_scripts(tree, f"{' '.join(sentences)} {hidden}"):
        return Wall.SCRIPT
    if size < _FORM_ALONE:
        if _is_login(tree, sentences):
            return Wall.LOGIN
        if _is_all(SUBSCRIPTION, sentences):
            return Wall.SUBSCRIPTION
        if _is_all(CONSENT, sentences):
            return Wall.CONSENT if not _is_page_with_banner(tree) else None
    if any(phrase in f"{' '.join(sentences)} {hidden}" for phrase in BANNERS) and not _is_page_with_banner(tree):
        return Wall.CONSENT
    return None


def _is_login(tree: lxml.html.HtmlElement, sentences: list[str]) -> bool:
    if tree.xpath(PASSWORD) or _is_all(LOGIN, sentences):
        return True
    fields = {str(name).lower() for name in tree.xpath(f"{_FIELDS}/@name")}
    if fields & {*HANDOVERS}:
        return True
    title = _plain(" ".join(str(words) for words in tree.xpath("//title/text()")))
    if not any(words in f"{title} {' '.join(sentences)}" for words in SIGN_IN):
        return False
    forms = tree.xpath(_ASKS_WHO)
    return bool(forms) and _beside(LOGIN, _sentences(plain_text(_without(tree, forms)))) < _NOTHING


def _is_check(tree: lxml.html.HtmlElement, sentences: list[str], hidden: str) -> bool:
    """A form with a captcha where something can be written is one to get in touch."""
    said = f"{' '.join(sentences)} {hidden}"
    if any(phrase in said for phrase in CHALLENGE.telling):
        return not tree.xpath("//textarea")
    marks = " ".join(str(name) for name in tree.xpath("//*/@class")).split()
    return bool({*marks} & {*CAPTCHAS}) and _beside(CHALLENGE, sentences) < _NOTHING and not tree.xpath(_WRITABLE)


def _needs_scripts(tree: lxml.html.HtmlElement, said: str) -> bool:
    if any(phrase in said for phrase in SCRIPTED):
        return True
    frames = [frame for frame in tree.xpath(f"//body//*[{_FRAME}] | //app-root") if not plain_text(frame)]
    return bool(frames and tree.xpath("//script | //noscript"))


def _is_page_with_banner(tree: lxml.html.HtmlElement) -> bool:
    """Whether a page stands behind its banner."""
    left = _without(tree, tree.xpath(_BANNERS))
    sentences = _sentences(plain_text(left))
    return _beside(CONSENT, sentences) >= _NOTHING


def _is_all(words: Words, sentences: list[str]) -> bool:
    """Whether a page says one of these things, and hardly anything else."""
    is_told = any(phrase in sentence for sentence in sentences for phrase in words.telling)
    return is_told and _beside(words, sentences) < _NOTHING


def _beside(words: Words, sentences: list[str]) -> int:
    """Characters of the sentences that are no part of such a wall."""
    own = (*words.telling, *words.labels)
    return sum(len(one) for one in sentences if not any(phrase in one for phrase in own))


def _sentences(text: str) -> list[str]:
    """Each once."""
    return list(dict.fromkeys(filter(None, (_plain(one).strip() for one in _SENTENCE.split(text)))))


def _plain(text: str) -> str:
    """Small letters without accents, single blanks."""
    folded = _ACCENTS.sub("", unicodedata.normalize("NFKD", text[:_MOST_SAID].casefold())).replace("\u2019", "'")
    return " ".join(folded.split())


def _without(tree: lxml.html.HtmlElement, parts: list[lxml.html.HtmlElement]) -> lxml.html.HtmlElement:
    """The tree without these. It is changed."""
    for part in parts:
        if part.getparent() is not None:
            part.drop_tree()
    return tree


def _title(body: bytes) -> str:
    """The whole title in plain small letters: a post may be called 'Just a moment for ...'"""
    head = body[:4096].lower()
    title = head.partition(b"<title")[2].partition(b">")[2].partition(b"</title")[0].decode("latin-1")
    return " ".join(re.findall(r"[a-z]+", title))


def _header(response: Response, name: str) -> bytes:
    return (response.headers.get(name) or b"").lower()
