"""The house's own rules: what may lie where, and that the documents tell the truth."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "crawlers", "detectors", "storage", "nightrounds")


def python_files() -> list[Path]:
    return [
        p for folder in (*PACKAGES, "dags", "alembic", "tests", "benchmarks", "training") for p in (ROOT / folder).rglob("*.py")
    ]


def test_nothing_of_ours_shadows_a_real_package():
    assert not (ROOT / "alembic" / "__init__.py").exists()
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_the_real_alembic_is_what_import_finds():
    code = "import alembic, sys; sys.stdout.write(alembic.__file__)"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert Path(found).parent != ROOT / "alembic"


def test_modules_stay_short():
    long = {str(p.relative_to(ROOT)): n for p in python_files() if (n := len(p.read_text().splitlines())) > 400}
    assert not long


def test_modules_say_what_they_are():
    code = [p for p in python_files() if p.parent.name != "versions" and ROOT / "tests" not in p.parents]
    bare = [str(p.relative_to(ROOT)) for p in code if not p.read_text().lstrip().startswith('"""')]
    assert not bare


def test_the_lock_has_hashes_and_no_addresses():
    lock = (ROOT / "requirements.lock").read_text()
    assert "http://" not in lock
    assert "https://" not in lock
    pinned = re.findall(r"^[a-z0-9][\w.\-\[\]]*==", lock, re.MULTILINE)
    assert len(pinned) > 100
    assert lock.count("--hash=sha256:") >= len(pinned)


def test_every_direct_dependency_has_its_line_of_why():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    why = (ROOT / "docs" / "dependencies.md").read_text()
    names = [re.split(r"[\[><=~]", entry)[0] for entry in project["dependencies"]]
    assert [name for name in names if name not in why] == []


def test_the_readme_names_every_platform_and_rule():
    from nightrounds.platforms import crawler_classes
    from nightrounds.screener import detector_classes

    readme = (ROOT / "README.md").read_text()
    assert [name for name in (*crawler_classes(), *detector_classes()) if f"`{name}`" not in readme] == []


def test_the_readme_names_every_command():
    import typer

    from nightrounds.cli import app

    readme = (ROOT / "README.md").read_text()
    group = typer.main.get_command(app)
    missing = []
    for name, command in group.commands.items():
        missing += [] if name in readme else [name]
        missing += [f"{name} {sub}" for sub in getattr(command, "commands", {}) if sub not in readme]
    assert missing == []


@pytest.mark.parametrize(
    "document", ["README.md", "CONTRIBUTING.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]
)
def test_links_in_documents_lead_somewhere(document):
    text = (ROOT / document).read_text()
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert [t for t in targets if not ((ROOT / document).parent / t).exists()] == []


def test_importing_the_house_opens_no_connection():
    """tldextract, spaCy and Airflow like to ask the network on import; a nightly job must not."""
    code = """
import socket, sys
def refuse(*args, **kwargs): raise SystemExit('a connection was tried')
socket.socket.connect = refuse
socket.getaddrinfo = refuse
from nightrounds.platforms import crawler_classes
from nightrounds.screener import detector_classes
import nightrounds.cli
assert crawler_classes() and detector_classes()
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-500:]


def test_every_platform_has_its_page_with_every_option():
    from core.seams import CrawlerOptions
    from nightrounds.platforms import crawler_classes

    shared = (ROOT / "docs" / "platforms.md").read_text()
    missing = [option for option in CrawlerOptions.model_fields if f"`{option}`" not in shared]
    for name, crawler in crawler_classes().items():
        page = ROOT / "docs" / "platforms" / f"{name}.md"
        text = page.read_text() if page.is_file() else ""
        missing += [] if text else [f"{name}: no page in docs/platforms"]
        own = crawler.Options.model_fields.keys() - CrawlerOptions.model_fields.keys()
        missing += [f"{name}.{option}" for option in own if f"`{option}`" not in text]
    assert missing == []


def test_the_table_of_platforms_and_the_pools_are_up_to_date():
    from core.terms import load_terms
    from nightrounds import platform_table

    terms = load_terms(ROOT / "policy" / "platforms.yaml")
    assert platform_table.markdown(terms) in (ROOT / "README.md").read_text(), "run: nightrounds platforms --write"
    assert platform_table.pools(terms) == (ROOT / "dags" / "pools.json").read_text(), "run: nightrounds platforms --write"


def test_no_crawler_is_without_terms():
    from core.terms import load_terms
    from nightrounds.platforms import crawler_classes

    terms = load_terms(ROOT / "policy" / "platforms.yaml")
    assert [name for name in crawler_classes() if not terms.knows(name)] == []
