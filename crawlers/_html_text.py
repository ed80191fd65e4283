"""HTML of a post or profile as plain text: paragraphs and breaks as lines, shortened links written out.

Made for what social servers send: Mastodon's invisible and ellipsis spans, mentions and hashtags, WordPress' headings and
lists. It reads parser events, so that no depth of nesting can break it or hide a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from crawlers._strict import link


def _words(names: str) -> frozenset[str]:
    return frozenset(names.split())


_INLINE = _words(
    "a abbr acronym b bdi bdo big cite code del dfn em font i img ins kbd label mark q "
    "ruby rb rp rt s samp small span strike strong sub sup time tt u var wbr"
)
_TRANSPARENT = frozenset({"html", "body"})
_PARAGRAPHS = frozenset({"p", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6"})
_UNREAD = frozenset({"script", "style", "template", "head", "title", "noscript"})
_SPACES = re.compile(r"[ \t\r\n\f]+")
_MAX_LINKS = 100


@dataclass(frozen=True, slots=True)
class PlainText:
    """What a reader sees, and where its links lead (people and hashtags left out)."""

    text: str = field(repr=False)
    links: tuple[str, ...] = field(repr=False)


def read_html(markup: str) -> PlainText:
    """Never raises: what is no HTML is text."""
    if not markup.strip():
        return PlainText("", ())
    target = _Reader()
    parser = etree.HTMLParser(target=target, encoding="utf-8", huge_tree=True)
    parser.feed(markup.encode("utf-8", "replace"))
    parser.close()
    return PlainText(target.text(), tuple(dict.fromkeys(target.links))[:_MAX_LINKS])


@dataclass(slots=True)
class _Anchor:
    href: str
    begins: int  # the piece of text with which it begins
    is_shortened: bool = False


class _Reader:
    """Takes lxml's parser events."""

    def __init__(self) -> None:
        self.links: list[str] = []
        self._pieces: list[str] = []
        self._newlines = 2  # at the end of the text so far; none are wanted at its beginning
        self._after_space = True
        self._unread = 0  # how deep in elements that no reader sees
        self._preformatted = 0
        self._anchors: list[_Anchor] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        classes = attributes.get("class", "").split()
        if self._unread or tag in _UNREAD or "quote-inline" in classes:  # the address of a quoted post, for old readers
            self._unread += 1
        if tag == "a":
            self._begin_anchor(attributes, classes)
        elif tag == "br":
            self._break(self._newlines + 1 if self._newlines < 2 else 2)
        elif tag == "img" and (words := attributes.get("alt")):
            self.data(words)
        elif self._anchors and {"invisible", "ellipsis"} & set(classes):
            self._anchors[-1].is_shortened = True
        elif tag not in _INLINE and tag not in _TRANSPARENT:
            self._break(2 if tag in _PARAGRAPHS else 1)
            if tag == "li":
                self._write("- ")
        self._preformatted += tag == "pre"

    def end(self, tag: str) -> None:
        if tag == "a" and self._anchors:
            self._end_anchor(self._anchors.pop())
        elif tag not in _INLINE and tag not in _TRANSPARENT and tag != "br":
            self._break(2 if tag in _PARAGRAPHS else 1)
        self._preformatted -= tag == "pre" and self._preformatted > 0
        self._unread -= self._unread > 0

    def data(self, data: str) -> None:
        if self._preformatted:
            self._write(data)
            return
        words = _SPACES.sub(" ", data)
        if self._after_space:
            words = words.removeprefix(" ")
        self._write(words)

    def close(self) -> None:
        while self._anchors:
            self._end_anchor(self._anchors.pop())

    def text(self) -> str:
        return re.sub(r"(?<! ) +\n", "\n", "".join(self._pieces)).strip()

    def _begin_anchor(self, attributes: dict[str, str], classes: list[str]) -> None:
        href = link({"href": attributes.get("href", "").strip()}, "href")
        is_link = href and not {"mention", "hashtag"} & set(classes) and "tag" not in attributes.get("rel", "").split()
        if is_link:
            self.links.append(href)
        self._anchors.append(_Anchor(href if is_link else "", len(self._pieces)))

    def _end_anchor(self, anchor: _Anchor) -> None:
        if anchor.is_shortened and anchor.href and len(self._pieces) > anchor.begins:
            del self._pieces[anchor.begins :]
            self._write(anchor.href)

    def _break(self, newlines: int) -> None:
        if not self._unread and newlines > self._newlines:
            self._pieces.append("\n" * (newlines - self._newlines))
            self._newlines = newlines
            self._after_space = True

    def _write(self, words: str) -> None:
        if words and not self._unread:
            self._pieces.append(words)
            self._newlines = 0
            self._after_space = words[-1].isspace()
