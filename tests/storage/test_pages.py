from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from core.errors import StorageError
from core.records import (
    Account,
    CrawledPage,
    Cursor,
    Gone,
    GoneReason,
    Kind,
    Media,
    Post,
    PostType,
    Precision,
    Profile,
    RawPage,
    Reference,
)
from storage import crawls, evidence, pages, posts, screenings, tables
from storage._envelope import Envelope
from storage.pages import PageStored
from storage.store import Store

MakePage = Callable[..., CrawledPage]
MakePost = Callable[..., Post]
WANTED = {Kind.OFFICIAL: {"phi": "1"}}
NIGHT = timedelta(hours=20)
HOSTILE = "naïve \x00 \ud800 \udfff \ud83d\ude00 \\u0000 \\ 😀 '; DROP TABLE posts; --"


@pytest.fixture
def keep(store: Store, watched: Account, run_id: int) -> Callable[[CrawledPage], PageStored]:
    def store_page(page: CrawledPage) -> PageStored:
        with store.begin() as tx:
            return pages.store_page(tx, run_id=run_id, account=watched, page=page)

    return store_page


def _rows(store: Store) -> dict[str, int]:
    with store.read() as tx:
        return {
            name: tx.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.metadata.tables.items()
            if name != "audit_events"
        }


def _full_post(make_post: MakePost) -> Post:
    return make_post(
        HOSTILE,
        HOSTILE,
        url="https://platform.test/" + HOSTILE,
        type=PostType.ARTICLE,
        title=HOSTILE,
        summary=HOSTILE,
        lang="en",
        posted_at=datetime(2026, 2, 28, 23, 59, 59, 123456, tzinfo=UTC),
        posted_at_precision=Precision.EXACT,
        edited_at=datetime(2026, 3, 1, tzinfo=UTC),
        revision=HOSTILE,
        in_reply_to=Reference(native_id="0", text=HOSTILE),
        repost_of=Reference(native_id="00", url="https://platform.test/00"),
        quote_of=Reference(native_id="000", available=False),
        links=(HOSTILE, "https://example.org"),
        media=(Media(kind="image", native_key=HOSTILE, url="https://img.test", alt_text=HOSTILE, path="/tmp/" + HOSTILE),),
    )


def test_a_post_comes_back_as_it_was_given(
    store: Store, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost
) -> None:
    post = _full_post(make_post)
    keep(make_page(post))
    with store.read() as tx:
        [revision] = screenings.unread_revisions(tx, WANTED, limit=9)
        assert revision.post == post
        assert posts.get_revision(tx, revision.id) == revision
        with pytest.raises(StorageError, match="no revision 99"):
            posts.get_revision(tx, 99)


def test_a_page_stored_twice_adds_nothing(
    store: Store, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost, clock: Any
) -> None:
    page = make_page(
        _full_post(make_post),
        make_post("2"),
        make_post("3"),
        profile=Profile(bio="Care"),
        cursor=Cursor({"since": "3"}),
        native_account_id="7",
    )
    assert keep(page) == PageStored(new=3)
    before = _rows(store)
    clock.pass_time(hours=1)
    assert keep(page) == PageStored(unchanged=3)
    assert _rows(store) == before
    assert before["posts"] == before["post_revisions"] == 3
    assert before["evidence"] == before["media"] == before["cursors"] == before["profile_snapshots"] == 1


def test_the_same_post_twice_in_one_page_is_one(
    keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost
) -> None:
    assert keep(make_page(make_post(), make_post())) == PageStored(new=1)


def test_an_edit_is_a_revision_and_both_stay(
    store: Store, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost
) -> None:
    keep(make_page(make_post(text="first"), make_post("2")))
    assert keep(make_page(make_post(text="second"), make_post("2"))) == PageStored(edited=1, unchanged=1)
    assert keep(make_page(make_post(text="first"))) == PageStored(edited=1)
    with store.read() as tx:
        said = [r.post.text for r in screenings.unread_revisions(tx, WANTED, limit=9) if r.post.native_id == "1"]
        assert said == ["first", "second", "first"]
        assert posts.count(tx) == 2


