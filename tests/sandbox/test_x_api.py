"""The X stand-in answers as X does: validation, windows, pages, edits, problems, rate headers."""

from __future__ import annotations

import html
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from nightrounds.sandbox.platforms._x_objects import compose, cut, version_id, weight
from nightrounds.sandbox.platforms._x_vocabulary import POST, TWEET, spoken
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import NIGHT_ONE, view_of
from nightrounds.sandbox.world import load_world

ALL = "author_id,created_at,entities,note_tweet,referenced_tweets,in_reply_to_user_id,edit_history_tweet_ids,lang,attachments"


def id_of(x: httpx.Client, handle: str) -> str:
    return str(x.get(f"/2/users/by/username/{handle}").json()["data"]["id"])


def timeline(x: httpx.Client, handle: str, **query: Any) -> list[dict[str, Any]]:
    """All posts of a timeline, page by page."""
    posts, token = [], {}
    user = id_of(x, handle)
    while True:
        body = x.get(f"/2/users/{user}/tweets", params={"max_results": 100, **query, **token}).json()
        posts += body.get("data", [])
        if "next_token" not in body["meta"]:
            return posts
        token = {"pagination_token": body["meta"]["next_token"]}


def by_name(x: httpx.Client, name: str, version: int = -1, **query: str) -> dict[str, Any]:
    """The post that the world knows by that name."""
    shown = view_of(1).by_id[name]
    body = x.get("/2/tweets", params={"ids": version_id(shown, version), "tweet.fields": ALL, **query}).json()
    return dict(body["data"][0])


def test_a_wrong_token_is_a_401(sandbox: Sandbox, x: httpx.Client) -> None:
    for headers in ({"Authorization": "Bearer other"}, {"Authorization": ""}):
        answer = x.get("/2/users/by/username/deedee_nights", headers=headers)
        assert answer.status_code == 401
        assert answer.json()["title"] == "Unauthorized"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"max_results": "4"}, "max_results"),
        ({"max_results": "101"}, "max_results"),
        ({"max_results": "many"}, "max_results"),
        ({"tweet.fields": "created_at,colour"}, "tweet.fields"),
        ({"expansions": "author"}, "expansions"),
        ({"user.fields": "shoe_size"}, "user.fields"),
        ({"exclude": "likes"}, "exclude"),
        ({"since_id": "first"}, "since_id"),
        ({"start_time": "yesterday"}, "start_time"),
        ({"pagination_token": "made-up"}, "pagination_token"),
        ({"page": "2"}, "page"),
        ({"tweet.fields": "note_post"}, "tweet.fields"),
        ({"post.fields": "author_id"}, "post.fields"),
        ({"post.fields": "text", "expansions": "referenced_tweets.id"}, "expansions"),
        ({"tweet.fields": "text", "expansions": "referenced_posts"}, "expansions"),
        ({"tweet.fields": "text", "post.fields": "text"}, "tweet.fields"),
    ],
    ids=str,
)
def test_a_parameter_at_fault_is_named_in_a_400(x: httpx.Client, query: dict[str, str], parameter: str) -> None:
    answer = x.get("/2/users/1/tweets", params=query)
    assert answer.status_code == 400
    assert answer.json()["title"] == "Invalid Request"
    assert parameter in answer.json()["errors"][0]["parameters"]


@pytest.mark.parametrize("path", ["/2/users/by", "/2/users", "/2/tweets"])
def test_a_lookup_takes_one_to_a_hundred(x: httpx.Client, path: str) -> None:
    name = "usernames" if path.endswith("by") else "ids"
    for value in ("", ",".join(str(n) for n in range(101)), "not valid!"):
        assert x.get(path, params={name: value}).status_code == 400
    assert x.get(path, params={name: ",".join(str(n) for n in range(100))}).status_code == 200


def test_an_unknown_path_is_a_404_in_json(x: httpx.Client) -> None:
    assert x.get("/2/lists/1").status_code == 404
    assert x.get("/2/lists/1").json()["status"] == 404


def test_users_by_name_mixes_found_and_not_found(x: httpx.Client) -> None:
    body = x.get("/2/users/by", params={"usernames": "DEEDEE_nights,nobody_here"}).json()
    assert [user["username"] for user in body["data"]] == ["deedee_nights"]
    problem = body["errors"][0]
    assert (problem["resource_id"], problem["resource_type"]) == ("nobody_here", "user")
    assert problem["type"].endswith("resource-not-found")


