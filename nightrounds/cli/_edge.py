"""Shared by the commands: settings and context, which account is meant, who says what, writing for people or machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from core.errors import ConfigError
from core.records import Account
from core.settings import Settings, load_settings
from nightrounds.context import Context, open_context
from storage import account_names, accounts

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, for machines.")]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="Another policy file than the settings name.", dir_okay=False)
]
By = Annotated[str, typer.Option("--by", help="Who says so: name and office.")]

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def settings(policy: Path | None = None) -> Settings:
    """The settings of this process."""
    return load_settings(policy=policy)


@contextmanager
def context(policy: Path | None = None) -> Iterator[Context]:
    """An open context on the settings of this process."""
    with open_context(settings(policy)) as opened:
        yield opened


def said(words: str, option: str) -> str:
    """What a person gave as `option`, for the record. Raises ConfigError where it is empty or too long."""
    if not words.strip() or len(words) > 2000:
        raise ConfigError(f"{option}: expected 1 to 2,000 characters")
    return words.strip()


def accounts_called(opened: Context, platform: str, handle: str) -> tuple[list[Account], list[Account]]:
    """The account that has this handle, watched or not (none or one), and those others that once had it."""
    with opened.store.read() as tx:
        bare = handle.removeprefix("@")
        now = [a for left in (False, True) for a in accounts.list_accounts(tx, platform=platform, handle=bare, retired=left)]
        key = account_names.handle_key(tx, bare)
        former = accounts.list_accounts(tx, ids=account_names.former_owners(tx, [key]).get(key, []))
    known = {account.id for account in now}
    return now, [account for account in former if account.platform == platform and account.id not in known]


def account_called(opened: Context, platform: str, handle: str) -> Account:
    """The account that has this handle now. Raises ConfigError where none has; one that once had it may not be meant."""
    now, former = accounts_called(opened, platform, handle)
    if not now and former:
        raise ConfigError("the account that had this handle has another one now; 'nightrounds accounts history' says which")
    if not now:
        raise ConfigError("no account of this platform and handle is on the list; see 'nightrounds accounts list'")
    return now[0]


def write_json(data: Any) -> None:
    """One JSON document on stdout; not through rich, which would wrap and colour it."""
    sys.stdout.write(json.dumps(data, ensure_ascii=False, default=str) + "\n")
