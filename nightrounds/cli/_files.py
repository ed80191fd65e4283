"""Files that a command line names; '-' is stdin or stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from core.errors import ConfigError

_MOST_TITLE = 200  # characters


def given(source: str) -> Path | IO[bytes]:
    """Where to read from.

    Raises:
        ConfigError: there is no such file.
    """
    if source == "-":
        return sys.stdin.buffer
    path = Path(source)
    if not path.exists() or path.is_dir():
        raise ConfigError(f"{source}: " + ("a folder, not a file" if path.is_dir() else "no such file"))
    return path


def bytes_of(source: str, most: int, *, mend: str = "choose a smaller one") -> bytes:
    """All of a file or of stdin, never more than `most` bytes.

    Raises:
        ConfigError: it is not there, can't be read, or holds more.
    """
    stream = given(source)
    try:
        if isinstance(stream, Path):
            with stream.open("rb") as file:
                data = file.read(most + 1)
        else:
            data = stream.read(most + 1)
    except OSError as error:
        raise ConfigError(f"{source}: can't be read ({error.strerror or type(error).__name__})") from None
    if len(data) > most:
        raise ConfigError(f"{source}: larger than {most >> 20} MiB; {mend}")
    return data


def title_of(told: str) -> str:
    """What reviewers read of a thing that is signed.

    Raises:
        ConfigError: it is blank, too long, or can't be printed.
    """
    title = " ".join(told.split())
    if not title or len(title) > _MOST_TITLE or not title.isprintable():
        raise ConfigError(f"--title: expected 1 to {_MOST_TITLE} characters that can be printed")
    return title


@contextmanager
def taken(target: str) -> Iterator[IO[str]]:
    """Written beside its place and moved there when whole, so that nobody takes half a file for all of it."""
    if target == "-":
        yield sys.stdout
        sys.stdout.flush()
        return
    path = Path(target).resolve()  # what a link points to is written, not the link
    place = path if path.exists() and not path.is_file() else path.with_name(f"{path.name}.part")  # a pipe or a device as it is
    try:
        with place.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        if place != path:
            place.replace(path)
    except OSError as error:
        raise ConfigError(f"{target}: can't be written: {error.strerror or type(error).__name__}") from None
    finally:
        if place != path:
            place.unlink(missing_ok=True)
