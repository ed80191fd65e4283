"""The command line: `nightrounds --help`. Exit 0 fine, 1 something failed, 2 wrong usage or configuration."""

from __future__ import annotations

import logging
import os
import sys

import typer

from core.errors import ConfigError, NightRoundsError
from nightrounds.cli import (
    account_care,
    accounts,
    coverage,
    database,
    followup,
    lookalikes,
    pictures,
    platforms,
    posts,
    retention,
    rounds,
    spending,
    works,
)

app = typer.Typer(
    name="nightrounds",
    help="Nightly rounds over a health system's public posts: indicators for its compliance office, with evidence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # a traceback with locals could show a post
    rich_markup_mode=None,  # errors in a line, not in a box
)
rounds.register(app)
coverage.register(app)
posts.register(app)
accounts.register(app)
account_care.register()
lookalikes.register(app)
followup.register(app)
database.register(app)
retention.register(app)
spending.register(app)
platforms.register(app)
works.register(app)
pictures.register(app)


def main() -> None:
    """Run the command line; every foreseen error is one line in plain words on stderr."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        app()
    except ConfigError as error:
        _complain(str(error))
        raise SystemExit(2) from None
    except NightRoundsError as error:
        _complain(str(error))
        raise SystemExit(1) from None
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing to complain of.
        _let_go_of_stdout()
        raise SystemExit(1) from None
    except OSError as error:
        _complain(f"can't read or write: {error.strerror or type(error).__name__}")
        _let_go_of_stdout()
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        _complain("stopped; run it again to go on where it was")
        raise SystemExit(130) from None
    except Exception as error:
        # Not foreseen: the type and place help an engineer, the message could quote a post.
        place = _innermost(error)
        _complain(f"unexpected {type(error).__name__} at {place}; nothing was lost, please report this line")
        raise SystemExit(1) from None


def _let_go_of_stdout() -> None:
    """Point it elsewhere, so that what is still buffered raises nothing at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> None:
    for line in message.splitlines() or [""]:
        print(f"nightrounds: {line}", file=sys.stderr)  # noqa: T201


def _innermost(error: BaseException) -> str:
    trace = error.__traceback__
    place = "?"
    while trace is not None:
        place = f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
