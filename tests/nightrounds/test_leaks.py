"""Nothing of a post, a name or a token stands anywhere outside the sealed columns: logs, output, database bytes, evidence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nightrounds.sandbox.platforms.facebook import GRAPH_TOKEN
from nightrounds.sandbox.platforms.x import X_TOKEN
from nightrounds.sandbox.world import load_world

_LONG_ENOUGH = 24


def canaries() -> set[str]:
    """Pieces of every post of the sandbox that occur nowhere else, and its tokens."""
    world = load_world()
    words = {X_TOKEN, GRAPH_TOKEN}
    for account in world.accounts:
        for post in account.posts:
            words |= {piece for piece in re.split(r"[\n\"\\<>&]", post.text) if len(piece) >= _LONG_ENOUGH}
    return words


def handles() -> set[str]:
    return {account.handle for account in load_world().accounts if account.platform != "website"}


@pytest.fixture(scope="module")
def noisy_scan(tmp_path_factory):
    """A scan with every library at its most talkative, and a fault of each platform thrown in."""
    home = tmp_path_factory.mktemp("noisy") / "home"
    code = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
sys.argv = ['nightrounds', 'scan', '--sandbox', '--json']
from nightrounds.cli import main
main()
"""
    env = {**os.environ, "NIGHTROUNDS_HOME": str(home), "PYTHONWARNINGS": "default"}
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=home.parent, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return home, done.stdout, done.stderr


def found_in(content: bytes, words: set[str]) -> list[str]:
    return [word for word in sorted(words) if word.encode() in content or word.encode("utf-16-le") in content]


def test_there_are_canaries_enough():
    assert len(canaries()) > 300
    assert len(handles()) >= 8


def test_nothing_is_logged_or_printed(noisy_scan):
    _, out, err = noisy_scan
    assert len(err) > 1000  # the libraries did talk
    assert found_in(out + err, canaries()) == []
    assert found_in(out + err, handles()) == []


def test_nothing_lies_in_the_clear_on_disk(noisy_scan):
    home, _, _ = noisy_scan
    files = [path for path in Path(home).rglob("*") if path.is_file() and path.name != "keys.json"]
    assert len(files) > 10
    for path in files:
        content = path.read_bytes()
        assert found_in(content, canaries()) == [], path.name
        assert found_in(content, handles()) == [], path.name


def test_the_state_is_the_users_own(noisy_scan):
    home, _, _ = noisy_scan
    assert not home.stat().st_mode & 0o077
    assert not (home / "keys.json").stat().st_mode & 0o077


def test_records_hide_their_text_from_repr(noisy_scan):
    from core.settings import Settings
    from nightrounds.context import open_context
    from nightrounds.scan import watched_accounts
    from storage import findings, posts

    home, _, _ = noisy_scan
    with open_context(Settings(home=home)) as context, context.store.read() as tx:
        shown = [repr(account) for account in watched_accounts(context)]
        found = findings.list_findings(tx, include_sealed=True, limit=10_000)
        shown += [repr(stored) for stored in found]
        shown += [repr(posts.get_revision(tx, stored.revision_id)) for stored in found if stored.revision_id]
        shown += [repr(context), repr(context.settings)]
    assert found_in("\n".join(shown).encode(), canaries() | handles()) == []
