"""What a run works with: settings, policy, platform terms, the open store, and the crawlers and screener made from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from core.policy import Policy, load_policy
from core.settings import Settings
from core.terms import Terms, load_terms
from nightrounds import platforms
from storage.store import Store

if TYPE_CHECKING:
    from crawlers._pictures import Pictures
    from nightrounds.screener import Screener

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Context:
    """Handed to every stage. Made once at the edge by `open_context`."""

    settings: Settings
    policy: Policy
    terms: Terms
    store: Store
    clock: Clock = field(default=utc_now)

    @cached_property
    def screener(self) -> Screener:
        from nightrounds.screener import Screener  # takes a second to import, and most commands read no post

        return Screener(self.policy, terms=self.terms, nlp_configuration=self.settings.nlp_configuration)

    @cached_property
    def pictures(self) -> Pictures:
        from crawlers._pictures import Pictures

        return Pictures(stand_in=self.settings.picture_stand_in)

    @cached_property
    def crawlers(self) -> platforms.Crawlers:
        return platforms.Crawlers(self.settings, self.clock)


@contextmanager
def open_context(settings: Settings, *, clock: Clock = utc_now) -> Iterator[Context]:
    """Load policy and terms, open the store (bringing an embedded database up to date), and close everything at the end.

    Raises:
        ConfigError: a wrong policy file, terms file or setting.
        StorageError: the database or the keys can't be opened.
    """
    policy, terms = load_policy(settings.policy), load_terms(settings.platform_terms)
    store = Store.open(settings, clock=clock, upgrade=settings.database_url is None)
    context = Context(settings, policy, terms, store, clock)
    try:
        yield context
    finally:
        if "crawlers" in vars(context):
            context.crawlers.close()
        if "pictures" in vars(context):
            context.pictures.close()
        store.close()