def test_a_new_mark_alone_is_no_revision(
    store: Store, watched: Account, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost
) -> None:
    keep(make_page(make_post(revision="a")))
    assert keep(make_page(make_post(revision="b"))) == PageStored(unchanged=1)
    with store.read() as tx:
        [known] = posts.due_rechecks(tx, watched.id, [(timedelta(days=1), timedelta(0))], 9, in_question_after=NIGHT)
        assert known.revision == "b"


def test_a_definite_disappearance_is_a_tombstone_at_once(
    keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost
) -> None:
    keep(make_page(make_post()))
    gone = Gone(native_id="1", reason=GoneReason.DELETED, definite=True)
    assert keep(make_page(gone=(gone, Gone(native_id="never seen", reason=GoneReason.DELETED, definite=True)))) == PageStored(
        gone=1
    )
    assert keep(make_page(gone=(gone,))) == PageStored()


def test_a_doubtful_disappearance_takes_two_sightings_an_hour_apart(
    store: Store, watched: Account, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost, clock: Any
) -> None:
    def due() -> list[str]:
        with store.read() as tx:
            return [known.native_id for known in posts.due_rechecks(tx, watched.id, [], 9, in_question_after=NIGHT)]

    keep(make_page(make_post()))
    missing = make_page(gone=(Gone(native_id="1", reason=GoneReason.UNAVAILABLE),))
    assert keep(missing) == PageStored(pending_gone=1)
    clock.pass_time(minutes=59)
    assert keep(missing) == PageStored(pending_gone=1)
    assert due() == []
    clock.pass_time(minutes=1)
    assert due() == ["1"]
    assert keep(missing) == PageStored(pending_gone=1)  # the same path twice says little
    other_path = make_page(gone=(Gone(native_id="1", reason=GoneReason.UNAVAILABLE, path="listing"),))
    assert keep(other_path) == PageStored(gone=1)
    assert due() == []


def test_a_platform_with_one_path_needs_another_night(
    store: Store, watched: Account, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost, clock: Any
) -> None:
    keep(make_page(make_post()))
    missing = make_page(gone=(Gone(native_id="1", reason=GoneReason.PRIVATE, path="listing"),))
    assert keep(missing) == PageStored(pending_gone=1)
    clock.pass_time(hours=2)
    with store.read() as tx:
        [known] = posts.due_rechecks(tx, watched.id, [], 9, in_question_after=NIGHT)
    assert known.missing_path == "listing"
    vague = make_page(gone=(Gone(native_id="1", reason=GoneReason.UNAVAILABLE, path="listing"),))
    clock.pass_time(hours=22)
    assert keep(vague) == PageStored(gone=1)
    with store.read() as tx:
        assert tx.connection.execute(select(tables.posts.c.gone_reason)).scalar_one() == "private"  # the reason that says more


@pytest.mark.parametrize("reason", [GoneReason.LOGIN_WALL, GoneReason.OUR_ERROR])
def test_what_hides_a_post_never_buries_it(
    store: Store, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost, clock: Any, reason: GoneReason
) -> None:
    keep(make_page(make_post()))
    for path in ("lookup", "permalink", "lookup"):
        assert keep(make_page(gone=(Gone(native_id="1", reason=reason, definite=True, path=path),))).gone == 0
        clock.pass_time(days=1)
    with store.read() as tx:
        row = tx.connection.execute(select(tables.posts)).one()
    assert (row.missing_reason, row.missing_since, row.gone_at) == (reason.value, None, None)
    keep(make_page(make_post()))
    with store.read() as tx:
        assert tx.connection.execute(select(tables.posts.c.missing_reason)).scalar_one() is None


