"""The same scan on PostgreSQL: the same rows, and nothing new the second time."""

from __future__ import annotations

import shutil

import pytest
from pydantic import SecretStr

from core.errors import StorageError
from core.settings import Settings
from nightrounds.context import open_context, utc_now
from nightrounds.demo import open_sandbox_context
from nightrounds.digest import digest_of
from nightrounds.scan import scan, watched_accounts
from storage.store import Store


def test_postgres_holds_what_sqlite_holds(postgres_url, first_night, tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shutil.copy2(first_night.settings.home / "keys.json", home / "keys.json")
    settings = Settings(home=home, database_url=SecretStr(postgres_url()))
    Store.open(settings, clock=utc_now, upgrade=True).close()
    with open_sandbox_context(settings) as context:
        report = scan(context, watched_accounts(context), trigger="test")
        digest = digest_of(context, report.run_id, screened=report.screening.posts)
        again = scan(context, watched_accounts(context), trigger="test")
    with open_context(first_night.settings) as context:
        expected = digest_of(context, first_night.report.run_id, screened=first_night.report.screening.posts)

    assert digest.posts_stored == expected.posts_stored
    assert digest.findings == expected.findings
    assert (digest.sealed, digest.open_cases, digest.not_read) == (expected.sealed, expected.open_cases, expected.not_read)
    assert (again.new_posts, again.screening.posts) == (0, 0)


def test_a_database_that_was_not_brought_up_to_date_is_refused_with_the_mend(postgres_url, tmp_path):
    settings = Settings(home=tmp_path / "home", database_url=SecretStr(postgres_url()))
    with pytest.raises(StorageError, match="db upgrade"), open_context(settings):
        pass
