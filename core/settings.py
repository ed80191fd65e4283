"""The settings: one frozen object, read once at the edge (command line, DAG, alembic) and handed down as values.

Sources, strongest first: arguments, the environment (NIGHTROUNDS_*, nested with two underscores, as in
NIGHTROUNDS_PLATFORMS__X__BEARER_TOKEN), the TOML file (NIGHTROUNDS_CONFIG, else nightrounds.toml in the working folder).
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from core.errors import ConfigError
from core.policy import default_policy_path
from core.terms import default_terms_path


class Settings(BaseSettings):
    """Everything that a site can set. Platform options are checked by the platform's own crawler."""

    model_config = SettingsConfigDict(
        env_prefix="NIGHTROUNDS_", env_nested_delimiter="__", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    home: Path = Path(".nightrounds")  # database, keys, evidence
    database_url: SecretStr | None = None  # default: SQLite in `home`
    evidence_url: str | None = None  # any fsspec URL; default: a folder in `home`
    keys: SecretStr | None = None  # JSON key ring; default: a file in `home`, made on first use
    policy: Path = Field(default_factory=default_policy_path)
    platform_terms: Path = Field(default_factory=default_terms_path)  # what the platforms allow, and what they cost
    nlp_configuration: Path | None = None  # Presidio's YAML of another model for names
    backfill_days: Annotated[int, Field(gt=0)] = 90  # how far back a first crawl reads
    recheck_limit: Annotated[int, Field(ge=0)] = 500  # stored posts looked at again, per account and run
    shard_size: Annotated[int, Field(gt=0)] = 50  # accounts in one mapped Airflow task
    pictures: bool = True  # fetch profile pictures, to keep hashes of them
    picture_stand_in: str | None = None  # an address that stands in for every picture's host (the sandbox)
    platforms: dict[str, dict[str, Any]] = Field(default={}, repr=False)

    @property
    def sqlalchemy_url(self) -> str:
        """The database as SQLAlchemy names it; a bare postgresql:// is taken to mean psycopg 3."""
        if self.database_url is None:
            return f"sqlite:///{(self.home / 'nightrounds.db').resolve()}"
        url = self.database_url.get_secret_value()
        scheme, separator, rest = url.partition("://")
        return f"postgresql+psycopg://{rest}" if separator and scheme in {"postgres", "postgresql"} else url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=_config_file())


def _config_file() -> Path:
    return Path(os.environ.get("NIGHTROUNDS_CONFIG", "nightrounds.toml"))


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; `overrides` that are None are left out.

    Raises:
        ConfigError: a named configuration file is missing or broken, or a value has the wrong form. Values are never quoted.
    """
    named = os.environ.get("NIGHTROUNDS_CONFIG")
    if named and not Path(named).is_file():
        raise ConfigError(f"{named}: NIGHTROUNDS_CONFIG names this file, but it does not exist")
    try:
        return Settings(**{key: value for key, value in overrides.items() if value is not None})
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{_config_file()}: not valid TOML: {error}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{_config_file()}: not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except SettingsError:
        raise ConfigError(
            "the environment: a NIGHTROUNDS_ variable that holds a table must be JSON (docs/operate.md)"
        ) from None
    except ValidationError as error:
        lines = [
            f"settings ({_config_file()} or NIGHTROUNDS_… in the environment): {'.'.join(map(str, p['loc']))}: "
            + ("no such setting; docs/operate.md lists them" if p["type"] == "extra_forbidden" else p["msg"])
            for p in error.errors(include_input=False)
        ]
        raise ConfigError("\n".join(lines)) from None