def test_a_login_wall_is_no_second_path(
    store: Store, watched: Account, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost, clock: Any
) -> None:
    def look(reason: GoneReason, path: str) -> int:
        clock.pass_time(hours=2)
        return keep(make_page(gone=(Gone(native_id="1", reason=reason, path=path),))).gone

    keep(make_page(make_post()))
    assert look(GoneReason.PRIVATE, "lookup") == 0
    assert look(GoneReason.LOGIN_WALL, "permalink") == 0
    with store.read() as tx:
        assert tx.connection.execute(select(tables.posts.c.missing_reason)).scalar_one() == "private"
    assert look(GoneReason.UNAVAILABLE, "lookup") == 0, "one path said 'missing' twice, hours apart"
    assert look(GoneReason.UNAVAILABLE, "permalink") == 1


def test_a_post_seen_again_loses_doubt_and_tombstone(
    store: Store, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost, clock: Any
) -> None:
    missing = make_page(gone=(Gone(native_id="1", reason=GoneReason.UNAVAILABLE),))
    keep(make_page(make_post()))
    keep(missing)
    clock.pass_time(hours=2)
    assert keep(make_page(verified=("1",))) == PageStored()  # the doubt is gone, there was no tombstone
    assert keep(missing) == PageStored(pending_gone=1)
    clock.pass_time(hours=20)
    assert keep(missing) == PageStored(gone=1)
    assert keep(make_page(verified=("1",))) == PageStored(reappeared=1)
    with store.read() as tx:
        actions = list(tx.connection.execute(select(tables.audit_events.c.action)).scalars())
        assert actions.count("tombstones set") == actions.count("tombstones lifted") == 1


def test_seen_and_gone_on_one_page_is_seen(keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost) -> None:
    gone = (Gone(native_id="1", reason=GoneReason.DELETED, definite=True),)
    assert keep(make_page(make_post(), gone=gone)) == PageStored(new=1)


def test_rechecks_come_due_by_age_and_last_look(
    store: Store, watched: Account, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost, clock: Any
) -> None:
    schedule = [(timedelta(days=2), timedelta(days=1)), (timedelta(days=30), timedelta(days=7))]

    def due(limit: int = 9) -> list[str]:
        with store.read() as tx:
            return [known.native_id for known in posts.due_rechecks(tx, watched.id, schedule, limit, in_question_after=NIGHT)]

    old = clock.now - timedelta(days=20)
    keep(
        make_page(
            make_post("young"), make_post("old", posted_at=old), make_post("ancient", posted_at=old - timedelta(days=300))
        )
    )
    assert due() == []
    clock.pass_time(days=1)
    assert due() == ["young"]
    clock.pass_time(days=6)
    assert due() == ["young", "old"]  # the second line of the schedule covers both by now
    assert due(limit=1) == due()[:1]
    keep(make_page(verified=("young", "old")))
    assert due() == []


def test_a_cursor_is_kept_a_surface_and_none_leaves_it(
    store: Store, watched: Account, run_id: int, keep: Callable[..., PageStored], make_page: MakePage
) -> None:
    with store.read() as tx:
        assert crawls.load_cursor(tx, watched.id) is None
    keep(make_page(cursor=Cursor({"since": HOSTILE})))
    keep(make_page(cursor=None))
    with store.begin() as tx:
        page = make_page(cursor=Cursor({"line": 7}))
        pages.store_page(tx, run_id=run_id, account=watched, page=page, surface="archive")
        archive = crawls.load_cursor(tx, watched.id, "archive")
        assert archive is not None
        assert archive.state == {"line": 7}
        cursor = crawls.load_cursor(tx, watched.id)
        assert cursor is not None
        assert cursor.state["since"] == HOSTILE


def test_a_page_of_another_accounts_posts_is_refused_whole(
    store: Store, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost
) -> None:
    stray = Post(platform="x", account_id="somebody else", native_id="2")
    with pytest.raises(StorageError, match="posts of another account"):
        keep(make_page(make_post(), stray))
    assert _rows(store)["posts"] == _rows(store)["evidence"] == 0


