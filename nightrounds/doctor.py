"""Examines an installation without changing it: can it run, can it be trusted, and what will it not see."""

from __future__ import annotations

import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import NightRoundsError
from core.policy import load_policy
from core.settings import Settings
from core.terms import load_terms
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
        ("policy", _policy), ("terms", _terms), ("home", _home), ("database", _database), ("platforms", _platforms),
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


def _terms(settings: Settings) -> Iterator[Check]:
    terms = load_terms(settings.platform_terms)
    yield Check("terms", ok=True, finding=f"version {terms.version}: {len(terms.platforms)} platforms")
    crawled = platforms.crawler_classes()
    if unread := [name for name in crawled if not terms.knows(name)]:
        words = f"no entry, so cautious terms hold: {', '.join(unread)}; add them to {settings.platform_terms}"
        yield Check("terms", ok=False, bearable=True, finding=words)
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
    for name in sorted(set(settings.platforms) - set(known)):
        yield Check(
            f"platform {name}", ok=False, finding=f"settings name a platform that has no crawler; there are {', '.join(known)}"
        )
    crawlers = platforms.Crawlers(settings, utc_now)
    try:
        for name in platforms.nightly_platforms():
            try:
                crawler = crawlers.get(name)
                missing = crawler.missing_credentials() if crawler else "no crawler"
            except NightRoundsError as error:
                yield Check(f"platform {name}", ok=False, finding=str(error))
                continue
            yield Check(f"platform {name}", ok=not missing, bearable=True, finding=missing or "ready")
            if crawler and not missing and crawler.options.daily_dollars is None and terms.of(name).prices:
                told = f"reading it costs money and no daily budget is set: daily_dollars in [platforms.{name}]"
                yield Check(f"budget {name}", ok=False, bearable=True, finding=told)
    finally:
        crawlers.close()
