"""A wiki night after night: all pages once, then what changed, what was overwritten, moved, deleted and restored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from purse import Purse

from core.errors import BudgetExhausted
from core.records import GoneReason, PostType, Precision

LOST = "recent changes no longer reach back"


def test_the_first_night_tells_the_wiki_and_reads_every_page_whatever_its_age(wiki, crawls):
    for number in range(7):
        wiki.write(f"Page {number}", f"'''Words''' of {number}.")
    wiki.write("File:Ward.png", "A closed door.", ns=6)
    wiki.write("Talk:Page 1", "Not content.", ns=1)
    wiki.write("Old name", "#REDIRECT [[Page 1]]")
    wiki.clock.move(days=400)
    night = crawls.night(page_size=3)
    assert night.notes == []
    assert night.pages[0].native_account_id == "wiki.example.org/ harbor"
    assert night.pages[0].profile.display_name == "Harbor Wiki"
    assert set(night.posts) == {*(f"Page {number}" for number in range(7)), "File:Ward.png"}
    post = night.posts["Page 3"]
    assert (post.text, post.type, post.native_id, post.revision) == ("Words of 3.", PostType.PAGE, "4", "4")
    assert (post.posted_at_precision, post.edited_at) == (Precision.EXACT, None)
    assert night.posts["File:Ward.png"].media[0].native_key == "0" * 40
    assert set(crawls.night(namespaces=[1]).posts) == {"Talk:Page 1"}


def test_the_second_night_tells_what_changed_and_nothing_else(wiki, crawls):
    ids = {title: wiki.write(title, "as it was") for title in ("kept", "edited", "moved", "deleted", "back", "became redirect")}
    crawls.night()
    wiki.write("edited", "as it is")
    wiki.write("new", "a new page")
    wiki.move(ids["moved"], "moved away")
    wiki.delete(ids["deleted"])
    wiki.delete(ids["back"])
    wiki.restore(ids["back"])
    wiki.write("became redirect", "#REDIRECT [[kept]]")
    night = crawls.night()
    assert {title: post.text for title, post in night.posts.items()} == {
        "edited": "as it is",
        "new": "a new page",
        "moved away": "as it was",
        "back": "as it was",
    }
    assert night.posts["moved away"].native_id == str(ids["moved"])
    assert night.posts["edited"].edited_at is not None
    assert night.posts["edited"].posted_at is not None, "asked for, because its first revision is another one"
    gone = {native_id: (one.reason, one.definite, one.path) for native_id, one in night.gone.items()}
    assert gone == {
        str(ids["deleted"]): (GoneReason.DELETED, True, "log"),
        str(ids["became redirect"]): (GoneReason.RENAMED, True, "log"),
    }
    assert night.notes == []
    assert crawls.night().told == []


def test_an_edit_that_was_overwritten_is_told_before_the_page_as_it_stands(wiki, crawls):
    page = wiki.write("Flu clinic", "opens on Monday")
    crawls.night()
    wiki.write("Flu clinic", "names a patient")
    hidden = wiki.write("Flu clinic", "hidden by its editors")
    wiki.pages[hidden]["revisions"][-1][3] = True
    wiki.write("Flu clinic", "opens on Monday")
    night = crawls.night()
    assert [post.text for post in night.told] == ["names a patient", "opens on Monday"]
    assert {post.native_id for post in night.told} == {str(page)}
    assert len({id(next(p for p in night.pages if post in p.posts)) for post in night.told}) == 2, "each in a page of its own"


def test_what_was_overwritten_before_the_first_night_is_not_read(wiki, crawls):
    wiki.write("Flu clinic", "long ago")
    wiki.write("Flu clinic", "today")
    assert {post.text for post in crawls.night(days=0).told} == {"today"}


def test_changes_that_come_to_the_list_late_are_seen_and_none_is_told_twice(wiki, crawls):
    crawls.night()
    wiki.write("on time", "first")
    wiki.write("on time", "second")
    late = dict(wiki.lines[-1], pageid=0)
    assert [post.text for post in crawls.night(days=0.001).told] == ["first", "second"]
    late_id = wiki.write("late", "third", silently=True)
    wiki.lines.append(late | {"type": "new", "pageid": late_id, "revid": wiki.revision})
    assert [post.text for post in crawls.night(days=0.001).told] == ["third"]
    assert crawls.night(days=0.001).told == []


@pytest.mark.parametrize("killed_after", range(1, 12))
def test_killed_between_any_two_pages_of_the_first_night_nothing_is_lost(wiki, crawls, killed_after):
    wiki.page_cap = 2
    ids = {str(wiki.write(f"Page {number}", f"words {number}")) for number in range(9)}
    one = crawls.night(stop_after=killed_after)
    two = crawls.night()
    assert {post.native_id for post in (*one.told, *two.told)} == ids
    assert two.notes == []
    assert crawls.night().told == []


@pytest.mark.parametrize("killed_after", range(1, 9))
def test_killed_between_any_two_pages_of_a_later_night_nothing_is_lost(wiki, crawls, killed_after):
    wiki.page_cap = 3
    ids = [wiki.write(f"Page {number}", f"words {number}") for number in range(6)]
    crawls.night()
    for number in range(6):
        wiki.write(f"Page {number}", f"slip {number}")
        wiki.write(f"Page {number}", f"mended {number}")
    wiki.delete(ids[0])
    one = crawls.night(stop_after=killed_after)
    two = crawls.night()
    texts = {post.text for post in (*one.told, *two.told)}
    assert {f"slip {number}" for number in range(1, 6)} | {f"mended {number}" for number in range(1, 6)} <= texts
    assert str(ids[0]) in {**one.gone, **two.gone}
    assert [post.text for post in two.told if post.native_id == str(ids[5])][-1:] in (["mended 5"], [])
    assert crawls.night().told == []


def test_a_large_wiki_is_spread_over_nights(wiki, crawls):
    ids = {str(wiki.write(f"Page {number}", "words")) for number in range(20)}
    seen: set[str] = set()
    notes = []
    for _ in range(5):
        night = crawls.night(page_size=5, max_pages=3)
        seen |= {post.native_id for post in night.told}
        notes.append(night.notes)
    assert seen == ids
    assert notes[0] == ["page limit reached: the next crawl goes on here"]
    assert notes[-1] == []


def test_changes_are_limited_too_and_gone_on_with(wiki, crawls):
    crawls.night()
    for number in range(9):
        wiki.write(f"Page {number}", "words")
    wiki.page_cap = 3
    one, two = crawls.night(max_pages=2), crawls.night()
    assert one.notes == ["page limit reached: the next crawl goes on here"]
    assert len(one.posts) < 9
    assert len({**one.posts, **two.posts}) == 9
    assert two.notes == []


def test_all_pages_are_walked_again_once_in_a_while(wiki, crawls):
    wiki.write("told", "words")
    crawls.night()
    wiki.write("written by a script", "silent words", silently=True)
    assert crawls.night(days=2).told == []
    assert "written by a script" in crawls.night(days=29).posts
    assert crawls.night(days=2).told == []


def test_where_recent_changes_no_longer_reach_back_everything_is_read_anew_and_said_so(wiki, crawls):
    ids = {title: wiki.write(title, "as it was") for title in ("kept", "deleted")}
    crawls.night()
    wiki.write("kept", "as it is")
    wiki.delete(ids["deleted"])
    wiki.clock.move(days=20)
    wiki.recent_from = wiki.now
    night = crawls.night(days=1)
    assert night.posts["kept"].text == "as it is"
    assert night.gone[str(ids["deleted"])].path == "log"
    assert [note for note in night.notes if note.startswith(LOST)]
    again = crawls.night()
    assert (again.told, again.notes) == ([], [])


def test_recent_changes_that_still_reach_back_are_enough(wiki, crawls):
    wiki.write("kept", "as it was")
    crawls.night()
    wiki.write("kept", "as it is")
    night = crawls.night(days=20)
    assert [post.text for post in night.told] == ["as it is"]
    assert night.notes == []


def test_stored_pages_are_looked_up_by_id(wiki, crawls, due):
    ids = {title: wiki.write(title, "as it was") for title in ("same", "edited", "gone", "hidden", "leads away")}
    crawls.night()
    wiki.write("edited", "as it is", silently=True)
    wiki.write("leads away", "#REDIRECT [[same]]", silently=True)
    wiki.pages[ids["gone"]]["gone"] = True
    wiki.write("hidden", "by its editors", silently=True)
    wiki.pages[ids["hidden"]]["revisions"][-1][3] = True
    made = datetime(2026, 11, 1, tzinfo=UTC)
    known = [due(one, number, posted_at=made) for number, one in enumerate(ids.values(), 1)]
    night = crawls.night(*known, due("not an id"), due("0"))
    assert [(post.text, post.posted_at) for post in night.told] == [("as it is", made)]
    assert str(ids["same"]) in night.verified
    assert {one: (gone.reason, gone.definite, gone.path) for one, gone in night.gone.items()} == {
        str(ids["gone"]): (GoneReason.DELETED, True, "lookup"),
        str(ids["hidden"]): (GoneReason.REMOVED, True, "lookup"),
        str(ids["leads away"]): (GoneReason.RENAMED, True, "lookup"),
    }


def test_a_page_moved_out_of_the_content_is_followed_by_its_id(wiki, crawls, due):
    page = wiki.write("Draft", "words")
    crawls.night()
    wiki.move(page, "Talk:Draft", ns=1)
    assert set(crawls.night().posts) == {"Talk:Draft"}
    wiki.write("Talk:Draft", "more words", ns=1)
    assert [post.text for post in crawls.night(due(page, 1)).told] == ["more words"]


def test_each_question_is_charged_and_a_spent_budget_stops_the_crawl(wiki, crawls):
    for number in range(9):
        wiki.write(f"Page {number}", "words")
    one = crawls.night(meter=Purse(4), page_size=3)
    assert isinstance(one.error, BudgetExhausted)
    assert len(wiki.loopback.asked) == 4
    two = crawls.night(page_size=3)
    assert two.error is None
    assert len({**one.posts, **two.posts}) == 9


def test_no_editor_is_asked_for(wiki: Any, crawls: Any) -> None:
    wiki.write("Page", "words")
    crawls.night()
    wiki.write("Page", "other words")
    crawls.night()
    props = [value for asked in wiki.loopback.asked for name, value in asked.query.items() if name.endswith("prop")]
    assert props
    assert not [value for value in props if {"user", "userid", "comment"} & set(value.split("|"))]
