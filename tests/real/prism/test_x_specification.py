"""The X crawler against a server made from X's published specification: every question is one that it allows, and no answer
that it allows makes anything but pages or an error of ours."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from core.errors import AuthError, CrawlError, Outdated
from core.records import Account, Basis, Kind, KnownPost, account_id
from core.seams import CrawlRequest
from crawlers._x.client import XClient
from crawlers.x_timelines import XCrawler, XOptions

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("prism")]
VOCABULARIES = ["tweet", "post"]
ACCOUNT = "2244994945"
IDS = [str(1_300_000_000_000_000_000 + n) for n in range(100)]
QUESTIONS: dict[str, Callable[[XClient], object]] = {
    "user by handle": lambda x: x.user_by_handle("HarborClinic"),
    "user by id": lambda x: x.user_by_id(ACCOUNT),
    "timeline": lambda x: x.timeline(ACCOUNT),
    "timeline, on from a page": lambda x: x.timeline(ACCOUNT, pagination_token="7140dibdnow9c7btw482lc6ta0mlm4kuaf4g"),
    "timeline, since an id": lambda x: x.timeline(ACCOUNT, since_id=IDS[0], until_id=IDS[1], exclude="replies"),
    "timeline, since a time": lambda x: x.timeline(ACCOUNT, start_time="2026-11-01T00:00:00Z"),
    "a post": lambda x: x.posts(IDS[:1]),
    "as many posts as there may be": lambda x: x.posts(IDS),
}


@pytest.fixture
def make_client() -> Iterator[Callable[..., XClient]]:
    clients: list[XClient] = []

    def make(url: str, vocabulary: Any) -> XClient:
        options = {"timeout": 60.0, "clock": lambda: datetime.now(UTC), "sleep": lambda _: None}
        clients.append(XClient(bearer_token="a-token", base_url=url, vocabulary=vocabulary, **options))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def listen(client: XClient, answers: list[requests.Response]) -> None:
    client._session.hooks["response"].append(lambda response, *_args, **_more: answers.append(response))


def violations(answer: requests.Response) -> list[dict[str, Any]]:
    """What Prism found against the question, and against its own invented answer."""
    return json.loads(answer.headers.get("sl-violations", "[]"))


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_is_allowed(question: str, vocabulary: str, x_by_prism: Any, make_client: Any) -> None:
    client = make_client(x_by_prism(vocabulary), vocabulary)
    answers: list[requests.Response] = []
    listen(client, answers)
    QUESTIONS[question](client)
    assert [answer.status_code for answer in answers] == [200]
    assert [one for one in violations(answers[0]) if one["location"][0] == "request"] == []


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_the_other_vocabulary_is_refused_and_named(vocabulary: str, x_by_prism: Any, make_client: Any) -> None:
    other = next(one for one in VOCABULARIES if one != vocabulary)
    with pytest.raises(Outdated):
        make_client(x_by_prism(vocabulary), other).timeline(ACCOUNT)


@pytest.mark.parametrize("body", ["static", "dynamic"])
@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_no_allowed_answer_breaks_a_crawl(vocabulary: Any, body: str, x_by_prism: Any) -> None:
    now = datetime.now(UTC)
    account = Account(
        id=account_id("x", "HarborClinic"),
        platform="x",
        handle="HarborClinic",
        kind=Kind.OFFICIAL,
        basis=Basis.OWNED,
        basis_recorded_by="test",
        basis_recorded_at=now,
    )
    due = tuple(KnownPost(native_id=one, url="", revision=one, posted_at=now, last_verified_at=now) for one in IDS[:3])
    options = XOptions(bearer_token="a-token", base_url=x_by_prism(vocabulary), vocabulary=vocabulary, max_pages=3)
    seen: Counter[str] = Counter()
    for _ in range(1 if body == "static" else 6):
        crawler = XCrawler(options, clock=lambda: now, sleep=lambda _: None)
        answers: list[requests.Response] = []
        listen(crawler._client, answers)
        crawler._client._session.headers["Prefer"] = f"dynamic={str(body == 'dynamic').lower()}"
        try:
            for page in crawler.crawl(CrawlRequest(account=account, recheck=due)):
                seen["pages"] += 1
                seen["posts"] += len(page.posts)
                seen["limited"] += "page limit reached" in page.note
                assert page.raw
                assert all(post.native_id.isdigit() and isinstance(post.text, str) for post in page.posts)
        except CrawlError as error:
            seen["refused"] += isinstance(error, Outdated | AuthError)
            seen["errors"] += 1
        except Exception as error:
            error.add_note(f"the last answer was: {answers[-1].text[:20_000]}")
            raise
        finally:
            crawler.close()
        timelines = [answer for answer in answers if answer.url and "/tweets?" in answer.url and "/users/" in answer.url]
        assert len(timelines) <= 3, "the pages of these answers never end; the limit ends them"
        assert all(answer.status_code == 200 for answer in answers)
        seen["timelines"] += len(timelines)
    print(dict(seen))
    assert (seen["refused"], seen["timelines"] > 0) == (0, True)
    if body == "dynamic":  # enough of them can be read for this to say something
        assert seen["posts"] > 0
        assert seen["limited"] > 0
