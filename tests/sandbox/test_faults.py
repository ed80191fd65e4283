"""Each fault looks as it does on the platform, is laid where it was asked for, and goes when it is told to."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from nightrounds.sandbox.faults import KINDS
from nightrounds.sandbox.front import HUGE_BODY
from nightrounds.sandbox.platforms._graph_objects import id_of_post
from nightrounds.sandbox.platforms._x_objects import version_id
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of

X = "/2/users/by/username/deedee_nights"
GRAPH = "/v26.0/SinaiSandboxHealth/published_posts"
STAFF = {"Host": "staff-blog.sandbox.example"}


@pytest.fixture
def clients(x: httpx.Client, graph: httpx.Client, web: httpx.Client) -> dict[str, httpx.Client]:
    web.headers.update(STAFF)
    return {"x": x, "facebook": graph, "website": web}


PATHS = {"x": X, "facebook": GRAPH, "website": "/atom.xml"}
ANSWERS = {  # (platform, kind): status, and a word that its body holds
    ("x", "rate_limit"): (429, "Too Many Requests"),
    ("x", "rate_limit_no_reset"): (429, "Too Many Requests"),
    ("x", "token_dead"): (401, "Unauthorized"),
    ("x", "permission"): (403, "client-not-enrolled"),
    ("x", "server_error"): (503, "Service Unavailable"),
    ("x", "transient_once"): (503, "Service Unavailable"),
    ("x", "html_error"): (502, "<html>"),
    ("x", "usage_capped"): (429, "usage-capped"),
    ("x", "not_found"): (200, "resource-not-found"),
    ("facebook", "rate_limit"): (400, '"code":80001'),
    ("facebook", "rate_limit_no_reset"): (403, '"code":4'),
    ("facebook", "token_dead"): (400, '"error_subcode":463'),
    ("facebook", "permission"): (403, '"code":10'),
    ("facebook", "server_error"): (500, '"is_transient":true'),
    ("facebook", "transient_once"): (500, '"is_transient":true'),
    ("facebook", "html_error"): (502, "<html>"),
    ("facebook", "not_found"): (404, '"code":803'),
    ("facebook", "private"): (404, '"code":803'),
    ("website", "rate_limit"): (429, "Too Many Requests"),
    ("website", "rate_limit_no_reset"): (429, "Too Many Requests"),
    ("website", "permission"): (403, "Forbidden"),
    ("website", "server_error"): (503, "Service Unavailable"),
    ("website", "transient_once"): (503, "Service Unavailable"),
    ("website", "html_error"): (502, "<html>"),
    ("website", "not_found"): (404, "Not Found"),
    ("website", "private"): (401, "log in"),
}
SPOILING = {"truncated_json", "slow_body", "huge_body"}


def test_no_fault_is_left_out() -> None:
    impossible = {("facebook", "usage_capped"), ("website", "usage_capped"), ("website", "token_dead")}
    every = {(platform, kind) for platform in PATHS for kind in KINDS - SPOILING}
    assert every - impossible - set(ANSWERS) == {("x", "private")}, "tested below: the user is seen, the timeline is not"


@pytest.mark.parametrize(("platform", "kind"), ANSWERS, ids=lambda value: value)
def test_a_fault_looks_like_the_platforms_own(
    sandbox: Sandbox, clients: dict[str, httpx.Client], platform: str, kind: str
) -> None:
    status, word = ANSWERS[platform, kind]
    sandbox.fault(platform, None, kind)
    answer = clients[platform].get(PATHS[platform])
    assert answer.status_code == status
    assert word in answer.text
    for other in PATHS.keys() - {platform}:
        assert clients[other].get(PATHS[other]).status_code == 200, "other platforms are well"
    sandbox.clear_faults()
    assert clients[platform].get(PATHS[platform]).status_code == 200
    assert word not in clients[platform].get(PATHS[platform]).text


def test_a_rate_limit_tells_when_it_ends_or_does_not(sandbox: Sandbox, clients: dict[str, httpx.Client]) -> None:
    for platform in PATHS:
        sandbox.fault(platform, None, "rate_limit", times=1)
        sandbox.fault(platform, None, "rate_limit_no_reset", times=1)
    told, untold = (clients["x"].get(X).headers for _ in range(2))
    assert int(told["x-rate-limit-reset"]) - sandbox.clock()().timestamp() == pytest.approx(900, abs=5)
    assert "x-rate-limit-reset" not in untold
    told, untold = (clients["facebook"].get(GRAPH).headers for _ in range(2))
    usage = json.loads(told["x-business-use-case-usage"])
    assert next(iter(usage.values()))[0]["estimated_time_to_regain_access"] == 15
    assert "x-business-use-case-usage" not in untold
    told, untold = (clients["website"].get("/atom.xml").headers for _ in range(2))
    assert told["retry-after"] == "900"
    assert "retry-after" not in untold


def test_a_private_x_account_is_seen_but_not_read(sandbox: Sandbox, x: httpx.Client) -> None:
    user = x.get(X).json()["data"]["id"]
    sandbox.fault("x", "deedee_nights", "private")
    assert x.get(f"/2/users/{user}", params={"user.fields": "protected"}).json()["data"]["protected"] is True
    assert x.get(f"/2/users/{user}/tweets").json()["errors"][0]["title"] == "Authorization Error"


def test_a_fault_on_one_account_leaves_the_others_alone(sandbox: Sandbox, clients: dict[str, httpx.Client]) -> None:
    sandbox.fault("x", "DeeDee_Nights", "server_error")
    sandbox.fault("facebook", "SinaiSandboxHeart", "permission")
    sandbox.fault("website", "http://news.sandbox.example/", "html_error")
    x, graph, web = clients["x"], clients["facebook"], clients["website"]
    post = version_id(view_of(1).by_id["dee-cone"], 0)
    assert x.get(X).status_code == 503
    assert x.get("/2/tweets", params={"ids": f"1,{post}"}).status_code == 503, "known by its posts too"
    assert x.get("/2/users/by", params={"usernames": "okonjo_em,deedee_nights"}).status_code == 503
    assert x.get("/2/users/by/username/okonjo_em").status_code == 200
    assert graph.get(f"/v26.0/{id_of_post(view_of(1).by_id['fbt-salt'])}").status_code == 403
    assert graph.get(GRAPH).status_code == 200
    assert web.get("/feed/", headers={"Host": "news.sandbox.example"}).status_code == 502
    assert web.get("/atom.xml").status_code == 200


def test_one_missing_account_of_a_batch_does_not_hide_the_others(sandbox: Sandbox, x: httpx.Client) -> None:
    sandbox.fault("x", "deedee_nights", "not_found")
    body = x.get("/2/users/by", params={"usernames": "okonjo_em,deedee_nights"}).json()
    assert [user["username"] for user in body["data"]] == ["okonjo_em"]
    assert body["errors"][0]["resource_id"] == "deedee_nights"


@pytest.mark.parametrize("kind", ["server_error", "not_found"])
def test_a_fault_lasts_as_often_as_it_was_told(sandbox: Sandbox, x: httpx.Client, kind: str) -> None:
    sandbox.fault("x", None, kind, times=2)
    good = ["data" in answer.json() for answer in (x.get(X) for _ in range(4))]
    assert good == [False, False, True, True]


def test_transient_once_happens_once(sandbox: Sandbox, graph: httpx.Client) -> None:
    sandbox.fault("facebook", None, "transient_once")
    assert [graph.get(GRAPH).status_code for _ in range(3)] == [500, 200, 200]


@pytest.mark.parametrize("platform", ["x", "facebook"])
def test_truncated_json_is_cut_but_whole_on_the_wire(sandbox: Sandbox, clients: dict[str, httpx.Client], platform: str) -> None:
    whole = clients[platform].get(PATHS[platform])
    sandbox.fault(platform, None, "truncated_json")
    cut = clients[platform].get(PATHS[platform])
    assert cut.status_code == 200
    assert int(cut.headers["content-length"]) == len(cut.content) == len(whole.content) // 2
    with pytest.raises(json.JSONDecodeError):
        cut.json()


def test_a_slow_body_comes_whole_but_late(sandbox: Sandbox, x: httpx.Client) -> None:
    whole = x.get(X).json()
    sandbox.fault("x", None, "slow_body")
    sandbox.slow_for_s = 0.4
    slow = x.get(X)
    assert slow.json() == whole
    assert slow.elapsed.total_seconds() >= 0.2
    sandbox.slow_for_s = 30.0
    with pytest.raises(httpx.ReadTimeout):
        x.get(X, timeout=0.2)


@pytest.mark.parametrize("platform", PATHS)
def test_a_huge_body_has_no_length_and_no_end_in_sight(
    sandbox: Sandbox, clients: dict[str, httpx.Client], platform: str
) -> None:
    sandbox.fault(platform, None, "huge_body")
    taken = 0
    with clients[platform].stream("GET", PATHS[platform]) as answer:
        assert answer.status_code == 200
        assert "content-length" not in answer.headers
        for chunk in _bounded(answer.iter_bytes()):
            taken += len(chunk)
    assert taken > 4 * 2**20
    assert HUGE_BODY > 64 * 2**20


def _bounded(chunks: Iterator[bytes]) -> Iterator[bytes]:
    taken = 0
    for chunk in chunks:
        taken += len(chunk)
        yield chunk
        if taken > 4 * 2**20:
            return


@pytest.mark.parametrize(
    ("platform", "handle", "kind", "times"),
    [
        ("friendster", None, "server_error", None),
        ("x", None, "gremlins", None),
        ("x", "nobody_here", "server_error", None),
        ("x", None, "server_error", 0),
        ("facebook", None, "usage_capped", None),
        ("website", None, "token_dead", None),
    ],
)
def test_an_impossible_fault_is_refused(
    sandbox: Sandbox, platform: str, handle: str | None, kind: str, times: int | None
) -> None:
    with pytest.raises(ValueError, match=r"."):
        sandbox.fault(platform, handle, kind, times)
