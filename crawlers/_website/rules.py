"""What the settings say of one site: CSS selectors for its list and articles, and whether every page of it is a post."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated

import lxml.html
from lxml.cssselect import CSSSelector
from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from core.records import Precision

_SAMPLE = datetime(2031, 11, 23, tzinfo=UTC)


@lru_cache(maxsize=512)
def _compiled(selector: str) -> CSSSelector:
    return CSSSelector(selector, translator="html")


def _selector(selector: str) -> str:
    try:
        if selector:
            _compiled(selector)
    except Exception:
        raise ValueError("expected a CSS selector, such as 'div.news > article'") from None
    return selector


def _date_format(pattern: str) -> str:
    try:
        day = datetime.strptime(_SAMPLE.strftime(pattern), pattern).date() if pattern else _SAMPLE.date()
    except ValueError:
        day = None
    if day != _SAMPLE.date():
        raise ValueError("expected a format with day, month and year, such as '%d %B %Y'")
    return pattern


Selector = Annotated[str, AfterValidator(_selector)]


class SiteRules(BaseModel):
    """One entry of the option `sites`. Empty is 'as the site itself tells'.

    `list` holds the entries on a listing page and `item` is each of them; `next` leads to the next such page. The others are
    looked for on an article's own page, or in the item where it leads to none. `pages` reads the site as a microsite.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    list: Selector = ""
    item: Selector = ""
    title: Selector = ""
    text: Selector = ""
    date: Selector = ""
    date_format: Annotated[str, AfterValidator(_date_format)] = ""  # as strptime wants it; empty: ISO 8601
    next: Selector = ""
    exclude: Selector = ""  # what is no part of an article
    pages: bool | None = None  # None: where the site shows no list of dated articles

    @model_validator(mode="after")
    def _hangs_together(self) -> SiteRules:
        if (self.list or self.next) and not self.item:
            raise ValueError("list and next need item")
        if self.date_format and not self.date:
            raise ValueError("date_format needs date")
        if self.pages and self.item:
            raise ValueError("pages reads every page, and item a list: expected one of them")
        return self

    def time_of(self, tree: lxml.html.HtmlElement) -> tuple[datetime | None, str]:
        """What stands at `date`: the time where `date_format` reads it, else the words for another reader."""
        for element in select(tree, self.date)[:1]:
            words = " ".join(str(element.get("datetime") or element.get("content") or element.text_content()).split())[:100]
            try:
                time = datetime.strptime(words, self.date_format) if self.date_format else None
            except ValueError:
                return None, ""
            if time is not None:
                return (time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)), ""
            return None, words
        return None, ""

    @property
    def precision(self) -> Precision:
        """How exactly `date_format` tells a time."""
        return Precision.EXACT if any(part in self.date_format for part in ("%H", "%I", "%X", "%c")) else Precision.DAY


def select(tree: lxml.html.HtmlElement, selector: str) -> list[lxml.html.HtmlElement]:
    """Elements below `tree` (itself included) that fit, in the page's order; none for an empty selector."""
    return [element for element in _compiled(selector)(tree) if isinstance(element.tag, str)] if selector else []
