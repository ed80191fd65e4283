"""Examines an installation without changing it: can it run, can it be trusted, and what will it not see."""

from __future__ import annotations

import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import SecretStr

from core.errors import NightRoundsError
from core.policy import load_policy
from core.seams import Crawler
from core.settings import Settings
from core.terms import RESOURCES, load_terms
from nightrounds import platforms
from nightrounds.context import utc_now
from storage import accounts, migrations
from storage.store import Store

_LOW_DISK = 1024**3


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `bearable` problems limit what is seen but don't stop a scan."""

    subject: str
    ok: bool
    finding: str
    bearable: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def examine(settings: Settings) -> list[Check]:
    """All checks; one that breaks is reported as its own failure and doesn't hide the others."""
    checks: list[Check] = []
    parts: list[tuple[str, Callable[[Settings], Iterator[Check]]]] = [
        ("policy", _policy), ("model", _model), ("terms", _terms), ("home", _home), ("database", _database),
        ("platforms", _platforms),
    ]  # fmt: skip
    for subject, look in parts:
        try:
            checks.extend(look(settings))
        except NightRoundsError as error:
            checks.append(Check(subject, ok=False, finding=str(error)))
    return checks


def _policy(settings: Settings) -> Iterator[Check]:
    from nightrounds.screener import detectors_without_rule, rules_without_detector

    policy = load_policy(settings.policy)
    yield Check(
        "policy",
        ok=True,
        finding=f"{policy.title}, version {policy.version}: {len(policy.clauses)} clauses, {len(policy.rules)} rules",
    )
    missing = list(rules_without_detector(policy))
    if missing:
        yield Check("rules", ok=False, bearable=True, finding=f"no detector yet, so not looked for: {', '.join(missing)}")
    left_out = detectors_without_rule(policy)
    if left_out:
        yield Check("rules", ok=False, bearable=True, finding=f"not in the policy, so not looked for: {', '.join(left_out)}")


def _model(settings: Settings) -> Iterator[Check]:
    from detectors._encoder import shipped_encoder
    from detectors._other_model import OtherModel

    about = shipped_encoder().about
    yield Check("model", ok=True, finding=f"{about.name}, version {about.version}, reads {', '.join(about.languages)}")
    if settings.nlp_configuration:
        OtherModel.load(settings.nlp_configuration)
        yield Check("model", ok=True, finding=f"names come from the model of {settings.nlp_configuration}")


def _terms(settings: Settings) -> Iterator[Check]:
    terms = load_terms(settings.platform_terms)
    yield Check("terms", ok=True, finding=f"version {terms.version}: {len(terms.platforms)} platforms")
    crawled = platforms.crawler_classes()
    if unread := [name for name in crawled if not terms.knows(name)]:
        words = f"no entry, so cautious terms hold: {', '.join(unread)}; add them to {settings.platform_terms}"
        yield Check("terms", ok=False, bearable=True, finding=words)
    if strange := sorted(set(terms.platforms) - set(crawled)):
        words = f"no crawler reads {', '.join(strange)}, so these entries bind nothing; there are {', '.join(crawled)}"
        yield Check("terms", ok=False, bearable=True, finding=words)
    priced = {resource for one in terms.platforms.values() for resource in one.prices}
    if uncounted := sorted(priced - set(RESOURCES)):
        words = f"prices of what no crawler counts, so it costs nothing in a budget: {', '.join(uncounted)}"
        yield Check("terms", ok=False, bearable=True, finding=f"{words}; counted are {', '.join(RESOURCES)}")
    if unconfirmed := [name for name in crawled if terms.knows(name) and not terms.of(name).confirmed]:
        words = f"not confirmed by counsel yet (docs/retention.md): {', '.join(unconfirmed)}"
        yield Check("terms", ok=False, bearable=True, finding=words)


def _home(settings: Settings) -> Iterator[Check]:
    home = settings.home.resolve()
    if not home.exists():
        yield Check("home", ok=False, bearable=True, finding=f"{home} does not exist yet; the first command makes it")
        return
    others = home.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    yield Check("home", ok=not others, finding=f"{home}" + (" can be read by others; 'chmod 700' it" if others else ""))
    free = shutil.disk_usage(home).free
    yield Check("disk", ok=free > _LOW_DISK, finding=f"{free / 1024**3:.1f} GiB free")


def _database(settings: Settings) -> Iterator[Check]:
    if settings.database_url is None and not (settings.home / "nightrounds.db").exists():
        yield Check("database", ok=False, bearable=True, finding="none yet; a scan or 'nightrounds db upgrade' makes it")
        return
    current, head = migrations.current_revision(settings.sqlalchemy_url), migrations.head_revision()
    if current != head:
        behind = f"at revision {current}, this version needs {head}: run 'nightrounds db upgrade'"
        yield Check("database", ok=False, finding=behind)
        return
    with closing(Store.open(settings, clock=utc_now)) as store:
        yield Check("database", ok=True, finding=f"{store.engine.dialect.name} at revision {head}; its keys open it")
        with store.read() as tx:
            watched = accounts.list_accounts(tx)
    finding = f"{len(watched)} watched" if watched else "none watched: 'nightrounds accounts import FILE.csv'"
    yield Check("accounts", ok=bool(watched), bearable=True, finding=finding)


def _platforms(settings: Settings) -> Iterator[Check]:
    known, terms = platforms.crawler_classes(), load_terms(settings.platform_terms)
    watched = _watched(settings)
    for name in sorted(set(settings.platforms) - set(known)):
        yield Check(
            f"platform {name}", ok=False, finding=f"settings name a platform that has no crawler; there are {', '.join(known)}"
        )
    crawlers = platforms.Crawlers(settings, utc_now)
    try:
        for name in platforms.nightly_platforms():
            try:
                crawler = crawlers.get(name)
                missing = (crawler.missing_credentials() or _spoiled(crawler)) if crawler else "no crawler"
            except NightRoundsError as error:
                yield Check(f"platform {name}", ok=False, finding=str(error))
                continue
            count = watched[name]
            waiting = f" ({count} watched account{'s wait' if count > 1 else ' waits'} for this)" if missing and count else ""
            yield Check(f"platform {name}", ok=not missing, bearable=True, finding=missing + waiting or "ready")
            if crawler and not missing and crawler.options.daily_dollars is None and terms.of(name).prices:
                told = f"reading it costs money and no daily budget is set: daily_dollars in [platforms.{name}]"
                yield Check(f"budget {name}", ok=False, bearable=True, finding=told)
    finally:
        crawlers.close()


def _watched(settings: Settings) -> Counter[str]:
    """How many accounts are watched on each platform; none where there is no database to tell it."""
    if settings.database_url is None and not (settings.home / "nightrounds.db").exists():
        return Counter()
    try:
        with closing(Store.open(settings, clock=utc_now)) as store, store.read() as tx:
            return Counter(account.platform for account in accounts.list_accounts(tx))
    except NightRoundsError:
        return Counter()  # what is wrong with the database has a line of its own


def _spoiled(crawler: Crawler) -> str:
    """The options whose secret was pasted with something in it that no token has; the crawlers drop blanks around one."""
    found = []
    for name in type(crawler.options).model_fields:
        value = getattr(crawler.options, name)
        secrets = value.values() if isinstance(value, dict) else [value]
        words = [secret.get_secret_value().strip() for secret in secrets if isinstance(secret, SecretStr)]
        if any(not c.isprintable() or c.isspace() for word in words for c in word):
            found.append(name)
    return f"{' and '.join(found)}: blanks or control characters stand inside of a token; paste it again" if found else ""
