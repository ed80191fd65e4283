"""Wikitext as plain text: what a reader of a page sees, without its markup, in time that grows with its length alone.

Templates are not expanded, because that would cost a question a page; what a page hands to them is kept ('label: value'), for
it may be the very thing that matters. Footnotes stand at the end. Comments are not shown to readers and are left out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from crawlers._mediawiki.wikitext_lines import lines_of

MAX_LINKS = 500
MAX_PICTURES = 200
_MAX_OPEN = 40  # brackets within brackets, as MediaWiki limits templates
_MARK = "\x7f"  # stands around the number of a literal piece; MediaWiki does the same
_LITERAL = {"nowiki", "pre", "math", "chem", "syntaxhighlight", "source", "templatedata"}
_HELD = re.compile(rf"<!--|<({'|'.join([*_LITERAL, 'ref', 'gallery'])})(?=[\s/>])[^<>]*>", re.IGNORECASE)
_BRACKETS = re.compile(r"\{\{|\}\}|\[\[|\]\]|\|")
_EXTERNAL = re.compile(  # what one part has taken it never gives back, else a long address without its end takes for ever
    r"\[((?:https?:)?//[^\s\[\]<>\"\x7f]++|mailto:[^\s\[\]<>\"\x7f]++|tel:[^\s\[\]<>\"\x7f]++)([^\[\]\n]*+)\]", re.IGNORECASE
)
_BARE = re.compile(r"https?://[^\s<>\[\]{}|\"'\x7f]+", re.IGNORECASE)
_BREAK = re.compile(
    r"<\s*/?(?:br|p|div|li|ul|ol|dl|dd|dt|tr|td|th|table|h[1-6]|hr|blockquote|poem|center|section)\b[^<>]*>", re.IGNORECASE
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_SWITCH = re.compile(r"__[A-Z]{3,30}__")
_QUOTES = re.compile(r"'{2,}")
_PICTURE_OPTION = re.compile(
    r"thumb(nail)?|frame(d|less)?|border|left|right|center|centre|none|baseline|sub|super|top|text-top|middle|bottom|text-bottom"
    r"|(\d+|\d*x\d+) ?px|upright( ?=?.*)?|(link|class|lang|page|thumb|thumbtime|start|end)=.*",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A file that a page shows. `name` has neither namespace nor underscores."""

    name: str = field(repr=False)
    alt_text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText:
    """What a page says; `links` lead out of the wiki."""

    text: str = field(repr=False)
    links: tuple[str, ...] = field(default=(), repr=False)
    pictures: tuple[Picture, ...] = ()


ENGLISH: Mapping[str, int] = {"file": 6, "image": 6, "category": 14}


def plain_text(wikitext: str, namespaces: Mapping[str, int] = ENGLISH) -> PlainText:
    """`namespaces` maps a wiki's own names of its namespaces, in lower case, to their numbers."""
    reading = _Reading(namespaces)
    body = reading.read(wikitext.replace("\r\n", "\n").replace(_MARK, " "))
    notes = [note for note in map(reading.read, reading.notes) if note]
    return PlainText(
        text="\n\n".join(filter(None, [body, "\n".join(notes)])),
        links=tuple(reading.links)[:MAX_LINKS],
        pictures=tuple(reading.pictures.values())[:MAX_PICTURES],
    )


