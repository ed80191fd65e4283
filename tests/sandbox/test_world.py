"""The invented world: enough of everything, named rightly, and nothing in it that could be somebody's."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from core.records import Kind
from nightrounds.platforms import nightly_platforms
from nightrounds.sandbox.platforms._x_objects import EDIT_WINDOW, EDITS
from nightrounds.sandbox.view import NIGHT_ONE, view_of
from nightrounds.sandbox.world import CATEGORIES, FOLDER, Edit, Expectation, State, World, WorldPost, load_world

WORLD = load_world()
POSTS = [post for _, post in WORLD.each_post()]
ALLOWED = {  # the kinds on which each rule may run at all
    "phi": set(Kind),
    "political": {Kind.OFFICIAL},
    "brand": {Kind.UNOFFICIAL, Kind.PERSONNEL},
    "disclaimer": {Kind.PERSONNEL},
    "affiliation": {Kind.PERSONNEL},
    "conduct": {Kind.OFFICIAL, Kind.PERSONNEL},
    "confidential": {Kind.OFFICIAL, Kind.PERSONNEL},
    "copyright": {Kind.OFFICIAL, Kind.PERSONNEL},
    "claims": {Kind.OFFICIAL, Kind.UNOFFICIAL},
}


def every_text() -> list[tuple[str, str]]:
    """(where, text) of everything that anybody wrote in this world."""
    found = [(a.key, text) for a in WORLD.accounts for text in (a.display_name, a.bio, a.link, a.location, a.handle)]
    for post in POSTS:
        found += [(post.id, text) for text in (post.title, post.text, *(picture.alt for picture in post.pictures))]
        found += [(post.id, text) for edit in post.edits for text in (edit.text, edit.title or "")]
        found += [(post.id, t.text) for t in (post.reply_to, post.quote, post.repost) if t and not isinstance(t, str)]
    return found


def test_there_is_enough_of_everything() -> None:
    assert len(WORLD.accounts) >= 14
    found = {(a.platform, a.kind) for a in WORLD.accounts}
    assert found >= {(p, k) for p in ("x", "facebook", "website") for k in Kind}
    assert found >= {(p, Kind.OFFICIAL) for p in nightly_platforms()}
    languages = Counter(post.lang for post in POSTS)
    assert len(POSTS) >= 220
    assert languages["es"] >= 40
    assert languages["en"] > len(POSTS) / 2
    assert len(languages) >= 4


def test_every_category_is_hit_and_most_posts_are_ordinary() -> None:
    hit = {(e.rule, e.category) for p in POSTS for e in (*p.expect, *(x for edit in p.edits for x in edit.expect))}
    hit |= {(e.rule, e.category) for account in WORLD.accounts for e in account.expect}
    wanted = {(rule, category) for rule, categories in CATEGORIES.items() for category in categories or {None}}
    assert hit == wanted
    assert sum(not post.expect and not post.protected for post in POSTS) > len(POSTS) / 2


def test_protected_posts_expect_nothing_but_phi() -> None:
    protected = [post for post in POSTS if post.protected]
    assert len(protected) >= 15
    assert {e.rule for post in protected for e in post.expect} == {"phi"}
    assert {a.kind for a, p in WORLD.each_post() if p.protected} == {Kind.PERSONNEL}


def test_a_rule_is_expected_only_where_it_may_run_and_says_why() -> None:
    for account, post in WORLD.each_post():
        for expectation in (*post.expect, *(e for edit in post.edits for e in edit.expect)):
            assert account.kind in ALLOWED[expectation.rule], post.id
            assert post.why or any(edit.why for edit in post.edits), post.id


def test_political_words_of_private_citizens_expect_nothing() -> None:
    names = re.compile(r"\bMoya\b|Rusterholz")
    private = [p for a, p in WORLD.each_post() if a.kind is Kind.PERSONNEL and names.search(p.text)]
    assert len(private) >= 4
    assert not any(post.expect for post in private)


def test_posts_lie_in_the_ten_weeks_before_and_edits_in_between() -> None:
    for post in POSTS:
        assert NIGHT_ONE - timedelta(weeks=10) <= post.at <= NIGHT_ONE + timedelta(days=1), post.id
        moments = [post.at, *(edit.at for edit in post.edits), *([post.deleted_at] if post.deleted_at else [])]
        assert moments == sorted(set(moments)), post.id


def test_the_nights_differ_as_promised() -> None:
    one, two = view_of(1), view_of(2)
    first = {shown.post.id: shown for account in WORLD.accounts for shown in one.posts(account)}
    second = {shown.post.id: shown for account in WORLD.accounts for shown in two.posts(account)}
    edited = {name for name in first.keys() & second.keys() if first[name].now != second[name].now}
    deleted, new = first.keys() - second.keys(), second.keys() - first.keys()
    assert len(edited) >= 6
    assert len(deleted) >= 5
    assert {WORLD.posts[name][0].platform for name in deleted} == set(nightly_platforms())
    assert len(new) >= 5
    assert any(second[name].now.expect and not first[name].now.expect for name in edited), "an edit adds PHI"
    assert any(first[name].now.expect and not second[name].now.expect for name in edited), "an edit removes PHI"
    states = Counter(two.standing(account).state for account in WORLD.accounts)
    assert states[State.PRIVATE] == 1
    assert states[State.SUSPENDED] == 1
    assert [a.handle for a in WORLD.accounts if two.standing(a).handle != a.handle] == ["marisol_pgy2"]
    assert {one.standing(account).state for account in WORLD.accounts} == {State.LIVE}


def test_x_keeps_to_its_own_rules() -> None:
    for account in WORLD.of("x"):
        assert re.fullmatch(r"[A-Za-z0-9_]{1,15}", account.handle), account.handle
        for post in account.posts:
            assert len(post.edits) <= EDITS
            assert all(edit.at - post.at <= EDIT_WINDOW for edit in post.edits), post.id
            assert not post.title, post.id


def test_a_post_answers_only_what_was_there_before() -> None:
    for account, post in WORLD.each_post():
        for target in (post.reply_to, post.quote, post.repost):
            if isinstance(target, str):
                other, answered = WORLD.posts[target]
                assert answered.at < post.at, post.id
                assert other.platform == account.platform, post.id


def test_website_articles_have_titles_and_own_addresses() -> None:
    for account in WORLD.of("website"):
        titles = [post.title for post in account.posts]
        assert all(titles), account.key
        assert len(set(titles)) == len(titles), account.key


def test_nothing_could_be_somebodys() -> None:
    for where, text in every_text():
        for number in re.findall(r"(?<![\d$,])(\d{3})[-. ](\d{3})[-. ](\d{4})(?!\d)", text):
            assert number[1] == "555", where
            assert "0100" <= number[2] <= "0199", where
        for number in re.findall(r"\b\d{3}-\d{2}-\d{4}\b", text):
            assert number == "219-09-9999", f"{where}: only the advertising specimen may stand here"
        for host in re.findall(r"(?:https?://|@)([\w-]+(?:\.[\w-]+)+)", text):
            assert host.endswith(".example"), where


def test_every_file_says_that_it_is_invented() -> None:
    files = sorted(FOLDER.rglob("*.yaml"))
    assert {path.stem for path in files} == {account.key for account in WORLD.accounts} | {
        account.platform for account in WORLD.accounts
    }
    for path in files:
        assert "nvented" in path.read_text(encoding="utf-8").splitlines()[0] + path.read_text(encoding="utf-8")[:200], path


@pytest.mark.parametrize(
    ("rule", "category"),
    [("phi", None), ("phi", "endorse"), ("gossip", None), ("claims", "missing")],
    ids=["no category", "another rule's", "no such rule", "a rule without categories"],
)
def test_a_wrong_expectation_is_refused(rule: str, category: str | None) -> None:
    with pytest.raises(ValidationError):
        Expectation(rule=rule, category=category)


def test_a_dangling_answer_is_refused() -> None:
    account = WORLD.accounts[0]
    post = WorldPost(id="one", at=datetime(2026, 11, 1, tzinfo=UTC), reply_to="nowhere")
    with pytest.raises(ValidationError, match="nowhere"):
        World(accounts=(account.model_copy(update={"posts": (post,)}),))


def test_two_posts_of_one_name_are_refused() -> None:
    post = WorldPost(id="one", at=datetime(2026, 11, 1, tzinfo=UTC))
    with pytest.raises(ValidationError, match="twice"):
        World(accounts=(WORLD.accounts[0].model_copy(update={"posts": (post, post)}),))


def test_an_edit_keeps_what_it_leaves_out() -> None:
    edit = Edit(at=datetime(2026, 11, 1, tzinfo=UTC), text="new words")
    assert edit.title is None
    assert edit.protected is None
