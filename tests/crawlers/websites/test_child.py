"""The fetching child process: it always ends, keeps what was read, and is told no secret."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import CrawlError, ParseError, PlatformDown
from crawlers._website.child import FetchingChild

CANARY = "canary-51c0ffee"


def test_a_slow_body_and_a_time_limit_keep_what_was_read(
    web: Any, crawl_night: Any, job_for: Any, drip: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = "slow.example.org"
    web.home(host, "/rss")
    web.put(
        f"{host}/rss",
        web.example("rss.xml").replace("http://other.example.net/story", f"http://{host}/drip"),
        "application/rss+xml",
    )
    web.answers[f"{host}/drip"] = drip
    night = crawl_night(host, timeout=0.5)
    assert night.error is None
    assert "ward-1" in night.posts
    assert "an article was not read" in night.notes

    monkeypatch.setattr("crawlers._website.child._SLACK", 1.0)
    began, pages = time.monotonic(), []
    job = job_for(host).model_copy(update={"time_limit": 2.0})
    with FetchingChild() as child, pytest.raises(PlatformDown, match="not read within 2 s"):
        pages.extend(frame.page for frame in child.frames(job))
    assert time.monotonic() - began < 8
    assert any(post.native_id == "ward-1" for page in pages if page for post in page.posts)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_child_ends_with_a_caller_that_stops_and_with_a_parent_that_dies(web: Any, job_for: Any, drip: Any) -> None:
    host = "endless.example.org"
    web.home(host)
    web.answers[f"{host}/atom.xml"] = drip
    job = job_for(host)
    with FetchingChild() as child:
        next(child.frames(job))
        assert alive(child.pid)
    assert not alive(child.pid)

    script = (
        "import sys, os; from crawlers._website.child import FetchingChild; from crawlers._website.frames import Job\n"
        "child = FetchingChild(); next(child.frames(Job.model_validate_json(sys.argv[1])))\n"
        "print(child.pid, flush=True); os._exit(9)"
    )
    parent = subprocess.run([sys.executable, "-c", script, job.model_dump_json()], capture_output=True, text=True, timeout=30)
    deadline = time.monotonic() + 5
    while alive(int(parent.stdout)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(int(parent.stdout))


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("import sys; sys.stdout.buffer.write(b'\\xff\\xff\\xff\\xff')", ParseError),
        ("import sys; sys.stdout.buffer.write(b'\\0\\0\\0\\2{]')", ParseError),
        ("pass", PlatformDown),
        ("import os; os.kill(os.getpid(), 9)", PlatformDown),
    ],
)
def test_a_child_that_breaks_is_reported(job_for: Any, script: str, error: type[CrawlError]) -> None:
    with FetchingChild((sys.executable, "-c", script)) as child, pytest.raises(error):
        list(child.frames(job_for("blog.example.org")))


def test_the_child_gets_no_secret_and_a_group_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTROUNDS_PLATFORMS__X__BEARER_TOKEN", CANARY)
    monkeypatch.setenv("HTTP_PROXY", f"http://{CANARY}.example.org")
    with FetchingChild((sys.executable, "-c", "import time; time.sleep(20)")) as child:
        assert CANARY.encode() not in Path(f"/proc/{child.pid}/environ").read_bytes()
        assert os.getpgid(child.pid) == child.pid
