"""Writes the start of a new platform into a checkout: a crawler that works, one recorded conversation, and its page.

The crawler is of an invented platform called Parlor; its name is replaced, and the engineer replaces the rest.
"""

from __future__ import annotations

import keyword
import re
from importlib.resources import files
from pathlib import Path

from core.errors import ConfigError
from nightrounds.platforms import crawler_classes

_NAME = re.compile(r"[a-z][a-z0-9_]{1,30}", re.ASCII)
_FILES = {
    "crawler.py.txt": "crawlers/{name}.py",
    "options.json.txt": "tests/crawlers/examples/{name}/options.json",
    "timeline.json.txt": "tests/crawlers/examples/{name}/timeline.json",
    "timeline.posts.json.txt": "tests/crawlers/examples/{name}/timeline.posts.json",
    "page.md.txt": "docs/platforms/{name}.md",
}


def write_platform(checkout: Path, name: str) -> list[Path]:
    """Write the start of platform `name`; returns the new files. Nothing that exists is touched.

    Raises:
        ConfigError: no checkout, no good name, or a platform or file of that name is there already.
    """
    if not (checkout / "crawlers").is_dir() or not (checkout / "tests" / "crawlers").is_dir():
        raise ConfigError(f"{checkout}: no checkout of Night Rounds; run this in the folder that holds crawlers/ and tests/")
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise ConfigError("a platform's name is a lower-case word, as it stands in account lists: letters, digits, underscores")
    if name in crawler_classes():
        raise ConfigError(f"there is a platform {name} already")
    targets = {source: checkout / target.format(name=name) for source, target in _FILES.items()}
    if existing := [path for path in targets.values() if path.exists()]:
        raise ConfigError(f"{existing[0]}: is there already; nothing was written")
    for source, target in targets.items():
        template = files("nightrounds.scaffold").joinpath(source).read_text(encoding="utf-8")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_renamed(template, name), encoding="utf-8")
    return list(targets.values())


def _renamed(template: str, name: str) -> str:
    title = "".join(part.capitalize() for part in name.split("_"))
    return template.replace("PARLOR", name.upper()).replace("Parlor", title).replace("parlor", name)
