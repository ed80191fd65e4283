"""A real MediaWiki from Debian's packages: SQLite, PHP's server on loopback, written to through its own API."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

_SHARE = Path("/usr/share/mediawiki")
_ORIGIN = "http://wiki.example.org"
_PASSWORD = "invented-administrator-1"
_SETTINGS = """
$wgEnableUploads = true; $wgUploadDirectory = '{home}/images'; $wgUploadPath = '/images'; $wgFileExtensions = ['png'];
$wgGroupPermissions['sysop']['deleterevision'] = true; $wgGroupPermissions['sysop']['mergehistory'] = true; $wgRateLimits = [];
if ( file_exists( '{home}/members-only' ) ) {{ $wgGroupPermissions['*']['read'] = false; }}
"""


class MediaWiki:
    """A running wiki. It believes that it is `origin`; `target` is where it really listens."""

    origin = _ORIGIN

    def __init__(self, target: str, home: Path) -> None:
        self.target, self.home = target, home
        self._session = requests.Session()
        self._session.headers["Host"] = _ORIGIN.removeprefix("http://")
        self._token = ""

    def ask(self, **asked: Any) -> dict[str, Any]:
        asked = {"format": "json", "formatversion": "2", **asked}
        return self._session.get(f"{self.target}/api.php", params=asked, timeout=30).json()

    def log_in(self) -> None:
        token = self.ask(action="query", meta="tokens", type="login")["query"]["tokens"]["logintoken"]
        self._post({"action": "login", "lgname": "Admin", "lgpassword": _PASSWORD, "lgtoken": token})
        self._token = self.ask(action="query", meta="tokens")["query"]["tokens"]["csrftoken"]

    def do(self, action: str, files: Any = None, **fields: Any) -> dict[str, Any]:
        """An action of the API; returns what it tells of it."""
        done = self._post({"action": action, "token": self._token, **fields}, files)
        assert action in done, done
        return done[action]

    def edit(self, title: str, text: str) -> str:
        """Write a page; returns its id."""
        return str(self.do("edit", title=title, text=text)["pageid"])

    def _post(self, fields: dict[str, Any], files: Any = None) -> dict[str, Any]:
        fields = {**fields, "format": "json", "formatversion": "2"}
        return self._session.post(f"{self.target}/api.php", data=fields, files=files, timeout=30).json()


@pytest.fixture
def mediawiki(tmp_path: Path) -> Iterator[MediaWiki]:
    """Installed and running, with its own main page; about two seconds."""
    if not shutil.which("php") or not _SHARE.is_dir():
        reason = "MediaWiki is not installed (see debian-packages.txt)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    (tmp_path / "images").mkdir()
    install = [
        "php",
        "maintenance/install.php",
        "--confpath",
        str(tmp_path),
        "--dbtype",
        "sqlite",
        "--dbpath",
        str(tmp_path / "db"),
    ]
    install += ["--server", _ORIGIN, "--scriptpath", "", "--pass", _PASSWORD, "Harbor Clinic Wiki", "Admin"]
    subprocess.run(install, cwd=_SHARE, check=True, capture_output=True, timeout=120)
    settings = tmp_path / "LocalSettings.php"
    settings.write_text(settings.read_text() + _SETTINGS.format(home=tmp_path))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "MW_CONFIG_FILE": str(settings)}
    server = ["php", "-S", f"127.0.0.1:{port}", "-t", str(_SHARE)]
    process = subprocess.Popen(server, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wiki = MediaWiki(f"http://127.0.0.1:{port}", tmp_path)
        deadline = time.monotonic() + 30
        while True:
            try:
                wiki.log_in()
                break
            except requests.ConnectionError:
                assert process.poll() is None, "PHP's server did not start"
                assert time.monotonic() < deadline, "PHP's server did not answer"
                time.sleep(0.05)
        yield wiki
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
