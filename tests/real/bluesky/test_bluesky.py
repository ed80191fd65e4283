"""The Bluesky crawler against a real network: what is new, edited, deleted, answered and quoted, and accounts that are shut."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from atproto import client_utils, models

from core.errors import AccountNotFound, AccountPrivate, Blocked, CrawlError
from core.records import Account, Basis, CrawledPage, Cursor, Gone, GoneReason, Kind, KnownPost, Post, PostType, account_id
from core.seams import CrawlRequest
from crawlers.bluesky import BlueskyCrawler, BlueskyOptions

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("bluesky")]
_numbers = count(1)
_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "a5f645400000000049454e44ae426082"
)


@pytest.fixture
def member(bluesky: Any) -> Any:
    """A new account of the network."""
    return bluesky.join(f"harbor-clinic-{next(_numbers)}")


def crawl(
    network: Any,
    member: Any,
    cursor: Cursor | None = None,
    recheck: tuple[Post, ...] = (),
    kind: Kind = Kind.OFFICIAL,
    basis: Basis = Basis.OWNED,
    **options: Any,
) -> Iterator[CrawledPage]:
    now = datetime.now(UTC)
    account = Account(
        id=account_id("bluesky", member.handle),
        platform="bluesky",
        handle=member.handle,
        native_id=member.did if cursor else None,
        kind=kind,
        basis=basis,
        basis_recorded_by="test",
        basis_recorded_at=now,
    )
    due = tuple(
        KnownPost(native_id=p.native_id, url=p.url, revision=p.revision, posted_at=p.posted_at, last_verified_at=now)
        for p in recheck
    )
    crawler = BlueskyCrawler(BlueskyOptions(**{**network.options, **options}), clock=lambda: datetime.now(UTC))
    try:
        yield from crawler.crawl(CrawlRequest(account=account, cursor=cursor, recheck=due))
    finally:
        crawler.close()


class Night:
    """One crawl, once the network has settled, and what it came to."""

    def __init__(self, network: Any, *given: Any, **options: Any) -> None:
        network.settle()
        self.pages = list(crawl(network, *given, **options))
        self.posts: dict[str, Post] = {}
        for post in (post for page in self.pages for post in page.posts):
            known = self.posts.get(post.native_id)
            if known is None or known.content() != post.content():  # storage keeps the first sighting of a revision too
                self.posts[post.native_id] = post
        self.gone = {gone.native_id: gone for page in self.pages for gone in page.gone}
        self.verified = {native_id for page in self.pages for native_id in page.verified}
        self.cursor = next(page.cursor for page in reversed(self.pages) if page.cursor)
        self.notes = [page.note for page in self.pages if page.note]


def test_the_network_listens_on_this_machine_alone(bluesky: Any) -> None:
    process = Path("/proc") / str(bluesky.process.pid)
    sockets = {str(one.readlink()) for one in (process / "fd").iterdir() if one.is_symlink()}
    lines = [line.split() for name in ("tcp", "tcp6") for line in (process / "net" / name).read_text().splitlines()[1:]]
    listening = [line[1].split(":")[0] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in sockets]
    assert len(listening) >= 3
    assert set(listening) == {"0100007F"}  # 127.0.0.1


def test_several_nights(bluesky: Any, member: Any) -> None:
    member.describe("Harbor Clinic", "The clinic by the harbor.")
    hours = member.post("Visiting hours are 9 to 5.", langs=["en-US"])
    clinic = member.post("La clínica de gripe abre el lunes.", langs=["es"])
    soup = member.post("The soup kitchen is back.")

    one = Night(bluesky, member)
    assert set(one.posts) == {hours, clinic, soup}
    first = one.pages[0]
    assert first.profile
    assert (first.native_account_id, first.handle) == (member.did, member.handle)
    assert (first.profile.display_name, first.profile.bio) == ("Harbor Clinic", "The clinic by the harbor.")
    post = one.posts[hours]
    assert (post.text, post.lang, post.type) == ("Visiting hours are 9 to 5.", "en", PostType.NOTE)
    assert one.posts[clinic].lang == "es"
    assert post.posted_at
    assert abs(post.posted_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert one.notes == []

    again = Night(bluesky, member, one.cursor)
    assert (again.posts, again.gone, again.notes) == ({}, {}, [])

    member.edit(clinic, "La clínica de gripe abre el martes.")
    member.client.delete_post(soup)
    news = member.post("The ward is open again.")
    two = Night(bluesky, member, one.cursor, tuple(one.posts.values()))
    assert two.posts[clinic].text == "La clínica de gripe abre el martes."
    assert two.posts[clinic].revision != one.posts[clinic].revision
    assert two.posts[clinic].posted_at == one.posts[clinic].posted_at
    assert two.posts[hours].revision == post.revision
    assert news in two.posts
    assert two.gone == {soup: Gone(native_id=soup, reason=GoneReason.DELETED, definite=True, path="record")}
    assert two.notes == []


def test_answers_quotes_reposts_pictures_and_links(bluesky: Any, member: Any) -> None:
    other = bluesky.join(f"ferry-line-{next(_numbers)}")
    asked = other.client.send_post("Is the clinic open on Sunday?")
    strong = models.create_strong_ref(asked)
    answer = member.post("It is.", reply_to=models.AppBskyFeedPost.ReplyRef(parent=strong, root=strong))
    quote = member.post("Good question.", embed=models.AppBskyEmbedRecord.Main(record=strong))
    repost = str(member.client.repost(asked.uri, asked.cid).uri)
    picture = str(member.client.send_image("Our new door.", _PICTURE, "A closed ward door").uri)
    tip = atproto_link("See the opening hours.", "opening hours", "https://harbor.example/hours?day=sunday")
    link = member.post(tip)

    night = Night(bluesky, member)
    assert set(night.posts) == {answer, quote, repost, picture, link}
    assert night.notes == []
    told = night.posts[answer].in_reply_to
    assert told
    assert (told.native_id, told.text, told.available) == (asked.uri, "Is the clinic open on Sunday?", True)
    quoted = night.posts[quote].quote_of
    assert quoted
    assert (quoted.native_id, quoted.text) == (asked.uri, "Is the clinic open on Sunday?")
    assert night.posts[repost].type is PostType.REPOST
    assert night.posts[repost].text == "Is the clinic open on Sunday?"
    (media,) = night.posts[picture].media
    assert (media.kind, media.alt_text) == ("image", "A closed ward door")
    assert media.url.startswith(bluesky.options["rebase"].popitem()[0])
    assert night.posts[link].links == ("https://harbor.example/hours?day=sunday",)

    other.client.delete_post(asked.uri)
    member.client.unrepost(repost)
    later = member.post("Still open.", reply_to=models.AppBskyFeedPost.ReplyRef(parent=strong, root=strong))
    two = Night(bluesky, member, night.cursor, tuple(night.posts.values()))
    told = two.posts[later].in_reply_to
    assert told
    assert (told.text, told.available) == ("", False)
    assert set(two.gone) == {repost}


def atproto_link(words: str, marked: str, address: str) -> Any:
    before, after = words.split(marked)
    return client_utils.TextBuilder().text(before).link(marked, address).text(after)


def many_posts(member: Any, count: int) -> set[str]:
    """Many posts in one commit; returns their addresses."""
    made = set()
    for start in range(0, count, 100):
        writes = [
            models.ComAtprotoRepoApplyWrites.Create(
                collection="app.bsky.feed.post",
                value=models.AppBskyFeedPost.Record(text=f"Number {n}.", created_at=datetime.now(UTC).isoformat()),
            )
            for n in range(start, min(start + 100, count))
        ]
        data = models.ComAtprotoRepoApplyWrites.Data(repo=member.did, writes=writes)
        made |= {str(one.uri) for one in member.client.com.atproto.repo.apply_writes(data).results}
    return made


def test_a_crawl_that_was_cut_short_goes_on_where_it_stopped(bluesky: Any, member: Any) -> None:
    made = many_posts(member, 230)
    bluesky.settle()
    pages = list(crawl(bluesky, member))
    assert {post.native_id for page in pages for post in page.posts} == made
    assert len([page for page in pages if page.posts]) == 3
    for cut in range(1, len(pages)):
        kept = {post.native_id for page in pages[:cut] for post in page.posts}
        cursor = next((page.cursor for page in reversed(pages[:cut]) if page.cursor), None)
        rest = {post.native_id for page in crawl(bluesky, member, cursor) for post in page.posts}
        assert kept | rest == made, cut


def test_where_the_repository_may_not_be_asked_the_feed_is_read_and_said_so(bluesky: Any, member: Any) -> None:
    made = many_posts(member, 120)
    deleted = member.post("The soup kitchen is back.")
    one = Night(bluesky, member, rebase={})
    assert set(one.posts) == {*made, deleted}
    assert any("repository not read" in note for note in one.notes)
    assert "harbor" not in " ".join(one.notes)

    edited = min(made)
    member.edit(edited, "The flu clinic opens Tuesday.")
    member.client.delete_post(deleted)
    due = tuple(post for post in one.posts.values() if post.native_id in {deleted, edited})
    two = Night(bluesky, member, one.cursor, due, rebase={})
    assert two.posts[edited].text == "The flu clinic opens Tuesday."
    assert set(two.gone) == {deleted}
    assert not two.gone[deleted].definite


def test_a_renamed_account_is_found_by_its_did(bluesky: Any, member: Any) -> None:
    address = member.post("The ward is open.")
    one = Night(bluesky, member)
    member.rename(f"harbor-hospital-{next(_numbers)}.test")
    two = Night(bluesky, member, one.cursor, tuple(one.posts.values()))
    assert two.pages[0].handle == member.handle
    assert two.pages[0].native_account_id == member.did
    assert set(two.posts) | two.verified == {address}
    assert two.gone == {}


def failure(network: Any, *given: Any) -> CrawlError:
    network.settle()
    with pytest.raises(CrawlError) as caught:
        list(crawl(network, *given))
    return caught.value


def test_shut_accounts_are_named_for_what_they_are_and_bury_nothing(bluesky: Any, member: Any) -> None:
    address = member.post("The ward is open.")
    one = Night(bluesky, member)
    known = tuple(one.posts.values())

    member.client.com.atproto.server.deactivate_account(models.ComAtprotoServerDeactivateAccount.Data())
    deactivated = failure(bluesky, member, one.cursor, known)
    assert isinstance(deactivated, AccountPrivate)
    assert "deactivated" in str(deactivated)
    member.client.com.atproto.server.activate_account()
    assert address in Night(bluesky, member, one.cursor, known).posts

    bluesky.moderate(member.did, taken_down=True)
    taken_down = failure(bluesky, member, one.cursor, known)
    assert isinstance(taken_down, CrawlError)
    assert "taken down" in str(taken_down)
    bluesky.moderate(member.did, taken_down=False)
    assert address in Night(bluesky, member, one.cursor, known).posts


def test_accounts_that_are_not_there(bluesky: Any, member: Any) -> None:
    member.handle = "nobody-has-this.test"
    assert isinstance(failure(bluesky, member), AccountNotFound)
    member.handle = "no handle"
    assert isinstance(failure(bluesky, member), AccountNotFound)


def test_an_author_who_asks_not_to_be_shown_without_a_login(bluesky: Any, member: Any) -> None:
    member.post("The ward is open.")
    labels = models.ComAtprotoLabelDefs.SelfLabels(values=[models.ComAtprotoLabelDefs.SelfLabel(val="!no-unauthenticated")])
    profile = models.AppBskyActorProfile.Record(display_name="Harbor Clinic", labels=labels)
    member.client.com.atproto.repo.put_record(
        models.ComAtprotoRepoPutRecord.Data(repo=member.did, collection="app.bsky.actor.profile", rkey="self", record=profile)
    )
    assert len(Night(bluesky, member).posts) == 1  # the institution's own account
    with pytest.raises(Blocked):
        list(crawl(bluesky, member, kind=Kind.PERSONNEL, basis=Basis.SELF_DISCLOSED))
