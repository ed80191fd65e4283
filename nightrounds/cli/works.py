"""works sign: what a policy keeps of a work that must not be reposted, so that the copyright rule tells it again.

The text is read once and not kept: the entry holds a title and a signature, in which nobody can read the work.
"""

from __future__ import annotations

import codecs
from contextlib import ExitStack
from pathlib import Path
from textwrap import indent
from typing import Annotated

import typer
import yaml

from core.errors import ConfigError
from nightrounds.cli._edge import err
from nightrounds.cli._files import bytes_of, taken, title_of

commands = typer.Typer(help="Works that must not be reposted.", no_args_is_help=True)

_MOST_BYTES = 8 << 20  # twice a very long book
_SET_IN = 6  # blanks before an item of rules.copyright.works
_NO_TEXT = (b"%PDF", b"{\\rtf", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # PDF, RTF, Word and e-books, older Word
_PAGE = (b"<!doctype html", b"<html", b"<?xml")
_CONTROLS = frozenset(map(chr, range(32))) - set("\t\n\v\f\r")  # no text has these


def register(app: typer.Typer) -> None:
    app.add_typer(commands, name="works")


@commands.command("sign")
def sign(
    file: Annotated[str, typer.Argument(help="The work, whole, as plain text in UTF-8; '-' is stdin.", metavar="FILE")],
    title: Annotated[str, typer.Option("--title", help="What reviewers read of it where it is found.")],
    output: Annotated[
        str, typer.Option("--output", "-o", help="A new file for the entry; '-' is stdout.", metavar="ENTRY.yaml")
    ] = "-",
) -> None:
    """Make the entry under which the copyright rule knows a work; put it under rules.copyright.works in the policy file."""
    from detectors._works import RUN, signature

    name = title_of(title)
    _refuse_to_replace(output)
    text = _text(bytes_of(file, _MOST_BYTES, mend="sign it in parts, each under a title of its own"), file)
    if not text.strip():
        raise ConfigError(f"{file}: there is no text in it")
    try:
        made = signature(text)
    except ConfigError as error:
        raise ConfigError(f"{file}: too short to be told from common speech; {error}") from None
    with ExitStack() as files:
        files.enter_context(taken(output)).write(entry(name, made))
    words = int(made.partition(":")[0]) + RUN - 1
    err.print(f"signed about {words} words; the entry belongs under rules.copyright.works in the policy file", markup=False)


def entry(title: str, made: str) -> str:
    """One item of the policy's list `works`, as YAML, set in so that it can be put below `works:` as it is."""
    item = [{"title": title, "signature": made}]
    return indent(yaml.safe_dump(item, allow_unicode=True, sort_keys=False, width=1 << 20), " " * _SET_IN)


def _refuse_to_replace(output: str) -> None:
    """Whoever means to add to a policy file must not lose it."""
    if output != "-" and Path(output).is_file():
        raise ConfigError(f"{output}: is there already and would be lost; name a new file, and copy the entry from it")


def _text(data: bytes, source: str) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ConfigError(f"{source}: it is UTF-16; save it as UTF-8")
    start = data.removeprefix(codecs.BOM_UTF8).lstrip()[:64].lower()
    if start.startswith(tuple(mark.lower() for mark in _NO_TEXT)):
        raise ConfigError(f"{source}: a document, not plain text; save its text as a .txt file in UTF-8")
    if start.startswith(_PAGE):
        raise ConfigError(f"{source}: a web page or XML, not plain text; save its text alone as a .txt file in UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{source}: not plain text in UTF-8; save it as a .txt file in UTF-8") from None
    if not _CONTROLS.isdisjoint(text):
        raise ConfigError(f"{source}: binary, not plain text; save its text as a .txt file in UTF-8")
    return text
