"""Settings: arguments over environment over file, wrong ones told without quoting a value."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import ConfigError
from core.policy import default_policy_path
from core.settings import load_settings


@pytest.fixture(autouse=True)
def bare_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No NIGHTROUNDS_* of the machine and no nightrounds.toml of the checkout reaches a test."""
    for name in [key for key in os.environ if key.startswith("NIGHTROUNDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_defaults_need_no_file() -> None:
    settings = load_settings()
    assert settings.home == Path(".nightrounds")
    assert settings.policy == default_policy_path()
    assert settings.sqlalchemy_url == f"sqlite:///{Path('.nightrounds/nightrounds.db').resolve()}"


def test_arguments_beat_the_environment_and_that_beats_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nightrounds.toml").write_text("backfill_days = 1\nrecheck_limit = 1\nshard_size = 1\n")
    monkeypatch.setenv("NIGHTROUNDS_RECHECK_LIMIT", "2")
    monkeypatch.setenv("NIGHTROUNDS_SHARD_SIZE", "2")
    settings = load_settings(shard_size=3, home=None)
    assert (settings.backfill_days, settings.recheck_limit, settings.shard_size) == (1, 2, 3)


def test_platform_options_nest_by_two_underscores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere.toml").write_text('[platforms.x]\nbase_url = "http://127.0.0.1:1"\n')
    monkeypatch.setenv("NIGHTROUNDS_CONFIG", str(tmp_path / "elsewhere.toml"))
    monkeypatch.setenv("NIGHTROUNDS_PLATFORMS__X__BEARER_TOKEN", "token-of-the-test")
    assert load_settings().platforms == {"x": {"base_url": "http://127.0.0.1:1", "bearer_token": "token-of-the-test"}}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("postgresql://db/rounds", "postgresql+psycopg://db/rounds"),
        ("postgres://db/rounds", "postgresql+psycopg://db/rounds"),
        ("postgresql+psycopg://db/rounds", "postgresql+psycopg://db/rounds"),
        ("sqlite:///rounds.db", "sqlite:///rounds.db"),
    ],
)
def test_a_bare_postgresql_url_means_psycopg(given: str, url: str) -> None:
    assert load_settings(database_url=given).sqlalchemy_url == url


def test_secrets_and_tokens_are_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTROUNDS_PLATFORMS__X__BEARER_TOKEN", "token-of-the-test")
    settings = load_settings(database_url="postgresql://rounds:hunter2@db/rounds", keys='{"a": "key-of-the-test"}')
    for shown in (repr(settings), str(settings)):
        assert not any(secret in shown for secret in ("token-of-the-test", "hunter2", "key-of-the-test"))


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load_settings().backfill_days = 3


def test_a_wrong_value_is_named_and_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTROUNDS_BACKFILL_DAYS", "hunter2")
    with pytest.raises(ConfigError, match=r"^settings \(.*\): backfill_days: ") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_an_unknown_setting_in_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nightrounds.toml").write_text("backfil_days = 1\n")
    with pytest.raises(ConfigError, match=r"settings \(.*\): backfil_days: no such setting"):
        load_settings()


def test_broken_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "nightrounds.toml").write_text("home = [\n")
    with pytest.raises(ConfigError, match=r"nightrounds\.toml: not valid TOML"):
        load_settings()


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTROUNDS_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(ConfigError, match="NIGHTROUNDS_CONFIG names this file, but it does not exist"):
        load_settings()
