"""The sandbox: three loopback servers in one thread, one world behind them.

    with Sandbox(night=1) as sandbox:
        settings = Settings(platforms=sandbox.platform_options())
        accounts = sandbox.accounts()
        ...
        sandbox.night = 2

`main` runs it in the foreground until it is interrupted.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import uvicorn

from core.records import Account, account_id
from core.registry import discover
from nightrounds.sandbox.answers import StandIn
from nightrounds.sandbox.front import PICTURES, Front, Seen
from nightrounds.sandbox.view import view_of
from nightrounds.sandbox.world import Engine, Expectation, State, load_world

RECORDED_AT = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
_PATIENCE_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must be found on one post, or in one profile (`native_id` is then empty), on a night."""

    platform: str
    handle: str
    native_id: str  # under which the crawler keeps it
    post: str  # the world's own name of it
    expect: tuple[Expectation, ...]
    protected: bool


class Sandbox:
    """The stand-ins of all platforms. A context manager; `port` 0 takes any free ports, else one after another from it.

    `page_size` is the most that one page of a listing holds. `vocabulary` is what X understands: tweet, post or both.
    """

    def __init__(self, night: int = 1, port: int = 0, *, vocabulary: str = "both", page_size: int = 20) -> None:
        self.port = port
        classes = discover("nightrounds.sandbox.platforms", StandIn, "platform")
        own: dict[str, dict[str, Any]] = {"x": {"vocabulary": vocabulary}}
        stand_ins = {name: kind(page_cap=page_size, **own.get(name, {})) for name, kind in classes.items()}
        self._front = Front(stand_ins, night)
        self._front.describe = self._described
        self.urls: dict[str, str] = {}  # platform -> address of its stand-in
        self.pictures_url = ""  # stands in for every host of profile pictures
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Sandbox:
        self._bind()
        config = uvicorn.Config(
            self._front,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            loop="asyncio",
            http="h11",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": self._sockets}, name="sandbox", daemon=True)
        self._thread.start()
        until = time.monotonic() + _PATIENCE_S
        while not self._server.started:
            if time.monotonic() > until or not self._thread.is_alive():
                raise RuntimeError("the sandbox did not start")
            time.sleep(0.005)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(_PATIENCE_S)
        for listener in self._sockets:
            listener.close()

    def _bind(self) -> None:
        for offset, platform in enumerate((*self._front.stand_ins, PICTURES)):
            # asyncio turns Nagle's delay off (40 ms an answer) only where the protocol is named
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", self.port and self.port + offset))
            number = listener.getsockname()[1]
            self._sockets.append(listener)
            self._front.ports[number] = platform
            if platform == PICTURES:
                self.pictures_url = f"http://127.0.0.1:{number}"
                continue
            self.urls[platform] = f"http://127.0.0.1:{number}"

    @property
    def night(self) -> int:
        return self._front.night

    @night.setter
    def night(self, night: int) -> None:
        self._front.night = night

    @property
    def seen(self) -> list[Seen]:
        """The requests so far, oldest first."""
        return list(self._front.seen)

    @property
    def slow_for_s(self) -> float:
        """How long a slow body takes."""
        return self._front.slow_for_s

    @slow_for_s.setter
    def slow_for_s(self, seconds: float) -> None:
        self._front.slow_for_s = seconds

    def clock(self) -> Callable[[], datetime]:
        """A clock for crawlers and pipeline: the night's beginning and the real time since it was set."""
        return self._front.clock

    def accounts(self) -> list[Account]:
        """The account list as the compliance office wrote it down before the first night."""
        return [
            Account(
                id=account_id(account.platform, account.handle),
                platform=account.platform,
                handle=account.handle,
                kind=account.kind,
                basis=account.basis,
                basis_recorded_by="sandbox",
                basis_recorded_at=RECORDED_AT,
                unit=account.unit,
            )
            for account in load_world().accounts
        ]

    def platform_options(self) -> dict[str, dict[str, Any]]:
        """What belongs in `Settings.platforms`."""
        return {name: stand_in.options(self.urls[name]) for name, stand_in in self._front.stand_ins.items()}

    def expected(self, night: int | None = None) -> list[Expected]:
        """What must be found on the posts and profiles that can be read on a night (by default the sandbox's own)."""
        view = view_of(night or self.night)
        found = []
        for account in view.world.accounts:
            if view.standing(account).state is not State.LIVE or account.engine is Engine.CLOSED:
                continue
            shared = {"platform": account.platform, "handle": account.handle}
            if account.expect:
                found.append(Expected(**shared, native_id="", post="", expect=account.expect, protected=False))
            found += [
                Expected(
                    **shared,
                    native_id=self._front.stand_ins[account.platform].native_id(shown),
                    post=shown.post.id,
                    expect=shown.now.expect,
                    protected=shown.now.protected,
                )
                for shown in view.posts(account)
            ]
        return found

    def never_on(self, platform: str) -> frozenset[str]:
        """The kinds of fault that a platform does not know."""
        return self._front.stand_ins[platform].never

    def fault(self, platform: str, handle: str | None, kind: str, times: int | None = None) -> None:
        """Lay a fault on a platform or on one of its accounts, for so many answers or for good. Raises ValueError."""
        self._front.lay(platform, handle, kind, times)

    def clear_faults(self) -> None:
        self._front.faults.clear()

    def _described(self) -> dict[str, Any]:
        return {
            "night": self.night,
            "at": self._front.clock().isoformat(),
            "urls": self.urls,
            "platforms": self.platform_options(),
            "accounts": [
                {"platform": a.platform, "handle": a.handle, "kind": a.kind, "basis": a.basis, "unit": a.unit}
                for a in load_world().accounts
            ],
        }


def main(
    *, port: int = 8700, night: int = 1, vocabulary: str = "both", announce: Callable[[str], object] | None = None
) -> None:
    """Run the sandbox until it is interrupted. What it announces is a whole nightrounds.toml, the rest of it comments.

    Raises OSError where a port is taken.
    """
    announce = announce or _say
    with Sandbox(night, port, vocabulary=vocabulary) as sandbox:
        announce("".join(f"# {name:<12} {url}\n" for name, url in sandbox.urls.items()) + "\n")
        announce(f"{_as_toml(sandbox.platform_options())}\n")
        announce(f"# The next night: curl -d '{{\"night\": 2}}' {sandbox.urls['x']}/_sandbox/night\n# Stop with Ctrl-C.\n")
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


def _say(words: str) -> None:
    """On stdout at once, also where that is a file."""
    sys.stdout.write(words)
    sys.stdout.flush()


def _as_toml(platforms: dict[str, dict[str, Any]]) -> str:
    """The options as they stand in nightrounds.toml."""
    lines = []
    for platform, options in platforms.items():
        lines.append(f"[platforms.{platform}]")
        lines += [f"{name} = {_toml_value(value)}" for name, value in options.items()]
        lines.append("")
    return "\n".join(lines)


def _toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(key)} = {_toml_value(item)}' for key, item in value.items())} }}"
    return json.dumps(value)
