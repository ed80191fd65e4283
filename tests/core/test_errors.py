"""The error tree: as drawn in its docstring, with who must act and how far each failure reaches."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime

import pytest

from core import errors
from core.errors import Actor, CrawlError, NightRoundsError, RateLimited, Scope

CLASSES = {name: c for name, c in vars(errors).items() if inspect.isclass(c) and issubclass(c, NightRoundsError)}


def test_the_drawn_tree_is_the_tree() -> None:
    drawn: dict[str, str] = {}
    branch = "NightRoundsError"
    for indent, name in re.findall(r"^ {4}([│ ]*)[├└]── (\w+)", errors.__doc__ or "", re.MULTILINE):
        drawn[name] = branch if indent.strip(" ") or indent else "NightRoundsError"
        if not indent:
            branch = name
    assert drawn == {name: c.__mro__[1].__name__ for name, c in CLASSES.items() if c is not NightRoundsError}


@pytest.mark.parametrize(
    ("name", "actor", "scope", "blocks"),
    [
        ("AccountNotFound", Actor.CURATOR, Scope.ACCOUNT, False),
        ("AccountPrivate", Actor.CURATOR, Scope.ACCOUNT, True),
        ("AuthError", Actor.CREDENTIAL_OWNER, Scope.CREDENTIAL, True),
        ("PermissionMissing", Actor.CREDENTIAL_OWNER, Scope.ACCOUNT, True),
        ("RateLimited", Actor.NOBODY, Scope.CREDENTIAL, True),
        ("BudgetExhausted", Actor.BUDGET_OWNER, Scope.CREDENTIAL, True),
        ("Blocked", Actor.CURATOR, Scope.ACCOUNT, True),
        ("PlatformDown", Actor.NOBODY, Scope.ACCOUNT, False),
        ("Outdated", Actor.ENGINEER, Scope.CREDENTIAL, False),
        ("ParseError", Actor.ENGINEER, Scope.ACCOUNT, False),
    ],
)
def test_each_failure_says_who_acts_and_how_far_it_reaches(name: str, actor: Actor, scope: Scope, blocks: bool) -> None:
    error = CLASSES[name]
    assert issubclass(error, CrawlError)
    assert (error.actor, error.scope, error.blocks) == (actor, scope, blocks)


def test_a_rate_limit_says_until_when() -> None:
    until = datetime(2026, 1, 1, tzinfo=UTC)
    assert RateLimited("429", until=until).until == until
    assert RateLimited("429").until is None
