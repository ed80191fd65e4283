"""The words of a secret option, for the one header or parameter that they stand in."""

from __future__ import annotations

from pydantic import SecretStr


def words_of(secret: SecretStr | None) -> str:
    """Without blanks around; empty where none is set."""
    return secret.get_secret_value().strip() if secret else ""
