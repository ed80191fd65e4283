"""pictures sign: what a policy keeps of a picture of ours, so that an account that shows it is told.

The entry holds a title and the hash of the picture's look, from which nobody can draw the picture.
"""

from __future__ import annotations

from typing import Annotated

import typer
import yaml

from core.errors import ConfigError
from nightrounds.cli._edge import err, out
from nightrounds.cli._files import bytes_of, title_of

commands = typer.Typer(help="Pictures of ours that others show as theirs.", no_args_is_help=True)

_SET_IN = " " * 4  # before an item of institution.pictures


def register(app: typer.Typer) -> None:
    app.add_typer(commands, name="pictures")


@commands.command("sign")
def sign(
    file: Annotated[str, typer.Argument(help="The picture: PNG, JPEG, WebP or GIF; '-' is stdin.", metavar="FILE")],
    title: Annotated[str, typer.Option("--title", help="What reviewers read of it where it is found.")],
) -> None:
    """Make the entry under which the brand rule knows a picture; put it under institution.pictures in the policy file."""
    from crawlers._pictures import MOST_BYTES, look_of
    from detectors._own_pictures import is_telling

    name = title_of(title)
    look = look_of(bytes_of(file, MOST_BYTES))
    if not look:
        raise ConfigError(f"{file}: expected a PNG, JPEG, WebP or GIF of at most 4 million pixels")
    if not is_telling(look):
        raise ConfigError(f"{file}: nearly a plain field, as many pictures are; choose one with more in it")
    item = yaml.safe_dump([{"title": name, "look": look}], allow_unicode=True, sort_keys=False, width=1 << 20)
    out.print("".join(_SET_IN + line for line in item.splitlines(keepends=True)), end="", markup=False, soft_wrap=True)
    err.print("the entry belongs under institution.pictures in the policy file", markup=False)
