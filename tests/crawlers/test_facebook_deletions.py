"""What becomes of a Facebook post that a lookup missed: it is sought again by another path than before."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from core.records import Cursor, GoneReason, KnownPost
from core.seams import CrawlRequest
from crawlers.facebook_pages import FacebookCrawler, FacebookOptions

PAGE = "100000000000077"
OLD = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
POST = f"{PAGE}_1"
GENERAL, OWN = "the general token", "the page's own token"


class Page:
    """A Page with one old post; `by_id` and `listed` say which tokens see it by which path."""

    def __init__(self, reply: type) -> None:
        self.reply = reply
        self.by_id = {GENERAL, OWN}
        self.listed = {GENERAL, OWN}
        self.post: dict[str, Any] = {"id": POST, "message": "words", "created_time": "2026-01-05T12:00:00+0000"}
        self.paging: dict[str, Any] = {}
        self.paths: list[tuple[str, str]] = []

    def answer(self, asked: Any) -> Any:
        token = asked.headers["authorization"].removeprefix("Bearer ")
        if asked.path in {f"/v26.0/{PAGE}", "/v26.0/HarborClinic"}:
            return self.reply({"id": PAGE, "name": "Harbor Clinic", "username": "HarborClinic"})
        if asked.path.endswith("/published_posts"):
            about = "until" in asked.query
            if about:
                self.paths.append(("listing", token))
                assert (int(asked.query["since"]), int(asked.query["until"])) == (OLD.timestamp() - 1, OLD.timestamp() + 1)
            is_shown = about and token in self.listed
            return self.reply({"data": [self.post] if is_shown else [], "paging": self.paging if about else {}})
        self.paths.append(("lookup" if "ids" in asked.query else "node", token))
        if token not in self.by_id:
            return self.reply({"error": {"message": "…", "code": 100, "error_subcode": 33}}, 400)
        return self.reply({POST: self.post} if "ids" in asked.query else self.post)


@pytest.fixture
def page(loopback):
    page = Page(loopback.Reply)
    loopback.answer = page.answer
    return page


@pytest.fixture
def look(loopback, clock, make_account):
    def look(missing_path: str, posted_at: datetime | None = OLD, **options: Any) -> list[Any]:
        crawler = FacebookCrawler(
            FacebookOptions(access_token=GENERAL, base_url=loopback.url, **options), clock=clock, sleep=lambda _: None
        )
        known = KnownPost(
            native_id=POST, url="", revision="", posted_at=posted_at, last_verified_at=OLD, missing_path=missing_path
        )
        cursor = Cursor({"native_id": PAGE, "since": None, "read_until": int(clock.now.timestamp())})
        request = CrawlRequest(account=make_account("facebook", "HarborClinic"), cursor=cursor, recheck=[known])
        try:
            return list(crawler.crawl(request))[2:]  # behind the Page itself and its newest posts
        finally:
            crawler.close()

    return look


@pytest.mark.parametrize(
    ("missing_path", "options", "posted_at", "path"),
    [
        ("", {}, OLD, ("lookup", GENERAL)),
        ("", {"page_tokens": {PAGE: OWN, "HarborClinic": OWN}}, OLD, ("lookup", OWN)),
        ("lookup", {}, OLD, ("listing", GENERAL)),
        ("lookup", {}, None, ("node", GENERAL)),
        ("lookup", {"page_tokens": {"HarborClinic": OWN}}, OLD, ("node", GENERAL)),
        ("listing", {}, OLD, ("lookup", GENERAL)),
        ("node", {}, OLD, ("lookup", GENERAL)),
    ],
)
def test_two_sightings_come_by_different_paths(page, look, missing_path, options, posted_at, path):
    page.by_id = page.listed = set()
    (sighting,) = look(missing_path, posted_at, **options)
    (gone,) = sighting.gone
    assert page.paths == [path]
    assert (gone.native_id, gone.reason, gone.definite, gone.path) == (POST, GoneReason.UNAVAILABLE, False, path[0])
    assert sighting.raw, "every sighting has its evidence"


def test_what_the_list_still_shows_is_not_gone(page, look):
    page.by_id = set()
    (sighting,) = look("lookup")
    assert [post.text for post in sighting.posts] == ["words"]
    assert sighting.gone == ()


def test_what_another_token_still_sees_is_not_gone(page, look):
    page.by_id = {GENERAL}
    (sighting,) = look("lookup", page_tokens={"HarborClinic": OWN})
    assert [post.text for post in sighting.posts] == ["words"]


def test_a_list_that_goes_on_proves_nothing(page, look):
    page.listed = set()
    page.paging = {"cursors": {"after": "more"}, "next": "https://graph.facebook.com/x"}
    (sighting,) = look("lookup")
    assert (sighting.gone, sighting.note) == ((), "Facebook said nothing of 1 looked-up post")


def test_a_post_that_is_there_and_not_understood_is_not_gone(page, look):
    page.post["created_time"] = "garbage"
    (sighting,) = look("lookup")
    assert (sighting.gone, sighting.verified, sighting.note) == ((), (POST,), "1 post not understood")


def test_a_post_that_was_taken_back_is_gone_for_good(page, look):
    page.post["is_published"] = False
    (sighting,) = look("lookup")
    assert [(one.reason, one.definite) for one in sighting.gone] == [(GoneReason.PRIVATE, True)]


def test_an_answer_about_another_post_proves_nothing(page, look):
    page.post = {"id": f"{PAGE}_2", "message": "other words", "created_time": "2026-01-05T12:00:00+0000"}
    (sighting,) = look("lookup", None)
    assert (sighting.posts, sighting.gone) == ((), ())
    assert sighting.note == "Facebook said nothing of 1 looked-up post"
