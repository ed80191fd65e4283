"""The wiki crawler against a real MediaWiki: new pages, edits (overwritten and hidden too), moves, deletions, restorations."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.errors import AccountPrivate
from core.records import (
    Account,
    Basis,
    CoverageStatus,
    CrawledPage,
    Cursor,
    Gone,
    GoneReason,
    Kind,
    KnownPost,
    Post,
    PostType,
    account_id,
)
from core.seams import CrawlRequest
from core.settings import Settings
from crawlers.mediawiki import MediaWikiCrawler, MediaWikiOptions
from nightrounds.context import open_context
from nightrounds.scan import scan, watched_accounts
from storage import accounts, findings, posts

pytestmark = pytest.mark.real

PICTURE = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


def account_of(mediawiki: Any) -> Account:
    handle = f"{mediawiki.origin}/"
    return Account(
        id=account_id("mediawiki", handle),
        platform="mediawiki",
        handle=handle,
        kind=Kind.OFFICIAL,
        basis=Basis.OWNED,
        basis_recorded_by="test",
        basis_recorded_at=datetime.now(UTC),
    )


class Night:
    """One crawl, and what it came to."""

    def __init__(self, mediawiki: Any, cursor: Cursor | None = None, recheck: tuple[Post, ...] = (), **options: Any) -> None:
        now = datetime.now(UTC)
        due = tuple(
            KnownPost(native_id=p.native_id, url=p.url, revision=p.revision, posted_at=p.posted_at, last_verified_at=now)
            for p in recheck
        )
        given = MediaWikiOptions(base_url=mediawiki.target, delay=0, **options)
        crawler = MediaWikiCrawler(given, clock=lambda: datetime.now(UTC))
        request = CrawlRequest(account=account_of(mediawiki), cursor=cursor, recheck=due)
        self.pages: list[CrawledPage] = list(crawler.crawl(request))
        self.told: list[Post] = [post for page in self.pages for post in page.posts]
        self.posts: dict[str, Post] = {post.native_id: post for post in self.told}
        self.gone: dict[str, Gone] = {gone.native_id: gone for page in self.pages for gone in page.gone}
        self.verified = {native_id for page in self.pages for native_id in page.verified}
        self.cursor = next(page.cursor for page in reversed(self.pages) if page.cursor)
        self.notes = [page.note for page in self.pages if page.note]


def test_a_wiki_over_several_nights(mediawiki: Any) -> None:
    hours = "'''Visiting''' is from 9 to 5.\n* Ask [[Desk|the desk]].\n[[File:Ward.png|thumb|alt=A closed door|The door]]"
    visiting = mediawiki.edit("Visiting hours", hours)
    clinic, menu = mediawiki.edit("Flu clinic", "Opens on Monday."), mediawiki.edit("Old menu", "Lentil soup.")
    parking, back = mediawiki.edit("Parking", "The garage is closed."), mediawiki.edit("Gone and back", "It comes back.")
    mediawiki.edit("Talk:Parking", "Is it?")
    mediawiki.edit("MediaWiki:Sitenotice", "Notes of an ''invented'' clinic.")
    mediawiki.do("upload", {"file": ("Ward.png", PICTURE, "image/png")}, filename="Ward.png", text="A door.", ignorewarnings=1)

    one = Night(mediawiki)
    assert one.notes == []
    profile = one.pages[0].profile
    assert profile is not None
    assert (profile.display_name, profile.bio) == ("Harbor Clinic Wiki", "Notes of an invented clinic.")
    titles = {"Main Page", "Visiting hours", "Flu clinic", "Old menu", "Parking", "Gone and back", "File:Ward.png"}
    assert {post.title for post in one.posts.values()} == titles
    post = one.posts[visiting]
    assert (post.type, post.text) == (PostType.PAGE, "Visiting is from 9 to 5.\nAsk the desk.\n\nThe door")
    assert post.url == "http://wiki.example.org/index.php/Visiting_hours"
    assert [(item.native_key, item.alt_text) for item in post.media] == [("File:Ward.png", "A closed door")]

    hidden = mediawiki.do("edit", title="Flu clinic", text="A slip that its editors hid.")["newrevid"]
    mediawiki.edit("Flu clinic", "A slip that stands in the history.")
    mediawiki.edit("Flu clinic", "Opens on Tuesday.")
    mediawiki.do("revisiondelete", type="revision", ids=hidden, hide="content")
    mediawiki.do("delete", title="Old menu")
    mediawiki.do("move", **{"from": "Parking", "to": "Parking and trains"})
    mediawiki.do("delete", title="Gone and back")
    mediawiki.do("undelete", title="Gone and back")
    coats = mediawiki.edit("Winter coats", "The closet is open.")

    two = Night(mediawiki, one.cursor, (one.posts[visiting], one.posts[menu]))
    assert [post.text for post in two.told if post.native_id == clinic] == [
        "A slip that stands in the history.",
        "Opens on Tuesday.",
    ]
    assert two.posts[parking].title == "Parking and trains"
    assert two.posts[parking].posted_at == one.posts[parking].posted_at
    assert two.posts[back].text == "It comes back."
    assert two.posts[coats].text == "The closet is open."
    assert two.gone[menu] == Gone(native_id=menu, reason=GoneReason.DELETED, definite=True, path="log")
    assert visiting in two.verified | two.posts.keys()
    assert two.notes == []

    mediawiki.do("undelete", title="Old menu")
    mediawiki.do("mergehistory", **{"from": "Visiting hours", "to": "Winter coats"})
    three = Night(mediawiki, two.cursor)
    assert three.posts[menu].text == "Lentil soup."
    assert three.gone[visiting].reason in {GoneReason.RENAMED, GoneReason.DELETED}, "what was merged leads to the other page"


def test_a_walk_that_is_cut_short_goes_on_where_it_stopped(mediawiki: Any) -> None:
    ids = {mediawiki.edit(f"Page {number}", f"Text {number}.") for number in range(12)}
    whole = Night(mediawiki, page_size=5)
    assert ids <= set(whole.posts)
    cut = next(page for page in whole.pages if page.posts and page.cursor)
    rest = Night(mediawiki, cut.cursor, page_size=5)
    assert set(whole.posts) == {post.native_id for post in cut.posts} | set(rest.posts)


def test_a_wiki_for_members_alone_is_private(mediawiki: Any) -> None:
    (mediawiki.home / "members-only").touch()
    with pytest.raises(AccountPrivate, match="readapidenied"):
        Night(mediawiki)


def test_scan_sees_an_edit_that_adds_a_patient_and_a_deletion(mediawiki: Any, tmp_path: Any) -> None:
    clinic = mediawiki.edit("Flu clinic", "The flu clinic opens on Monday at nine.")
    mediawiki.edit("Old menu", "Soup of the day: lentil.")
    settings = Settings(home=tmp_path / "home", platforms={"mediawiki": {"base_url": mediawiki.target, "delay": 0}})
    nights = 0

    def clock() -> datetime:
        return datetime.now(UTC) + timedelta(days=nights)

    with open_context(settings, clock=clock) as context:
        with context.store.begin() as tx:
            accounts.import_accounts(tx, [account_of(mediawiki)])
        first = scan(context, watched_accounts(context), trigger="test")
        assert [c.status for c in first.coverage] == [CoverageStatus.COMPLETE], first.coverage[0].reason
        assert (first.new_posts, first.coverage[0].edited) == (3, 0)
        again = scan(context, watched_accounts(context), trigger="test")
        assert (again.new_posts, again.screening.posts, again.coverage[0].edited) == (0, 0, 0)

        mediawiki.edit(
            "Flu clinic", "Patient Ottoline Fairweather, MRN 4417702, was our first; the flu clinic opens on Monday."
        )
        mediawiki.edit("Flu clinic", "The flu clinic opens on Monday at nine.")
        mediawiki.do("delete", title="Old menu")
        nights = 1
        second = scan(context, watched_accounts(context), trigger="test")
        (coverage,) = second.coverage
        assert (coverage.status, coverage.new, coverage.edited, coverage.gone) == (CoverageStatus.COMPLETE, 0, 2, 1), (
            coverage.reason
        )
        with context.store.read() as tx:
            found = findings.list_findings(tx, rule="phi")
            assert len(found) >= 1, "it was undone before the scan, and stands in the history"
            assert posts.get_revision(tx, found[0].revision_id or 0).post.native_id == clinic
        third = scan(context, watched_accounts(context), trigger="test")
        assert (third.new_posts, third.screening.posts, third.coverage[0].edited, third.coverage[0].gone) == (0, 0, 0, 0)
