"""What the real servers share, and a real WordPress from Debian's packages: its own MariaDB on a socket, PHP's server on
loopback, no way to the internet."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ports import free_port

_SHARE = Path("/usr/share/wordpress")
_NEEDED = ("php", "mariadbd", "mariadb-install-db", "mariadb")
_HOST = "blog.example.org"

_CONFIG = """<?php
define('DB_NAME', 'wordpress'); define('DB_USER', 'root'); define('DB_PASSWORD', ''); define('DB_HOST', 'localhost:{socket}');
define('DB_CHARSET', 'utf8mb4'); define('DB_COLLATE', '');
define('WP_HOME', 'http://{host}'); define('WP_SITEURL', 'http://{host}');
define('WP_HTTP_BLOCK_EXTERNAL', true); define('DISABLE_WP_CRON', true); define('WP_ENVIRONMENT_TYPE', 'local');
define('AUTOMATIC_UPDATER_DISABLED', true); define('WP_DEFAULT_THEME', 'twentytwentythree');
$table_prefix = 'wp_';
if (!defined('ABSPATH')) {{ define('ABSPATH', __DIR__ . '/'); }}
require_once ABSPATH . 'wp-settings.php';
"""
_ROUTER = """<?php
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
if ($path !== '/' && is_file(__DIR__ . $path)) { return false; }
require __DIR__ . '/index.php';
"""


@dataclass(frozen=True)
class WordPress:
    """A running site. It believes that it is `origin`; `target` is where it really listens."""

    origin: str
    target: str
    folder: Path

    @property
    def rebase(self) -> dict[str, str]:
        return {self.origin: self.target}

    def do(self, what: str, **fields: Any) -> dict[str, Any]:
        """Order something of WordPress's own code (see wordpress.php); returns id, link and guid of the post."""
        script = Path(__file__).with_name("wordpress.php")
        order = json.dumps({"do": what, **fields})
        command = ["php", str(script), str(self.folder), self.origin.removeprefix("http://")]
        done = subprocess.run(command, input=order, capture_output=True, text=True, check=True, timeout=60)
        return json.loads(done.stdout[done.stdout.rindex("{") :])


@dataclass(frozen=True)
class Project:
    """Something that install.py installed: `folder` holds its node_modules, `node` runs it."""

    folder: Path
    node: Path


@pytest.fixture(scope="session")
def real_project() -> Callable[[str, Sequence[str]], Project]:
    """A function that gives a project of install.py by its name; where it, or what else it needs, is not there, it skips."""
    install = runpy.run_path(str(Path(__file__).with_name("install.py")))

    def project(name: str, missing: Sequence[str] = ()) -> Project:
        if missing:
            _not_here(f"{name} needs what is not installed (see debian-packages.txt): {', '.join(missing)}")
        if not install["is_installed"](name):
            _not_here(f"{name} is not installed: python tests/real/install.py")
        return Project(folder=install["project_folder"](name), node=install["node_folder"]() / "bin" / "node")

    return project


@pytest.fixture(scope="session")
def running() -> type[_running]:
    return _running


def _not_here(reason: str) -> None:
    """Skip; where nothing may be skipped, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def wordpress() -> Iterator[WordPress]:
    """Installed and running, with WordPress's own sample post and page; about eight seconds."""
    missing = [name for name in _NEEDED if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")]
    if missing or not _SHARE.is_dir():
        _not_here(
            f"WordPress is not installed (see {Path(__file__).with_name('debian-packages.txt').name}): {missing or _SHARE}"
        )
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wp", dir="/tmp")))  # a socket's path must be short
        database = home / "s"
        stack.enter_context(_running(_start_database(home, database), lambda: database.exists()))
        client = ["mariadb", "--no-defaults", f"--socket={database}", "-u", "root", "-e", "CREATE DATABASE wordpress"]
        subprocess.run(client, check=True, capture_output=True, timeout=30)

        site = home / "site"
        shutil.copytree(_SHARE, site, ignore=shutil.ignore_patterns("wp-config.php"))  # follows Debian's links, as PHP must
        (site / "wp-config.php").write_text(_CONFIG.format(socket=database, host=_HOST))
        (site / "router.php").write_text(_ROUTER)
        port = free_port()
        wordpress = WordPress(origin=f"http://{_HOST}", target=f"http://127.0.0.1:{port}", folder=site)
        wordpress.do("install")
        server = ["php", "-S", f"127.0.0.1:{port}", "-t", str(site), str(site / "router.php")]
        stack.enter_context(_running(server, lambda: _answers(wordpress)))
        yield wordpress


def _start_database(home: Path, database: Path) -> list[str]:
    data = home / "data"
    owner = ["--user=root"] if os.geteuid() == 0 else []
    init = [
        "mariadb-install-db",
        "--no-defaults",
        f"--datadir={data}",
        "--auth-root-authentication-method=normal",
        "--skip-test-db",
    ]
    subprocess.run([*init, *owner], check=True, capture_output=True, timeout=120)
    mariadbd = shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin") or "mariadbd"
    quick = ["--skip-networking", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M"]
    return [mariadbd, "--no-defaults", f"--datadir={data}", f"--socket={database}", f"--pid-file={home}/pid", *quick, *owner]


class _running:  # noqa: N801 - used as a function
    """A server for the length of a with block."""

    def __init__(self, command: list[str], is_up: Any) -> None:
        self.command, self.is_up = command, is_up

    def __enter__(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while not self.is_up():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                pytest.fail(f"{Path(self.command[0]).name} did not start")
            time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _answers(wordpress: WordPress) -> bool:
    try:
        request = urllib.request.Request(f"{wordpress.target}/wp-json/", headers={"Host": _HOST})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False
