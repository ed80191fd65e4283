"""Platform credentials from Airflow's connections: `nightrounds_<platform>`, read inside a task and never passed on.

The password is the platform's token, the host (with schema and port) its `base_url`, and the extra field, a JSON object, any
other option. What Airflow has no connection for comes from the environment and the TOML file as everywhere else.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from core.settings import Settings, load_settings
from nightrounds.platforms import crawler_classes, secret_option


def settings_from_airflow() -> Settings:
    """The settings of this process, with platform options from Airflow's connections laid over them."""
    settings = load_settings()
    platforms = {name: dict(options) for name, options in settings.platforms.items()}
    for name, crawler in crawler_classes().items():
        try:
            connection = Connection.get(f"nightrounds_{name}")
        except AirflowNotFoundException:
            continue
        platforms.setdefault(name, {}).update(_options(connection, secret_option(crawler)))
    return settings.model_copy(update={"platforms": platforms})


def _options(connection: Connection, secret: str | None) -> dict[str, Any]:
    options: dict[str, Any] = dict(connection.extra_dejson)
    if connection.password and secret:
        options[secret] = connection.password
    if connection.host:
        port = f":{connection.port}" if connection.port else ""
        scheme = "" if "://" in connection.host else f"{connection.schema or 'https'}://"
        options["base_url"] = f"{scheme}{connection.host}{port}"
    return options