def test_a_missing_user_is_200_with_a_problem_even_for_a_timeline(x: httpx.Client) -> None:
    for path in ("/2/users/1", "/2/users/1/tweets", "/2/users/by/username/nobody_here"):
        answer = x.get(path)
        assert answer.status_code == 200
        assert "data" not in answer.json()
        assert answer.json()["errors"][0]["title"] == "Not Found Error"


def test_default_fields_are_few(x: httpx.Client) -> None:
    user = id_of(x, "deedee_nights")
    old = x.get(f"/2/users/{user}/tweets", params={"tweet.fields": "id"}).json()["data"][0]
    new = x.get(f"/2/users/{user}/tweets", params={"post.fields": "id"}).json()["data"][0]
    assert set(old) == {"id", "text", "edit_history_tweet_ids"}
    assert set(new) == {"id", "text"}


def test_the_new_vocabulary_gives_names_by_expansion_only(x: httpx.Client) -> None:
    query = {"post.fields": "note_post,public_metrics", "expansions": "author_id,edit_history_post_ids,referenced_posts"}
    body = x.get(f"/2/users/{id_of(x, 'SinaiSandboxNY')}/tweets", params={"max_results": 100, **query}).json()
    post = body["data"][0]
    assert {"author_id", "edit_history_post_ids"} <= set(post)
    assert "repost_count" in post["public_metrics"]
    assert any("note_post" in post for post in body["data"])
    assert "posts" in body["includes"]
    assert "tweets" not in body["includes"]


def test_one_vocabulary_alone_refuses_the_other() -> None:
    with Sandbox(vocabulary="post") as sandbox:
        token = sandbox.platform_options()["x"]["bearer_token"]
        headers = {"Authorization": f"Bearer {token}"}
        old = httpx.get(f"{sandbox.urls['x']}/2/users/1/tweets?tweet.fields=text", headers=headers)
        new = httpx.get(f"{sandbox.urls['x']}/2/users/1/tweets?post.fields=text", headers=headers)
        assert (old.status_code, new.status_code) == (400, 200)
        assert new.json()["errors"][0]["type"].startswith("https://api.x.com/")
        assert sandbox.platform_options()["x"]["vocabulary"] == "post"


def test_a_request_is_read_in_its_own_words() -> None:
    assert spoken({"post.fields": "text"}, "both") is POST
    assert spoken({"expansions": "referenced_posts"}, "both") is POST
    assert spoken({"expansions": "author_id"}, "both") is TWEET
    assert spoken({"tweet.fields": "text", "expansions": "referenced_posts"}, "both") is TWEET


def test_pages_run_through_the_timeline_once(x: httpx.Client) -> None:
    small, large = timeline(x, "SinaiSandboxNY", max_results=5), timeline(x, "SinaiSandboxNY")
    assert small == large
    ids = [int(post["id"]) for post in small]
    assert ids == sorted(set(ids), reverse=True)
    account = next(a for a in load_world().accounts if a.handle == "SinaiSandboxNY")
    assert len(ids) == len(view_of(1).posts(account))


def test_a_page_may_hold_fewer_than_asked(x: httpx.Client) -> None:
    body = x.get(f"/2/users/{id_of(x, 'SinaiSandboxNY')}/tweets", params={"max_results": 100}).json()
    assert body["meta"]["result_count"] == len(body["data"]) == 20
    assert body["meta"]["newest_id"] == body["data"][0]["id"]
    assert body["meta"]["oldest_id"] == body["data"][-1]["id"]
    assert "next_token" in body["meta"]


def test_windows_by_id_exclude_their_ends_and_by_time_only_the_end(x: httpx.Client) -> None:
    every = timeline(x, "deedee_nights", **{"tweet.fields": "created_at"})
    ids = [post["id"] for post in every]
    assert [p["id"] for p in timeline(x, "deedee_nights", since_id=ids[3])] == ids[:3]
    assert [p["id"] for p in timeline(x, "deedee_nights", until_id=ids[3])] == ids[4:]
    at = every[3]["created_at"]
    assert [p["id"] for p in timeline(x, "deedee_nights", start_time=at)] == ids[:4]
    assert [p["id"] for p in timeline(x, "deedee_nights", end_time=at)] == ids[4:]
    assert timeline(x, "deedee_nights", since_id=ids[0]) == []


def test_an_empty_window_has_no_data(x: httpx.Client) -> None:
    user, newest = id_of(x, "deedee_nights"), timeline(x, "deedee_nights")[0]["id"]
    assert x.get(f"/2/users/{user}/tweets", params={"since_id": newest}).json() == {"meta": {"result_count": 0}}


