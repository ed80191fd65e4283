"""The table of platforms in the README, the list of their pages, and Airflow's pools, made from what crawlers and terms say."""

from __future__ import annotations

import json
from pathlib import Path

from core.errors import ConfigError
from core.seams import Crawler
from core.terms import PlatformTerms, Terms
from nightrounds.platforms import BY_HAND, crawler_classes

BEGINS, ENDS = "<!-- platforms: made by 'nightrounds platforms --write' -->", "<!-- end of platforms -->"
COLUMNS = ("platform", "what is read", "through", "new posts", "edits", "deletions", "credentials", "terms", "tried against")


def terms_in_words(crawler: type[Crawler], terms: Terms) -> str:
    """What the platform's terms bind us to, shortly."""
    own = terms.of(crawler.platform)
    words = [*_duties(own), *(f"${price:g} a {resource}" for resource, price in sorted(own.prices.items()))]
    quota = crawler.Options.model_fields["daily_units"].default
    if quota:
        words.append(f"{quota:,} units a day")
    if not terms.knows(crawler.platform):
        words.append("not read yet: cautious ones hold")
    return "; ".join(words) or "no limit"


def _duties(terms: PlatformTerms) -> list[str]:
    duties = []
    if not terms.store_text:
        duties.append("text is not kept")
    if terms.keep_days is not None:
        duties.append(f"kept {terms.keep_days} days at most")
    if terms.refresh_days is not None:
        duties.append(f"looked at again within {terms.refresh_days} days")
    if terms.honour_deletions:
        duties.append(f"deletions honoured within {terms.delete_within_hours} h")
    return duties


def rows(terms: Terms) -> list[tuple[str, ...]]:
    """One row a platform, in the order of `COLUMNS`; plain text."""
    found: list[tuple[str, ...]] = []
    for name, crawler in crawler_classes().items():
        about = crawler.about
        told = (about.reads, about.through, about.new_posts, about.edits, about.deletions, about.credentials)
        found.append((name, *told, terms_in_words(crawler, terms), about.tried))
    return found


def markdown(terms: Terms) -> str:
    """The README's table; each platform leads to its page in docs/platforms."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + " --- |" * len(COLUMNS)]
    for name, *cells in rows(terms):
        lines.append("| " + " | ".join([f"[`{name}`](docs/platforms/{name}.md)", *cells]) + " |")
    return "\n".join(lines)


def pages() -> str:
    """The list in docs/platforms.md of every platform's page."""
    return "\n".join(f"- [{name}](platforms/{name}.md)" for name in crawler_classes())


def pools(terms: Terms) -> str:
    """Airflow's pools: shards of one platform at once, as its terms and limits allow."""
    found = {
        f"nightrounds_{name}": {
            "slots": terms.of(name).max_parallel,
            "description": f"Shards of {crawler.title} accounts at once: max_parallel in policy/platforms.yaml",
        }
        for name, crawler in crawler_classes().items()
        if name not in BY_HAND
    }
    return json.dumps(found, indent=2) + "\n"


def write(checkout: Path, terms: Terms) -> list[Path]:
    """Bring README.md, docs/platforms.md and dags/pools.json of a checkout up to date; returns the files that changed.

    Raises:
        ConfigError: this is no checkout, or a document has lost the marks between which its part stands.
    """
    readme, list_of_pages = checkout / "README.md", checkout / "docs" / "platforms.md"
    if not readme.is_file() or not list_of_pages.is_file() or not (checkout / "dags").is_dir():
        raise ConfigError(f"{checkout}: no checkout of Night Rounds; run this in the folder that holds README.md and dags/")
    changed = []
    for path, content in (
        (readme, _between_marks(readme, markdown(terms))),
        (list_of_pages, _between_marks(list_of_pages, pages())),
        (checkout / "dags" / "pools.json", pools(terms)),
    ):
        if not path.is_file() or path.read_text(encoding="utf-8") != content:
            path.write_text(content, encoding="utf-8")
            changed.append(path)
    return changed


def _between_marks(document: Path, part: str) -> str:
    """The document with `part` between its marks. Raises ConfigError where it has lost them."""
    before, begins, rest = document.read_text(encoding="utf-8").partition(BEGINS)
    _, ends, after = rest.partition(ENDS)
    if not begins or not ends:
        raise ConfigError(f"{document}: the lines that mark the part about platforms are missing: {BEGINS} and {ENDS}")
    return f"{before}{BEGINS}\n{part}\n{ENDS}{after}"