class _Reading:
    """One page being read."""

    def __init__(self, namespaces: Mapping[str, int]) -> None:
        self.namespaces = namespaces
        self.notes: list[str] = []
        self.links: dict[str, None] = {}
        self.pictures: dict[str, Picture] = {}
        self.literals: list[str] = []

    def read(self, wikitext: str) -> str:
        text = self._unbracketed(self._hold(wikitext))
        text = _BARE.sub(self._bare, _EXTERNAL.sub(self._external, text))
        text = _QUOTES.sub("", _SWITCH.sub("", _TAG.sub("", _BREAK.sub("\n", text))))
        text = re.sub(rf"{_MARK}(\d+){_MARK}", lambda mark: self.literals[int(mark[1])], lines_of(text))
        return html.unescape(text).strip()

    def _hold(self, text: str) -> str:
        """Without comments; literal pieces, footnotes and galleries taken out of the way of the brackets."""
        kept: list[str] = []
        at = 0
        unclosed: set[str] = set()  # is looked for once, not once an opening
        while opened := _HELD.search(text, at):
            kept.append(text[at : opened.start()])
            at = opened.end()
            name = (opened[1] or "").lower()
            if not name:
                end = text.find("-->", at)
                at = len(text) if end < 0 else end + 3
                continue
            if opened[0].endswith("/>") or name in unclosed:
                continue
            closing = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, at)
            if closing is None:
                unclosed.add(name)
                continue
            kept.append(self._held(name, text[at : closing.start()]))
            at = closing.end()
        return "".join(kept) + text[at:]

    def _held(self, name: str, inner: str) -> str:
        if name == "ref":
            self.notes.append(inner)
            return ""
        if name == "gallery":
            rows = [line.split("|") for line in inner.split("\n") if line.strip()]
            return "\n" + "\n".join(self._picture(_after_colon(row[0]), row[1:]) for row in rows) + "\n"
        if name == "templatedata":
            return ""
        self.literals.append(inner)
        return f"{_MARK}{len(self.literals) - 1}{_MARK}"

    def _unbracketed(self, text: str) -> str:
        """Templates and links in words, from the innermost outwards. A bracket without its partner stays as it is."""
        frames = [_Frame("")]
        at = 0
        for token in _BRACKETS.finditer(text):
            frames[-1].add(text[at : token.start()])
            at = token.end()
            sign = token[0]
            if sign in _CLOSED_BY and len(frames) <= _MAX_OPEN:
                frames.append(_Frame(sign))
            elif len(frames) > 1 and sign == _CLOSED_BY[frames[-1].opening]:
                parts = frames.pop().parts()
                frames[-1].add(self._template(parts) if sign == "}}" else self._link(parts))
            elif sign == "|" and len(frames) > 1:
                frames[-1].next_part()
            else:
                frames[-1].add(sign)
        frames[-1].add(text[at:])
        while len(frames) > 1:
            unclosed = frames.pop()
            frames[-1].add(unclosed.opening + "|".join(unclosed.parts()))
        return "".join(frames[0].parts())

    def _template(self, parts: list[str]) -> str:
        name = parts[0].strip()
        if name == "!":
            return "|"
        told = [name.partition(":")[2]] if name.startswith("#") else []
        told += [_labelled(part) for part in parts[1:]]
        told = [words for words in told if words]
        if any("\n" in part for part in parts):
            return "\n" + "\n".join(told) + "\n"
        return ("; " if any(": " in words for words in told) else " ").join(told)

    def _link(self, parts: list[str]) -> str:
        target = parts[0].strip()
        namespace = self.namespaces.get(target.partition(":")[0].strip().replace("_", " ").casefold())
        if namespace == 14:
            return ""
        if namespace == 6:
            return f"\n{caption}\n" if (caption := self._picture(_after_colon(target), parts[1:])) else ""
        return (parts[-1].strip() if len(parts) > 1 else "") or target.lstrip(":")

    def _picture(self, name: str, options: list[str]) -> str:
        """Note a picture; returns its caption, which is the last option that is none."""
        caption = alt = ""
        for option in options:
            words = option.strip()
            if words.lower().startswith("alt="):
                alt = words[4:].strip()
            elif words and not _PICTURE_OPTION.fullmatch(words):
                caption = words
        name = name.replace("_", " ").strip()
        if name:
            self.pictures.setdefault(name, Picture(name=name, alt_text=_QUOTES.sub("", html.unescape(alt))))
        return caption

    def _external(self, found: re.Match[str]) -> str:
        address, label = found[1], found[2].strip()
        if address.lower().startswith(("mailto:", "tel:")):
            number = address.partition(":")[2]
            return f"{label} ({number})" if label else number
        address = self._bare_address(f"https:{address}" if address.startswith("//") else address)
        return label or address

    def _bare(self, found: re.Match[str]) -> str:
        self._bare_address(found[0])
        return found[0]

    def _bare_address(self, address: str) -> str:
        self.links[html.unescape(address).rstrip(".,;:!?)")] = None
        return address


_CLOSED_BY = {"{{": "}}", "[[": "]]", "": ""}


class _Frame:
    """An opened bracket and its parts so far."""

    def __init__(self, opening: str) -> None:
        self.opening = opening
        self._parts: list[list[str]] = [[]]

    def add(self, piece: str) -> None:
        self._parts[-1].append(piece)

    def next_part(self) -> None:
        self._parts.append([])

    def parts(self) -> list[str]:
        return ["".join(pieces) for pieces in self._parts]


def _labelled(part: str) -> str:
    """A template's argument: 'label: value' where it has a label, which may be a number."""
    label, equals, value = part.partition("=")
    label, value = label.strip(), value.strip()
    if not equals or not re.fullmatch(r"[\w .()/-]{1,60}", label):
        return part.strip()
    return value if label.isdigit() or not value else f"{label.replace('_', ' ')}: {value}"


def _after_colon(title: str) -> str:
    return title.partition(":")[2] if ":" in title else title
