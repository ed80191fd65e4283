"""Faults that can be laid on a platform or on one account of it, and the ways to spoil a good answer.

rate_limit           the platform's own refusal, with the time when it ends
rate_limit_no_reset  the same, without it
token_dead           X 401, Graph 190
permission           the token lives but may not
server_error         5xx
html_error           a proxy's HTML page, 502
truncated_json       a good answer, cut in half
slow_body            a good answer, a few bytes a second
usage_capped         the day's or the month's quota or credits are spent
not_found            the account does not exist (any more)
private              the account is protected, unpublished or behind a login
huge_body            an answer without end
transient_once       one 5xx, then all is well
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from nightrounds.sandbox.answers import Answer, StandIn
from nightrounds.sandbox.world import State

KINDS = frozenset(
    {
        "rate_limit",
        "rate_limit_no_reset",
        "token_dead",
        "permission",
        "server_error",
        "html_error",
        "truncated_json",
        "slow_body",
        "usage_capped",
        "not_found",
        "private",
        "huge_body",
        "transient_once",
    }
)
_STATES = {"not_found": State.GONE, "private": State.PRIVATE}  # these change the account, not the answer
HTML_ERROR = Answer(
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    b"</body>\r\n</html>\r\n",
    502,
    "text/html",
)
_TEXT = "text/plain; charset=utf-8"
WEB_FAILURES = {  # of a plain web server, by kind
    "rate_limit": Answer(b"Too Many Requests\n", 429, _TEXT, {"retry-after": "900"}),
    "rate_limit_no_reset": Answer(b"Too Many Requests\n", 429, _TEXT),
    "permission": Answer(b"<html><body><h1>403 Forbidden</h1></body></html>\n", 403, "text/html; charset=utf-8"),
    "server_error": Answer(b"Service Unavailable\n", 503, _TEXT),
    "transient_once": Answer(b"Service Unavailable\n", 503, _TEXT),
    "html_error": HTML_ERROR,
}


@dataclass(slots=True)
class _Fault:
    platform: str
    key: str | None  # the account's key, None for the whole platform
    kind: str
    left: int | None  # answers that it will still spoil, None for all


class Faults:
    """The faults that lie on the stand-ins now."""

    def __init__(self, stand_ins: Mapping[str, StandIn]) -> None:
        self._stand_ins = stand_ins
        self._faults: list[_Fault] = []
        self._lock = threading.Lock()

    def lay(self, platform: str, key: str | None, kind: str, times: int | None) -> None:
        """Raises ValueError for a platform or a kind that does not exist, or one that this platform can't have."""
        if platform not in self._stand_ins:
            raise ValueError(f"no such platform; expected one of {', '.join(self._stand_ins)}")
        if kind not in KINDS:
            raise ValueError(f"no such fault; expected one of {', '.join(sorted(KINDS))}")
        if kind in self._stand_ins[platform].never:
            raise ValueError(f"{platform} knows no such fault")
        if times is not None and times < 1:
            raise ValueError("a fault happens at least once")
        with self._lock:
            self._faults.append(_Fault(platform, key, kind, 1 if kind == "transient_once" else times))

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, platform: str, keys: set[str]) -> str | None:
        """The kind of fault that spoils this answer, and one fewer of it left; None for a good answer."""
        with self._lock:
            for fault in self._faults:
                if fault.platform == platform and fault.kind not in _STATES and (fault.key is None or fault.key in keys):
                    self._use(fault)
                    return fault.kind
        return None

    def states(self, platform: str, keys: set[str]) -> dict[str, State]:
        """The accounts among `keys` that a fault has shut or removed for this answer."""
        with self._lock:
            laid = [
                f for f in self._faults if f.platform == platform and f.kind in _STATES and (f.key is None or f.key in keys)
            ]
            for fault in laid:
                self._use(fault)
        return {key: _STATES[fault.kind] for fault in laid for key in ([fault.key] if fault.key else keys)}

    def _use(self, fault: _Fault) -> None:
        if fault.left is not None:
            fault.left -= 1
            if not fault.left:
                self._faults.remove(fault)