def test_captures_keep_the_first_and_move_the_last(store: Store, keep: Callable[..., PageStored], clock: Any) -> None:
    def capture(url: str, body: bytes = b"<html>") -> RawPage:
        return RawPage(
            url=url,
            body=body,
            media_type="text/html",
            status=200,
            fetched_at=clock.now,
            collector="test 1",
            headers=(("ETag", "é"),),
        )

    first = capture("https://a.test")
    keep(CrawledPage(raw=(first, capture("https://b.test"))))
    clock.pass_time(days=1)
    keep(CrawledPage(raw=(capture("https://a.test"), capture("https://a.test", b"changed"))))
    with store.read() as tx:
        rows = tx.connection.execute(select(tables.evidence).order_by(tables.evidence.c.id)).all()
        assert len(rows) == 3
        assert rows[0].last_captured_at - rows[0].captured_at == timedelta(days=1)
        assert evidence.captures(tx, [rows[0].id]) == [first]
        assert evidence.verify_all(tx).checked == 2


def _texts(store: Store) -> list[str]:
    with store.read() as tx:
        return [revision.post.text for revision in screenings.unread_revisions(tx, WANTED, limit=99)]


def test_a_post_told_twice_on_a_page_keeps_both_tellings(
    store: Store, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost
) -> None:
    page = make_page(make_post("1", "first"), make_post("2", "other"), make_post("1", "second"), make_post("1", "first"))
    assert keep(page) == PageStored(new=2)
    assert sorted(_texts(store)) == ["first", "other", "second"]
    before = _rows(store)
    assert keep(page) == PageStored(unchanged=2)
    assert _rows(store) == before
    assert keep(make_page(make_post("1", "second"))) == PageStored(unchanged=1)


def test_a_known_post_told_twice_gains_what_is_new_and_may_still_be_edited_back(
    store: Store, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost
) -> None:
    keep(make_page(make_post("1", "first")))
    page = make_page(make_post("1", "second"), make_post("1", "first"), make_post("1", "third"))
    assert keep(page) == PageStored(edited=1)
    assert keep(page) == PageStored(unchanged=1)
    assert _texts(store) == ["first", "second", "third"]
    assert keep(make_page(make_post("1", "first"))) == PageStored(edited=1)
    assert keep(make_page(make_post("1", "first"))) == PageStored(unchanged=1)
    assert _texts(store) == ["first", "second", "third", "first"]


def test_a_text_opens_only_beside_its_own_key(
    store: Store, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost
) -> None:
    keep(make_page(make_post("1", "first"), make_post("2", "second")))
    r = tables.post_revisions
    with store.begin() as tx:
        content = tx.connection.execute(select(r.c.content).where(r.c.id == 1)).scalar_one()
        tx.connection.execute(update(r).where(r.c.id == 2).values(content=Envelope(content)))
    with pytest.raises(StorageError, match="the value was changed"), store.read() as tx:
        posts.get_revision(tx, 2)


def test_changed_and_moved_texts_are_found(
    store: Store, keep: Callable[..., PageStored], make_page: MakePage, make_post: MakePost
) -> None:
    keep(make_page(_full_post(make_post), make_post("1", "first"), make_post("2", "second"), make_post("3", "third")))
    keep(make_page(make_post("3", "third, edited")))
    with store.read() as tx:
        assert posts.verify_contents(tx) == posts.ContentReport(5, ())
    r = tables.post_revisions
    with store.begin() as tx:
        rows = {row.id: row for row in tx.connection.execute(select(r).order_by(r.c.id))}
        full, one, two, three, last = sorted(rows)
        for at, content, key in (
            (full, b"", rows[full].content_key),  # no envelope
            (one, rows[two].content, rows[one].content_key),  # another's text
            (two, rows[one].content, rows[one].content_key),  # another's text with its key
            (last, rows[three].content, rows[three].content_key),  # an earlier text as the latest
        ):
            tx.connection.execute(update(r).where(r.c.id == at).values(content=Envelope(content), content_key=key))
    with store.read() as tx:
        report = posts.verify_contents(tx)
    assert (report.checked, report.damaged, report.ok) == (5, (full, one, two, last), False)