def test_replies_and_reposts_can_be_left_out(x: httpx.Client) -> None:
    every = timeline(x, "SinaiSandboxNY", **{"tweet.fields": "referenced_tweets"})
    kinds = [{r["type"] for r in post.get("referenced_tweets", [])} for post in every]
    plain = timeline(x, "SinaiSandboxNY", exclude="replies,retweets")
    assert {"retweeted"} in kinds
    assert {"replied_to"} in kinds
    assert len(plain) == sum(not kind & {"retweeted", "replied_to"} for kind in kinds)


def test_ids_tell_the_time(x: httpx.Client) -> None:
    for post in timeline(x, "okonjo_em", **{"tweet.fields": "created_at"}):
        milliseconds = (int(post["id"]) >> 22) + 1_288_834_974_657
        assert datetime.fromisoformat(post["created_at"]).timestamp() == milliseconds / 1000


def test_links_are_shortened_and_told_in_entities(x: httpx.Client) -> None:
    post = by_name(x, "news-flu-clinics")
    url = post["entities"]["urls"][0]
    assert post["text"][url["start"] : url["end"]] == url["url"]
    assert len(url["url"]) == 23
    assert url["expanded_url"] == "https://news.sandbox.example/flu"
    tag = post["entities"]["hashtags"][0]
    assert post["text"][tag["start"] : tag["end"]] == "#FluSeason"
    assert "&amp;" in post["text"]
    assert "sites & mobile van" in html.unescape(post["text"])


def test_offsets_count_code_points_after_emoji_and_escapes() -> None:
    text, entities = compose("💙💙 a & b @deedee_nights #é1", link=str, user=lambda _: "7")
    mention, tag = entities["mentions"][0], entities["hashtags"][0]
    assert text[mention["start"] : mention["end"]] == "@deedee_nights"
    assert text[tag["start"] : tag["end"]] == "#é1"
    assert text.startswith("💙💙 a &amp; b")


@pytest.mark.parametrize(
    ("raw", "counted"),
    [("abc", 3), ("💙", 2), ("ñandú", 5), ("“x”", 3), ("see https://a.example/very/long/path/indeed", 27)],
    ids=["latin", "emoji", "accents", "curly quotes", "a link is 23"],
)
def test_length_is_weighted(raw: str, counted: int) -> None:
    assert weight(raw) == counted


def test_cutting_keeps_words_whole() -> None:
    assert cut("one two three four", 12) == "one two…"
    assert weight(cut("x" * 400, 140)) <= 140


def test_a_long_post_is_cut_and_whole_in_its_note(x: httpx.Client) -> None:
    post = by_name(x, "news-long-thread")
    assert post["text"][:40] == post["note_tweet"]["text"][:40]
    assert "…" in post["text"]
    assert post["note_tweet"]["text"].endswith("We will report again in March.")
    assert "…" not in post["note_tweet"]["text"]


def test_a_repost_is_cut_and_its_original_is_included(x: httpx.Client) -> None:
    shown = view_of(1).by_id["dee-retweet"]
    query = {
        "ids": version_id(shown, -1),
        "tweet.fields": ALL,
        "expansions": "referenced_tweets.id,referenced_tweets.id.author_id",
    }
    body = x.get("/2/tweets", params=query).json()
    post, original = body["data"][0], body["includes"]["tweets"][0]
    assert post["text"].startswith("RT @SinaiSandboxNY: ")
    assert post["referenced_tweets"] == [{"type": "retweeted", "id": original["id"]}]
    assert body["includes"]["users"][0]["username"] == "SinaiSandboxNY"


def test_an_answer_begins_with_the_handle_and_includes_what_it_answers(x: httpx.Client) -> None:
    shown = view_of(1).by_id["care-mother-baby"]
    query = {
        "ids": version_id(shown, -1),
        "tweet.fields": ALL,
        "expansions": "referenced_tweets.id,in_reply_to_user_id,entities.mentions.username",
    }
    body = x.get("/2/tweets", params=query).json()
    post = body["data"][0]
    assert post["text"].startswith("@jazlyn_ivette ")
    assert body["includes"]["tweets"][0]["text"].startswith("shoutout")
    assert body["includes"]["users"][0]["id"] == post["in_reply_to_user_id"] == post["entities"]["mentions"][0]["id"]


def test_an_answer_to_what_is_gone_has_a_problem_beside_it(x: httpx.Client) -> None:
    shown = view_of(1).by_id["care-review-gone"]
    body = x.get("/2/tweets", params={"ids": version_id(shown, -1), "expansions": "referenced_tweets.id"}).json()
    assert body["data"][0]["referenced_tweets"][0]["id"] == body["errors"][0]["resource_id"]
    assert body["errors"][0]["parameter"] == "referenced_tweets.id"


