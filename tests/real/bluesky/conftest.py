"""A whole Bluesky network on loopback: directory, personal data server and AppView, with PostgreSQL and Redis of their own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import atproto
import pytest
from atproto import models
from ports import free_port

_POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))  # with its extensions; Debian keeps it off the path
_IS_ROOT = os.geteuid() == 0  # PostgreSQL refuses to run as root
_START_SECONDS = 120
_PASSWORD = "harbor-lights-7731"


@dataclass
class Member:
    """An account of the network, writing through the SDK."""

    did: str
    handle: str
    client: atproto.Client

    def post(self, words: str, **more: Any) -> str:
        """Returns the post's address."""
        return str(self.client.send_post(words, **more).uri)

    def edit(self, address: str, words: str) -> None:
        record = self.client.get_post(address.rsplit("/", 1)[1], self.did).value
        params = {"repo": self.did, "collection": "app.bsky.feed.post", "rkey": address.rsplit("/", 1)[1]}
        self.client.com.atproto.repo.put_record(
            models.ComAtprotoRepoPutRecord.Data(record=record.model_copy(update={"text": words}), **params)
        )

    def describe(self, name: str, bio: str) -> None:
        profile = models.AppBskyActorProfile.Record(display_name=name, description=bio)
        self.client.com.atproto.repo.put_record(
            models.ComAtprotoRepoPutRecord.Data(repo=self.did, collection="app.bsky.actor.profile", rkey="self", record=profile)
        )

    def rename(self, handle: str) -> None:
        self.client.com.atproto.identity.update_handle(models.ComAtprotoIdentityUpdateHandle.Data(handle=handle))
        self.handle = handle


@dataclass
class Network:
    """The running network. `options` are those with which our crawler reads it."""

    process: subprocess.Popen[str]
    appview: str
    directory: str
    server: str

    @property
    def options(self) -> dict[str, Any]:
        named = self.server.replace("127.0.0.1", "localhost")  # as identity documents name it
        return {"base_url": self.appview, "plc_url": self.directory, "rebase": {named: self.server}}

    def join(self, name: str) -> Member:
        client = atproto.Client(base_url=f"{self.server}/xrpc")
        handle = f"{name}.test"
        made = client.com.atproto.server.create_account(
            models.ComAtprotoServerCreateAccount.Data(handle=handle, email=f"{name}@mail.example", password=_PASSWORD)
        )
        self.settle()  # a login asks the AppView too
        client.login(handle, _PASSWORD)
        return Member(did=str(made.did), handle=handle, client=client)

    def settle(self) -> None:
        """Wait until the AppView has seen everything."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("settle\n")
        self.process.stdin.flush()
        assert json.loads(self.process.stdout.readline()) == {"done": "settle"}

    def moderate(self, did: str, *, taken_down: bool) -> None:
        """What the server's own moderators do to a whole account."""
        admin = atproto.Client(base_url=f"{self.server}/xrpc")
        subject = models.ComAtprotoAdminDefs.RepoRef(did=did)
        status = models.ComAtprotoAdminDefs.StatusAttr(applied=taken_down, ref="test")
        admin.com.atproto.admin.update_subject_status(
            models.ComAtprotoAdminUpdateSubjectStatus.Data(subject=subject, takedown=status),
            headers={"authorization": "Basic YWRtaW46YWRtaW4tcGFzcw=="},  # its development password
        )


@pytest.fixture(scope="session")
def bluesky(real_project: Any, running: Any) -> Iterator[Network]:
    """Up and empty; about ten seconds."""
    missing = [] if _POSTGRES else ["PostgreSQL"]
    missing += [] if shutil.which("redis-server") else ["redis-server"]
    project = real_project("bluesky", missing)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bs", dir="/tmp")))  # a socket's path must be short
        home.chmod(0o755)
        stack.enter_context(running(_start_postgres(home), lambda: (home / "pg" / ".s.PGSQL.5432").exists()))
        redis = free_port()
        options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(home)]
        stack.enter_context(running(["redis-server", "--port", str(redis), *options], lambda: _listens(redis)))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(home),
            "DB_POSTGRES_URL": f"postgresql://postgres@/postgres?host={home / 'pg'}",
            "DB_POSTGRES_SCHEMA": "network",
            "REDIS_HOST": f"127.0.0.1:{redis}",
        }
        script = Path(__file__).with_name("network.mjs")
        process = stack.enter_context(
            subprocess.Popen(
                [str(project.node), str(script), str(project.folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=(home / "log").open("w"),
                text=True,
                env=environment,
                cwd=home,
            )
        )
        stack.callback(process.kill)
        watch = threading.Timer(_START_SECONDS, process.kill)
        watch.start()
        line = process.stdout.readline() if process.stdout else ""
        watch.cancel()
        if not line:
            pytest.fail(f"the Bluesky network did not start: {(home / 'log').read_text()[-2000:]}")
        hosts = {name: url.replace("localhost", "127.0.0.1") for name, url in json.loads(line).items()}
        yield Network(process, appview=hosts["appview"], directory=hosts["plc"], server=hosts["pds"])


def _start_postgres(home: Path) -> list[str]:
    folder = home / "pg"
    folder.mkdir(mode=0o755)
    owner = []
    if _IS_ROOT:
        shutil.chown(folder, "nobody")
        owner = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    data = folder / "data"
    init = [str(_POSTGRES[-1].with_name("initdb")), "-D", str(data), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8"]
    subprocess.run([*owner, *init, "--locale=C.UTF-8"], check=True, capture_output=True, timeout=120, cwd=folder)
    settings = ("listen_addresses=", f"unix_socket_directories={folder}", "fsync=off", "full_page_writes=off")
    return [*owner, str(_POSTGRES[-1]), "-D", str(data), *(part for one in settings for part in ("-c", one))]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
