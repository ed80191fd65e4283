"""Lists read from the newest post back: how far down each crawl goes, and what a cursor holds between two pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from crawlers._outstanding import LIMIT
from crawlers._walk import Progress, read_progress, seconds

ACCOUNT = "4711"
NOW = datetime(2026, 11, 16, 23, 0, tzinfo=UTC)
DAY = timedelta(days=1)
WINDOW = timedelta(hours=2)


def is_id(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def restored(progress: Progress, since: datetime | None = None) -> Progress:
    """As the next crawl reads it from the cursor."""
    return read_progress(json.loads(json.dumps(progress.state())), ACCOUNT, since, is_id=is_id, is_place=is_id)


def fresh(since: datetime | None = None) -> Progress:
    return read_progress({}, ACCOUNT, since, is_id=is_id, is_place=is_id)


def walked(progress: Progress, *times: datetime, now: datetime = NOW) -> Progress:
    """After a walk that saw posts of these times on its one page."""
    return progress.finish(progress.begin(now, WINDOW).past(times, None, has_gap=False))


def test_the_first_walk_goes_as_deep_as_is_asked_and_the_next_one_behind_what_was_read():
    assert fresh().begin(NOW, WINDOW).since is None
    assert fresh(NOW - DAY).begin(NOW, WINDOW).since == seconds(NOW - DAY)
    done = walked(fresh(), NOW - DAY, NOW - 9 * DAY)
    assert done.read_until == seconds(NOW - DAY), "the newest post seen, not our own time"
    assert restored(done).begin(NOW + DAY, WINDOW).since == seconds(NOW - DAY - WINDOW)


def test_who_asks_for_more_than_was_covered_gets_a_walk_down_to_it():
    done = walked(fresh(NOW - 5 * DAY), NOW)
    assert restored(done, NOW - 4 * DAY).begin(NOW, WINDOW).since == seconds(NOW - WINDOW)
    same_night = NOW - 6 * DAY  # the same bound, asked for at another hour
    assert restored(done, same_night).begin(NOW, WINDOW).since == seconds(NOW - WINDOW)
    assert restored(done, NOW - 9 * DAY).begin(NOW, WINDOW).since == seconds(NOW - 9 * DAY)
    assert restored(done, None).begin(NOW, WINDOW).since is None
    deeper = walked(restored(done, NOW - 9 * DAY), NOW)
    assert restored(deeper, NOW - 9 * DAY).begin(NOW, WINDOW).since == seconds(NOW - WINDOW), "once is enough"
    whole = walked(restored(done, None), NOW)
    assert restored(whole, None).begin(NOW, WINDOW).since == seconds(NOW - WINDOW)


def test_an_account_without_a_post_is_asked_for_all_again():
    done = walked(fresh(NOW - DAY))
    assert done.read_until is None
    assert restored(done, NOW).begin(NOW, WINDOW).since == seconds(NOW - DAY)


def test_a_walk_with_a_gap_raises_nothing_and_is_taken_again():
    before = walked(fresh(), NOW - DAY)
    walk = before.begin(NOW, WINDOW).past([NOW], 7, has_gap=True).past([NOW - WINDOW], None, has_gap=False)
    after = restored(before.finish(walk))
    assert after.walk is None
    assert after.begin(NOW, WINDOW) == before.begin(NOW, WINDOW)


@pytest.mark.parametrize("wrong", [-400 * DAY, 400 * DAY])
def test_a_clock_that_was_wrong_one_night_hides_nothing_in_the_next(wrong):
    progress = walked(fresh(), NOW - DAY, now=NOW + wrong)
    progress = walked(restored(progress), NOW - DAY, now=NOW + wrong)
    assert restored(progress).begin(NOW, WINDOW).since <= seconds(NOW - DAY - WINDOW)
    assert walked(progress, NOW).read_until == seconds(NOW), "and the night after all is as before"


def test_a_post_from_the_future_that_a_wrong_clock_believed_hides_nothing_either():
    progress = restored(walked(fresh(), NOW + 99 * DAY, now=NOW + 400 * DAY))
    assert progress.begin(NOW, WINDOW).since == seconds(NOW - WINDOW)
    assert walked(progress, NOW - DAY).read_until == seconds(NOW), "nor does it stay"


def test_the_newest_of_all_pages_counts_and_no_walk_lowers_it():
    walk = fresh().begin(NOW, WINDOW).past([NOW], 7, has_gap=False).past([NOW - DAY], None, has_gap=False)
    done = restored(fresh().finish(walk))
    assert done.read_until == seconds(NOW)
    assert walked(done, NOW - DAY, now=NOW + DAY).read_until == seconds(NOW), "the newest post may be gone by then"
    assert walked(done, now=NOW + DAY).read_until == seconds(NOW)


def test_a_post_from_the_future_does_not_raise_the_bound_beyond_the_walk():
    assert walked(fresh(), NOW + 99 * DAY, NOW - DAY).read_until == seconds(NOW)


def test_a_page_is_below_the_bound_when_all_of_it_is():
    walk = fresh(NOW).begin(NOW, WINDOW)
    assert walk.is_below([NOW - DAY, None, NOW - WINDOW])
    assert not walk.is_below([NOW - DAY, NOW]), "an old post may be pinned to the top"
    assert not walk.is_below([NOW])
    assert not walk.is_below([None])
    assert not walk.is_below([])
    assert not fresh().begin(NOW, WINDOW).is_below([NOW - 9999 * DAY])


def test_a_stored_walk_goes_on_at_its_place_and_may_begin_again_at_the_top():
    walk = fresh(NOW - DAY).begin(NOW, WINDOW).past([NOW, None], 7, has_gap=False)
    stored = restored(replace(fresh(), walk=walk)).walk
    assert stored == replace(walk, is_stored=True)
    assert (stored.seen, stored.newest) == (2, seconds(NOW))
    again = stored.from_the_top()
    assert again == replace(walk, place=None, seen=0)
    assert not stored.past([], 6, has_gap=False).is_stored, "its next place is this crawl's own"


def test_what_was_not_understood_is_kept_until_it_is_read():
    progress, has_room = fresh().keep(read=[], broken=[5, 6])
    assert has_room
    progress, _ = restored(progress).keep(read=[5], broken=[7])
    assert restored(progress).outstanding == (6, 7)
    assert not progress.keep(read=[], broken=range(1000, 1000 + LIMIT))[1], "more than these are a gap"


WALK = {"started_at": 9, "since": None, "place": 7, "seen": 1, "newest": 9, "has_gaps": False}
STATE = {"native_id": ACCOUNT, "since": None, "read_until": 9, "outstanding": [], "walk": WALK}


@pytest.mark.parametrize(
    "state",
    [
        None,
        [],
        "x",
        STATE | {"native_id": "4712"},
        STATE | {"native_id": None},
        STATE | {"since": "9"},
        STATE | {"since": True},
        STATE | {"read_until": 9.5},
        STATE | {"read_until": 1_794_870_000_000},  # not seconds
        STATE | {"read_until": -(10**400)},
    ],
)
def test_a_state_that_is_none_of_ours_starts_anew(state):
    assert read_progress(state, ACCOUNT, NOW, is_id=is_id, is_place=is_id) == fresh(NOW)


@pytest.mark.parametrize(
    "walk",
    [
        None,
        [WALK],
        {},
        WALK | {"place": "7"},
        WALK | {"place": [7]},
        WALK | {"started_at": None},
        WALK | {"since": "9"},
        WALK | {"seen": "1"},
        WALK | {"newest": False},
        WALK | {"newest": 10**11},
    ],
)
def test_a_walk_that_cannot_be_read_is_begun_anew_from_the_same_bound(walk):
    progress = read_progress(STATE | {"walk": walk}, ACCOUNT, None, is_id=is_id, is_place=is_id)
    assert (progress.read_until, progress.walk) == (9, None)


def test_a_stored_walk_that_does_not_say_whether_it_has_gaps_has_them():
    for told, expected in ((False, False), (True, True), ("no", True), (None, True)):
        progress = read_progress(STATE | {"walk": WALK | {"has_gaps": told}}, ACCOUNT, None, is_id=is_id, is_place=is_id)
        assert progress.walk.has_gaps is expected


def test_ids_that_are_none_are_dropped():
    progress = read_progress(STATE | {"outstanding": [5, "6", None, 7]}, ACCOUNT, None, is_id=is_id, is_place=is_id)
    assert progress.outstanding == (5, 7)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(0, 10**10) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*STATE, *WALK]), inner, max_size=4),
    max_leaves=8,
)
HOSTILE = st.dictionaries(st.sampled_from([*STATE, *WALK]), JSON).map(lambda some: STATE | some | {"native_id": ACCOUNT})


@given(state=HOSTILE, walk=st.dictionaries(st.sampled_from([*WALK]), JSON).map(lambda some: WALK | some) | JSON)
@settings(deadline=None)
def test_whatever_a_state_holds_it_can_be_gone_on_with(state, walk):
    progress = read_progress(state | {"walk": walk}, ACCOUNT, NOW, is_id=is_id, is_place=is_id)
    assert restored(progress, NOW) == progress
    step = (progress.walk or progress.begin(NOW, WINDOW)).past([NOW], None, has_gap=False)
    assert restored(progress.finish(step)).walk is None


@dataclass(frozen=True)
class Item:
    """A post of the simulated list. One without a name is a broken one that tells no id."""

    native_id: int
    made_at: datetime
    health: str = "whole"  # broken, nameless


def is_before(item: Item, bound: int | None) -> bool:
    return bound is not None and seconds(item.made_at) < bound


class ListOfPosts(RuleBasedStateMachine):
    """A list that is walked with kills, new posts, deletions and broken posts between any two pages, by a clock that may be
    wrong. What stood on it from the begin to the end of a finished walk must have been yielded, or be outstanding."""

    page_size = 3

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[Item] = []  # newest first
        self.now = NOW
        self.clock_error = timedelta()
        self.last_id = 0
        self.since: datetime | None = NOW + 4 * DAY
        self.state: object = None  # what was stored with the last page
        self.crawl: Iterator[None] | None = None
        self.at_begin: list[Item] = []  # of the walk that is under way
        self.bound: int | None = None
        self.floor: int | None = None  # of what was covered before it
        self.of_walk: set[int] = set()
        self.yielded: set[int] = set()
        self.newest: datetime | None = None  # time of the newest post that it saw
        self.newest_settled: datetime | None = None  # that the walks saw that are done
        self.forgets = False

    @rule(count=st.integers(1, 5), health=st.sampled_from(["whole", "whole", "whole", "broken", "nameless"]))
    def post(self, count: int, health: str) -> None:
        for _ in range(count):
            self.last_id += 1
            self.listed.insert(0, Item(self.last_id, self.now, health))

    @rule(hours=st.integers(0, 30))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(days=st.sampled_from([-500, 0, 0, 500]))
    def set_clock(self, days: int) -> None:
        self.clock_error = days * DAY

    @precondition(lambda self: self.listed)
    @rule(index=st.integers(0, 30), count=st.integers(1, 5))
    def delete(self, index: int, count: int) -> None:
        index %= len(self.listed)
        del self.listed[index : index + count]

    @rule()
    def mend(self) -> None:
        self.listed = [replace(item, health="whole") for item in self.listed]

    @rule(days=st.integers(0, 4))
    def ask_from(self, days: int) -> None:
        """From the next crawl on; 0 is for all."""
        self.since = NOW + days * DAY if days else None

    @rule(forgets=st.booleans())
    def kill(self, forgets: bool) -> None:
        """The next crawl knows only what was stored; the platform may have forgotten the place."""
        self.crawl = None
        self.forgets = forgets

    @rule(pages=st.integers(1, 4))
    def read(self, pages: int) -> None:
        for _ in range(pages):
            if self.crawl is None:
                self.crawl = self.crawled()
            if next(self.crawl, self) is self:
                self.crawl = None

    def crawled(self) -> Iterator[None]:
        """One crawl, as the crawlers do it; it stores its state and its posts with each page."""
        progress = read_progress(self.state, ACCOUNT, self.since, is_id=is_id, is_place=is_id)
        resumed = progress.walk is not None
        while True:
            walk = progress.walk
            if walk is None:
                walk, self.newest = progress.begin(self.now + self.clock_error, WINDOW), None
            if walk.is_stored and self.forgets:
                walk = walk.from_the_top()
            if walk.place is None:
                self.at_begin, self.of_walk = list(self.listed), set()
                self.bound, self.floor = walk.since, progress.floor
            below = [item for item in self.listed if walk.place is None or item.native_id < walk.place]
            page = below[: self.page_size]
            times = [item.made_at if item.health != "nameless" else None for item in page]
            is_end = len(below) <= self.page_size or walk.is_below(times)
            read = [item.native_id for item in page if item.health == "whole"]
            broken = [item.native_id for item in page if item.health == "broken"]
            progress, has_room = progress.keep(read=read, broken=broken)
            has_gap = not has_room or len(read) + len(broken) < len(page)
            walk = walk.past(times, None if is_end else page[-1].native_id, has_gap=has_gap)
            progress = progress.finish(walk) if is_end else replace(progress, walk=walk)
            self.newest = max(filter(None, [self.newest, *times]), default=None)
            self.of_walk.update(read, broken)
            self.yielded.update(read)
            self.state = json.loads(json.dumps(progress.state()))
            if is_end and not walk.has_gaps:
                self.check(progress)
                assert resumed or progress.reaches_wanted
            yield
            if is_end and not resumed:
                return
            resumed = resumed and not is_end

    def check(self, progress: Progress) -> None:
        left = {item.native_id for item in self.listed}
        stood = [item for item in self.at_begin if item.native_id in left]
        known = self.yielded | {*progress.outstanding}
        assert {item.native_id for item in stood if not is_before(item, progress.floor)} <= known, "nothing is lost"
        within = {item.native_id for item in stood if not is_before(item, self.bound)}
        assert within <= self.of_walk, "this walk saw all down to its bound"
        if self.newest_settled is not None and self.bound is not None:
            window = seconds(self.newest_settled - WINDOW)
            covered = window if self.floor is None else max(window, self.floor)
            assert self.bound <= covered, "what was covered is read again within the window"
        self.newest_settled = max(filter(None, [self.newest, self.newest_settled]), default=None)


TestAListOfPosts = ListOfPosts.TestCase
TestAListOfPosts.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