def test_pictures_come_with_their_descriptions(x: httpx.Client) -> None:
    shown = view_of(1).by_id["news-caption-or"]
    query = {"ids": version_id(shown, -1), "expansions": "attachments.media_keys", "media.fields": "alt_text,url"}
    body = x.get("/2/tweets", params=query).json()
    media = body["includes"]["media"][0]
    assert media["media_key"] in body["data"][0]["attachments"]["media_keys"]
    assert "KOWALCZYK" in media["alt_text"]
    assert body["data"][0]["text"].rsplit(" ", 1)[1].startswith("https://t.co/")


def test_an_edit_is_a_new_id_in_one_history(sandbox: Sandbox, x: httpx.Client) -> None:
    before = by_name(x, "dee-edit-phi")
    newest_seen = timeline(x, "deedee_nights")[0]["id"]
    sandbox.night = 2
    fresh = {post["id"]: post for post in timeline(x, "deedee_nights", since_id=newest_seen)}
    after = next(post for post in fresh.values() if post["edit_history_tweet_ids"][0] == before["id"])
    assert len(after["edit_history_tweet_ids"]) == 2
    assert after["id"] == after["edit_history_tweet_ids"][-1]
    assert "Delacroix" in after["text"]
    old = x.get("/2/tweets", params={"ids": before["id"], "tweet.fields": ALL}).json()["data"][0]
    assert old["text"] == before["text"]
    assert old["edit_history_tweet_ids"] == after["edit_history_tweet_ids"]
    versions = x.get(f"/2/tweets/{after['id']}", params={"expansions": "edit_history_tweet_ids"}).json()
    assert [tweet["id"] for tweet in versions["includes"]["tweets"]] == [before["id"]]


def test_a_deletion_is_told_by_id_and_takes_the_history_with_it(sandbox: Sandbox, x: httpx.Client) -> None:
    gone, alive = view_of(1).by_id["care-deleted"], view_of(1).by_id["care-hours"]
    ids = f"{version_id(gone, 0)},{version_id(alive, 0)},999"
    assert len(x.get("/2/tweets", params={"ids": ids}).json()["data"]) == 2
    sandbox.night = 2
    body = x.get("/2/tweets", params={"ids": ids}).json()
    assert [post["id"] for post in body["data"]] == [version_id(alive, 0)]
    assert {problem["resource_id"] for problem in body["errors"]} == {version_id(gone, 0), "999"}
    assert {problem["type"].rsplit("/", 1)[1] for problem in body["errors"]} == {"resource-not-found"}


def test_accounts_shut_and_renamed_on_night_two(sandbox: Sandbox, x: httpx.Client) -> None:
    ids = {handle: id_of(x, handle) for handle in ("hannah_b_queens", "MountSinaiHeIp", "marisol_pgy2")}
    pothos = version_id(view_of(1).by_id["hannah-pothos"], 0)
    sandbox.night = 2
    private = x.get(f"/2/users/{ids['hannah_b_queens']}", params={"user.fields": "protected"}).json()
    assert private["data"]["protected"] is True
    refused = x.get(f"/2/users/{ids['hannah_b_queens']}/tweets").json()["errors"][0]
    assert refused["type"].endswith("not-authorized-for-resource")
    assert x.get("/2/tweets", params={"ids": pothos}).json()["errors"][0]["title"] == "Authorization Error"
    suspended = x.get("/2/users/by/username/MountSinaiHeIp").json()["errors"][0]
    assert (suspended["title"], suspended["detail"]) == ("Forbidden", "User has been suspended: [MountSinaiHeIp].")
    assert "errors" in x.get("/2/users/by/username/marisol_pgy2").json()
    assert x.get(f"/2/users/{ids['marisol_pgy2']}").json()["data"]["username"] == "drmarisolvega"


def test_rate_limits_are_told_counted_and_kept(x: httpx.Client) -> None:
    with Sandbox() as fresh:
        headers = x.headers
        first = httpx.get(f"{fresh.urls['x']}/2/tweets/1", headers=headers).headers
        assert first["x-rate-limit-limit"] == "450"
        assert first["x-rate-limit-remaining"] == "449"
        assert int(first["x-rate-limit-reset"]) >= (NIGHT_ONE + timedelta(minutes=14)).timestamp()
        with httpx.Client(base_url=fresh.urls["x"], headers=headers) as client:
            answers = [client.get("/2/tweets/1").status_code for _ in range(450)]
            assert answers[:449] == [200] * 449
            assert answers[449] == 429
            assert client.get("/2/users/1").status_code == 200, "another endpoint has its own limit"
