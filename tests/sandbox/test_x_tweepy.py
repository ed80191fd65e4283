"""tweepy itself, pointed at the X stand-in."""

from __future__ import annotations

import pytest
import tweepy
from rebased import Rebase

from nightrounds.sandbox.platforms._x_objects import version_id
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of


@pytest.fixture
def client(sandbox: Sandbox) -> tweepy.Client:
    client = tweepy.Client(bearer_token=sandbox.platform_options()["x"]["bearer_token"])
    client.session.mount("https://api.twitter.com/", Rebase("https://api.twitter.com", sandbox.urls["x"]))
    return client


def test_tweepy_pages_through_a_timeline(client: tweepy.Client) -> None:
    user = client.get_user(username="SinaiSandboxNY", user_fields=["public_metrics", "created_at"]).data
    fields = ["created_at", "note_tweet", "entities", "referenced_tweets"]
    pages = list(
        tweepy.Paginator(
            client.get_users_tweets, user.id, max_results=5, limit=50, tweet_fields=fields, expansions=["author_id"]
        )
    )
    tweets = [tweet for page in pages for tweet in page.data]
    account = next(standing.account for standing in view_of(1).accounts("x") if standing.handle == "SinaiSandboxNY")
    assert [str(tweet.id) for tweet in tweets] == [version_id(shown, -1) for shown in view_of(1).posts(account)]
    assert {len(page.data) for page in pages[:-1]} == {5}
    assert all(tweet.author_id == user.id for tweet in tweets)
    assert any("note_tweet" in tweet.data for tweet in tweets)


def test_tweepy_reads_problems_about_single_posts(client: tweepy.Client, sandbox: Sandbox) -> None:
    sandbox.night = 2
    ids = [version_id(view_of(1).by_id[name], 0) for name in ("care-deleted", "care-hours")]
    answer = client.get_tweets(ids)
    assert [str(tweet.id) for tweet in answer.data] == [ids[1]]
    assert [problem["resource_id"] for problem in answer.errors] == [ids[0]]


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("token_dead", tweepy.Unauthorized),
        ("permission", tweepy.Forbidden),
        ("rate_limit", tweepy.TooManyRequests),
        ("rate_limit_no_reset", tweepy.TooManyRequests),
        ("usage_capped", tweepy.TooManyRequests),
        ("server_error", tweepy.TwitterServerError),
        ("html_error", tweepy.TwitterServerError),
    ],
)
def test_tweepy_raises_its_own_errors(client: tweepy.Client, sandbox: Sandbox, kind: str, error: type[Exception]) -> None:
    sandbox.fault("x", None, kind)
    with pytest.raises(error):
        client.get_user(username="deedee_nights")
