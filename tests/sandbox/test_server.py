"""The sandbox as a whole: what it hands out, its clock, its steering by HTTP, and running in the foreground."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from core.records import Kind, account_id
from core.settings import Settings
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import NIGHT_ONE, night_starts

ROOT = Path(__file__).resolve().parents[2]


def test_it_listens_on_loopback_only_and_lets_go(sandbox: Sandbox) -> None:
    with Sandbox() as other:
        origins = [other.urls["x"], other.urls["facebook"], other.urls["website"]]
        assert len(set(origins)) == 3
        assert all(re.fullmatch(r"http://127\.0\.0\.1:\d+", origin) for origin in origins)
        assert httpx.get(f"{other.urls['x']}/_sandbox").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{origins[0]}/_sandbox")
    alive = [thread for thread in threading.enumerate() if thread.name == "sandbox"]
    assert len(alive) == 1, "the module's own"


def test_a_taken_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"), Sandbox(port=port):
            pass


def test_accounts_are_those_of_the_first_night(sandbox: Sandbox) -> None:
    sandbox.night = 2
    accounts = {account.handle: account for account in sandbox.accounts()}
    assert "marisol_pgy2" in accounts
    dee = accounts["deedee_nights"]
    assert (dee.id, dee.kind, dee.native_id) == (account_id("x", "deedee_nights"), Kind.PERSONNEL, None)
    assert dee.profile.bio == ""
    assert "http://staff-blog.sandbox.example/" in accounts


def test_options_fit_the_settings(sandbox: Sandbox) -> None:
    platforms = Settings(platforms=sandbox.platform_options()).platforms
    assert set(platforms["x"]) == {"bearer_token", "base_url", "vocabulary"}
    assert set(platforms["facebook"]) == {"access_token", "base_url"}
    assert platforms["website"]["rebase"]["http://staff-blog.sandbox.example"] == sandbox.urls["website"]
    assert platforms["website"]["delay"] == 0


def test_the_clock_runs_from_the_night(sandbox: Sandbox) -> None:
    clock = sandbox.clock()
    first = clock()
    assert first.tzinfo is UTC
    assert 0 <= (first - NIGHT_ONE).total_seconds() < 60
    assert clock() > first
    sandbox.night = 2
    assert 0 <= (clock() - night_starts(2)).total_seconds() < 60
    stamp = httpx.get(f"{sandbox.urls['website']}/").headers["date"]
    assert parsedate_to_datetime(stamp).date() == night_starts(2).date()


@pytest.mark.parametrize("night", [0, 3])
def test_there_are_two_nights(sandbox: Sandbox, night: int) -> None:
    with pytest.raises(ValueError, match="two nights"):
        sandbox.night = night


def test_what_is_expected_follows_the_night(sandbox: Sandbox) -> None:
    one, two = ({e.post: e for e in sandbox.expected(night) if e.post} for night in (1, 2))
    assert one["fbh-edit-remove"].expect
    assert not two["fbh-edit-remove"].expect
    assert not one["dee-edit-phi"].expect
    assert two["dee-edit-phi"].expect[0].category == "direct_identifier"
    assert one["dee-edit-phi"].native_id == two["dee-edit-phi"].native_id
    assert "care-deleted" not in two
    assert not any(e.handle == "hannah_b_queens" for e in two.values()), "a private account shows nothing"
    assert one["dee-ratios"].protected
    assert "rew-points" not in one, "a site that refuses everybody shows nothing"
    profiles = {e.handle for e in sandbox.expected(1) if not e.post}
    assert {"tomas_on_nine", "MountSinaiHeIp"} <= profiles


def test_it_remembers_what_it_was_asked(sandbox: Sandbox, x: httpx.Client) -> None:
    x.get("/2/users/by/username/okonjo_em?user.fields=created_at")
    seen = sandbox.seen[-1]
    assert (seen.platform, seen.path, seen.status) == ("x", "/2/users/by/username/okonjo_em", 200)
    assert seen.query == "user.fields=created_at"
    assert seen.headers["authorization"].startswith("Bearer ")


def test_nothing_can_be_written(x: httpx.Client, graph: httpx.Client, web: httpx.Client) -> None:
    assert x.post("/2/tweets", json={"text": "hello"}).status_code == 405
    assert graph.delete("/v26.0/SinaiSandboxHealth").status_code == 405
    assert web.put("/", headers={"Host": "news.sandbox.example"}).status_code == 405


@pytest.mark.parametrize(
    "target",
    [
        "x/2/tweets?ids=%00",
        "x/2/tweets?ids=²,٣",
        "x/2/users/%F0%9F%92%99/tweets?max_results=²",
        "x/2/users/1/tweets?start_time=9999-99-99T00:00:00Z",
        "facebook/v26.0/SinaiSandboxHealth/published_posts?limit=²",
        "facebook/v26.0/SinaiSandboxHealth/published_posts?since=99999999999999999999",
        "facebook/v26.0/SinaiSandboxHealth/published_posts?since=999999999999",
        "facebook/v26.0/SinaiSandboxHealth/published_posts?after=4pyT",
        "facebook/v26.0/?ids=%FF,²_٣",
        "facebook/v٣.0//",
        "website/wp-json/wp/v2/posts?per_page=²",
        "website/wp-json/wp/v2/posts?after=%00&include=,,",
        "website//../%2e%2e/etc",
    ],
)
def test_no_request_makes_it_stumble(
    sandbox: Sandbox, x: httpx.Client, graph: httpx.Client, web: httpx.Client, target: str
) -> None:
    platform, slash, path = target.partition("/")
    client, origin = {
        "x": (x, sandbox.urls["x"]),
        "facebook": (graph, sandbox.urls["facebook"]),
        "website": (web, sandbox.urls["website"]),
    }[platform]
    for method in ("GET", "HEAD"):
        answer = client.request(method, f"{origin}{slash}{path}", headers={"Host": "news.sandbox.example"})
        assert 200 <= answer.status_code < 500
        assert method == "GET" or answer.content == b""


def test_a_separate_process_can_steer_it(sandbox: Sandbox, x: httpx.Client) -> None:
    told = httpx.get(f"{sandbox.urls['facebook']}/_sandbox").json()
    assert told["night"] == 1
    assert told["platforms"] == sandbox.platform_options()
    assert {account["platform"] for account in told["accounts"]} == sandbox.urls.keys()
    assert httpx.post(f"{sandbox.urls['x']}/_sandbox/night", json={"night": 2}).json() == {"night": 2}
    assert sandbox.night == 2
    laid = httpx.post(f"{sandbox.urls['x']}/_sandbox/fault", json={"platform": "x", "kind": "token_dead", "times": 5})
    assert laid.status_code == 200
    assert x.get("/2/users/1").status_code == 401
    assert httpx.delete(f"{sandbox.urls['x']}/_sandbox/fault").status_code == 200
    assert x.get("/2/users/1").status_code == 200


def test_setting_the_night_from_outside_sets_the_clock_too(sandbox: Sandbox) -> None:
    time.sleep(0.3)
    httpx.post(f"{sandbox.urls['website']}/_sandbox/night", json={"night": 2})
    assert 0 <= (sandbox.clock()() - night_starts(2)).total_seconds() < 0.25


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("night", b'{"night": 3}'),
        ("night", b"[]"),
        ("night", b"not json"),
        ("night", b"x" * 70_000),
        ("fault", b'{"platform": "x", "kind": "gremlins"}'),
        ("fault", b'{"platform": "x", "kind": "server_error", "times": "often"}'),
    ],
    ids=["no such night", "a list", "no JSON", "too long", "no such fault", "times is no number"],
)
def test_wrong_steering_is_refused(sandbox: Sandbox, path: str, body: bytes) -> None:
    answer = httpx.post(f"{sandbox.urls['x']}/_sandbox/{path}", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert httpx.get(f"{sandbox.urls['x']}/_sandbox/elsewhere").status_code == 404


def test_it_runs_in_the_foreground_until_interrupted() -> None:
    code = "from nightrounds.sandbox.server import main; main(port=0, night=2)"
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        origin = re.search(r"http://127\.0\.0\.1:\d+", "".join(lines))
        assert origin is not None
        assert httpx.get(f"{origin[0]}/_sandbox").json()["night"] == 2
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    text = "".join(lines)
    settings = tomllib.loads(text[text.index("[platforms") : text.index("The next night")])
    assert settings["platforms"]["facebook"]["base_url"].startswith("http://127.0.0.1:")
    assert settings["platforms"]["website"]["rebase"]["http://news.sandbox.example"].startswith("http://127.0.0.1:")
