"""Platform terms: what comes along is whole, a platform nobody read gets cautious ones, a wrong file says where and why."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from core import policy
from core.errors import ConfigError
from core.policy import load_policy
from core.records import Kind
from core.settings import load_settings
from core.terms import CAUTIOUS, PlatformTerms, Terms, default_terms_path, load_terms

DOCS = Path(__file__).parents[2] / "docs" / "retention.md"
PLATFORMS = {
    "x", "facebook", "instagram", "threads", "linkedin", "youtube", "bluesky", "mastodon", "reddit", "tiktok", "mediawiki",
    "website", "archive",
}  # fmt: skip


@pytest.fixture(scope="module")
def terms() -> Terms:
    return load_terms(default_terms_path())


def test_every_platform_was_read_and_says_where(terms: Terms) -> None:
    assert set(terms.platforms) == PLATFORMS
    for name, one in terms.platforms.items():
        assert one.source, name
        assert one.confirmed or one.questions, f"{name}: neither confirmed nor with a question"


def test_the_facts_that_were_read_stand_there(terms: Terms) -> None:
    assert terms.of("x").prices == {"post": 0.005, "user": 0.010}
    assert (terms.of("x").honour_deletions, terms.of("x").delete_within_hours) == (True, 24)
    assert terms.of("youtube").refresh_days == 30
    assert terms.of("youtube").budget_day == ZoneInfo("America/Los_Angeles")
    assert {name for name in PLATFORMS if terms.of(name).budget_day != ZoneInfo("UTC")} == {"youtube"}
    assert not terms.of("website").honour_deletions


def test_politics_of_persons_are_barred_everywhere(terms: Terms) -> None:
    for name in (*PLATFORMS, "a platform that nobody named"):
        assert terms.of(name).bars("political", Kind.PERSONNEL)
        assert terms.of(name).bars("political", Kind.UNOFFICIAL)
        assert not terms.of(name).bars("political", Kind.OFFICIAL)
        assert not any(terms.of(name).bars("phi", kind) for kind in Kind)


def test_every_barred_rule_is_one_of_the_policy(terms: Terms) -> None:
    assert terms.barred_rules <= load_policy(policy.default_policy_path()).rules.keys()


def test_a_platform_that_nobody_read_gets_cautious_terms(terms: Terms) -> None:
    assert not terms.knows("newcomer")
    assert terms.of("newcomer") is CAUTIOUS
    assert (CAUTIOUS.refresh_days, CAUTIOUS.delete_within_hours, CAUTIOUS.max_parallel, CAUTIOUS.confirmed) == (
        30,
        24,
        1,
        False,
    )


def test_the_wheel_takes_it_along(terms: Terms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "_policy"
    shutil.copytree(default_terms_path().parent, installed)
    monkeypatch.setattr(policy, "_INSTALLED", installed)
    assert default_terms_path() == installed / "platforms.yaml"
    assert load_terms(default_terms_path()) == terms


def test_another_file_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTROUNDS_PLATFORM_TERMS", str(tmp_path / "ours.yaml"))
    assert load_settings().platform_terms == tmp_path / "ours.yaml"


def _written(folder: Path, data: Any) -> Path:
    path = folder / "platforms.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


def _small() -> dict[str, Any]:
    return {"version": "1", "platforms": {"x": {"source": "somewhere", "delete_within_hours": 24}}}


def test_a_short_file_is_enough(tmp_path: Path) -> None:
    one = load_terms(_written(tmp_path, _small())).of("x")
    assert (one.store_text, one.refresh_days, one.keep_days, one.prices, one.max_parallel) == (True, None, None, {}, 1)


def test_counsel_confirms_with_a_day(tmp_path: Path) -> None:
    data = _small()
    data["platforms"]["x"]["confirmed"] = date(2026, 11, 30)
    assert load_terms(_written(tmp_path, data)).of("x").confirmed == date(2026, 11, 30)


def _set(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda data: data["platforms"]["x"].update(values)


BROKEN: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "no version": (lambda d: d.pop("version"), "version: expected here, but missing"),
    "no platforms": (lambda d: d.update(platforms={}), "platforms: Dictionary should have at least 1 item"),
    "no source": (lambda d: d["platforms"]["x"].pop("source"), "platforms.x.source: expected here, but missing"),
    "an unknown key": (_set(refesh_days=3), "platforms.x.refesh_days: unknown key; see docs/retention.md"),
    "an unknown kind": (_set(barred_inferences={"political": ["staff"]}), "platforms.x.barred_inferences.political.0: Input"),
    "a negative price": (_set(prices={"post": -1}), "platforms.x.prices.post: Input should be greater than or equal to 0"),
    "no number": (_set(prices={"post": float("nan")}), "platforms.x.prices.post: Input should be"),
    "no days": (_set(keep_days=0), "platforms.x.keep_days: Input should be greater than 0"),
    "a word for days": (_set(refresh_days="thirty"), "platforms.x.refresh_days: Input should be a valid integer"),
    "no such zone": (_set(budget_day="Mars/Olympus"), "platforms.x.budget_day: expected a time zone of the IANA database"),
    "a path for a zone": (_set(budget_day="../../etc/passwd"), "platforms.x.budget_day: expected a time zone"),
    "confirmed by nobody": (_set(confirmed=True), "platforms.x.confirmed: expected the day on which counsel confirmed"),
    "no deadline": (
        _set(delete_within_hours=None),
        "platforms.x: delete_within_hours: expected where honour_deletions is true",
    ),
    "words for days": (_set(keep_days="30"), "platforms.x.keep_days: Input should be a valid integer"),
    "yes for days": (_set(keep_days=True), "platforms.x.keep_days: Input should be a valid integer"),
    "yes for a price": (_set(prices={"post": True}), "platforms.x.prices.post: Input should be a valid number"),
    "a word for a truth": (_set(store_text="off"), "platforms.x.store_text: Input should be a valid boolean"),
    "a number for a truth": (_set(honour_deletions=0), "platforms.x.honour_deletions: Input should be a valid boolean"),
    "no shard": (_set(max_parallel=0), "platforms.x.max_parallel: Input should be greater than 0"),
}


@pytest.mark.parametrize("case", BROKEN, ids=str)
def test_a_wrong_file_names_file_key_and_expectation(tmp_path: Path, case: str) -> None:
    change, expected = BROKEN[case]
    data = _small()
    change(data)
    path = _written(tmp_path, data)
    with pytest.raises(ConfigError) as caught:
        load_terms(path)
    assert f"{path}: {expected}" in str(caught.value)


@pytest.mark.parametrize("written", ["030", "1:30", "0x1e", "0b11", "1_0", "yes", "on", "+3", "1e1", "3.0", "true", "9" * 5000])
def test_what_yaml_would_make_another_number_of_is_refused(tmp_path: Path, written: str) -> None:
    path = tmp_path / "platforms.yaml"
    path.write_text(f'version: "1"\nplatforms:\n  x:\n    source: s\n    honour_deletions: false\n    keep_days: {written}\n')
    with pytest.raises(ConfigError, match=r"platforms\.x\.keep_days: "):
        load_terms(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"version: [unclosed", ":1:19: not valid YAML", id="bad YAML"),
        pytest.param(b"version: a\nversion: b\n", ":2:1: not valid YAML: the key 'version' stands", id="a key twice"),
        pytest.param(b"- one\n", ": expected a mapping with version and platforms", id="a list"),
        pytest.param(b"version: 2026-13-45\n", ": not valid YAML: a key that is no word, a date that is none", id="no date"),
        pytest.param(
            "a: é".encode("latin-1"), ": the file of platform terms can't be read (UnicodeDecodeError)", id="not UTF-8"
        ),
        pytest.param(b"#" * (4 << 20) + b"#", ": no file, or larger than 4 MiB", id="too large"),
    ],
)
def test_a_file_that_holds_no_terms(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "platforms.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_terms(path)
    assert f"{path}{expected}" in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"can't be read \(FileNotFoundError\); set NIGHTROUNDS_PLATFORM_TERMS"):
        load_terms(tmp_path / "none.yaml")


def test_every_key_is_explained_to_counsel() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert [key for key in PlatformTerms.model_fields if f"`{key}`" not in text] == []
