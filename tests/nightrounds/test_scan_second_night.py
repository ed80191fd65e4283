"""The second night over all platforms: exactly the planted posts, edits and disappearances, and nothing else."""

from __future__ import annotations

from collections import defaultdict

import pytest
from sqlalchemy import select

from core.records import CoverageStatus
from nightrounds.context import open_context
from nightrounds.platforms import nightly_platforms
from nightrounds.sandbox.answers import StandIn
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of
from nightrounds.sandbox.world import State, WorldAccount, load_world
from storage import accounts
from storage.tables import posts as t

WORLD = load_world()
# The front page of a site without a feed is a page of its own, and lists what else there is: it changes with that.
FOLLOWING = {"http://caring-hands.sandbox.example/"}


@pytest.fixture(scope="module")
def second_night(first_night, tmp_path_factory):
    """What changed in the second night, by kind of change and platform: native ids."""
    import shutil

    from nightrounds.demo import open_sandbox_context
    from nightrounds.scan import scan, watched_accounts

    home = tmp_path_factory.mktemp("second") / "home"
    shutil.copytree(first_night.settings.home, home)
    settings = first_night.settings.model_copy(update={"home": home})
    with open_sandbox_context(settings, night=2) as context:
        begun = context.clock()
        report = scan(context, watched_accounts(context), trigger="test")
    changed: dict[tuple[str, str], set[str]] = defaultdict(set)
    with open_context(settings) as context, context.store.read() as tx:
        platform_of = {a.id: a.platform for a in accounts.list_accounts(tx)}
        for row in tx.connection.execute(select(t)):
            platform, native_id = platform_of[row.account_id], tx.unseal(t.c.native_id, row.native_id)
            if row.first_seen_at >= begun:
                changed["new", platform].add(native_id)
            elif row.revisions > 1:
                changed["edited", platform].add(native_id)
            if row.gone_at is not None or row.missing_reason is not None:
                changed["missing", platform].add(native_id)
    return report, changed


@pytest.fixture(scope="module")
def stand_ins() -> dict[str, StandIn]:
    return dict(Sandbox()._front.stand_ins)


def planted(account: WorldAccount, stand_in: StandIn) -> dict[str, set[str]]:
    one, two = view_of(1), view_of(2)
    if any(view.standing(account).state is not State.LIVE for view in (one, two)):
        return {"new": set(), "edited": set(), "missing": set()}
    before = {shown.post.id: shown for shown in one.posts(account)}
    after = {shown.post.id: shown for shown in two.posts(account)}
    return {
        "new": {stand_in.native_id(after[name]) for name in after.keys() - before.keys()},
        "edited": {stand_in.native_id(after[n]) for n in after.keys() & before.keys() if after[n].now != before[n].now},
        "missing": {stand_in.native_id(before[name]) for name in before.keys() - after.keys()},
    }


@pytest.mark.parametrize("kind", ["new", "edited", "missing"])
@pytest.mark.parametrize("platform", nightly_platforms())
def test_it_shows_what_was_planted_and_nothing_else(second_night, stand_ins, platform, kind):
    _, changed = second_night
    wanted = set().union(*(planted(account, stand_ins[platform])[kind] for account in WORLD.of(platform)))
    found = changed[kind, platform]
    assert found - wanted - FOLLOWING == set(), "not planted"
    assert wanted - found == set(), "planted, but not seen"


@pytest.mark.parametrize("platform", nightly_platforms())
def test_every_account_that_can_be_read_is_complete(second_night, platform):
    report, _ = second_night
    live = {a.handle for a in WORLD.of(platform) if view_of(2).standing(a).state is State.LIVE}
    complete = [c for c in report.coverage if c.platform == platform and c.status is CoverageStatus.COMPLETE]
    assert complete
    assert len(complete) >= len(live) - 1, [c.reason for c in report.coverage if c.platform == platform and c.reason]
