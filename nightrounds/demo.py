"""Runs over the sandbox: its accounts, its platforms' stand-ins and its clock, kept apart from a real installation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from core.errors import ConfigError
from core.settings import Settings
from nightrounds.context import Clock, Context, open_context
from storage import accounts, crawls

RECORDED_BY = "sandbox"  # who 'recorded' an invented account's basis: how its home is known


class _Clock:
    """The sandbox's clock, put on past what was already done in this home: its nights begin anew with each process."""

    def __init__(self, now: Clock) -> None:
        self._now = now
        self._shift = timedelta()

    def __call__(self) -> datetime:
        return self._now() + self._shift

    def go_on_after(self, moment: datetime) -> None:
        self._shift += max(timedelta(), moment + timedelta(seconds=1) - self())


@contextmanager
def open_sandbox_context(settings: Settings, *, night: int = 1) -> Iterator[Context]:
    """A context whose platforms are the loopback sandbox and whose clock is that night's.

    Raises:
        ConfigError: this home already holds real accounts.
    """
    from nightrounds.sandbox.server import Sandbox

    with Sandbox(night=night) as sandbox:
        redirected = settings.model_copy(
            update={"platforms": sandbox.platform_options(), "picture_stand_in": sandbox.pictures_url}
        )
        clock = _Clock(sandbox.clock())
        with open_context(redirected, clock=clock) as context:
            refuse_mixing(context, sandboxed=True)
            with context.store.read() as tx:
                last = crawls.last_run(tx)
            if last is not None:
                clock.go_on_after(last.finished_at or last.started_at)
            with context.store.begin() as tx:
                accounts.import_accounts(tx, sandbox.accounts())
            yield context


def refuse_mixing(context: Context, *, sandboxed: bool) -> None:
    """Invented posts among real ones would be a lie in every report: a home is one or the other."""
    with context.store.read() as tx:
        known = accounts.list_accounts(tx) + accounts.list_accounts(tx, retired=True)
    if sandboxed and any(a.basis_recorded_by != RECORDED_BY for a in known):
        raise ConfigError(
            f"{context.settings.home}: this home holds real accounts; set NIGHTROUNDS_HOME to another folder to try the sandbox"
        )
    if not sandboxed and any(a.basis_recorded_by == RECORDED_BY for a in known):
        raise ConfigError(
            f"{context.settings.home}: this home holds the sandbox's invented accounts; "
            "scan it with --sandbox, or set NIGHTROUNDS_HOME to another folder for real ones"
        )
