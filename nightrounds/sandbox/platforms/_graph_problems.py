"""The Graph API's error envelope: code, subcode and a trace id, with the status that Meta gives each."""

from __future__ import annotations

import itertools
import re

from nightrounds.sandbox.answers import Answer, json_answer
from nightrounds.sandbox.native_ids import number_of

_TRACES = itertools.count(1)
UNSUPPORTED = (
    "Unsupported get request. Object with ID '{}' does not exist, cannot be loaded due to missing permissions, or does not "
    "support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api"
)


class GraphError(Exception):
    """A request that the Graph API refuses."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        status: int = 400,
        subcode: int | None = None,
        kind: str = "OAuthException",
        transient: bool = False,
    ) -> None:
        super().__init__(message)
        self.code, self.status, self.subcode, self.kind, self.transient = code, status, subcode, kind, transient

    def answer(self) -> Answer:
        error = {"message": str(self), "type": self.kind, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.transient:
            error["is_transient"] = True
        headers = {}
        if self.code in (104, 190):
            headers["www-authenticate"] = f'OAuth "Facebook Platform" "invalid_token" "{self}"'
        return json_answer({"error": error | {"fbtrace_id": trace_id()}}, self.status, headers)


def trace_id() -> str:
    return f"A{number_of(f'trace {next(_TRACES)}', below=36**20):022x}"


def missing(node: str) -> GraphError:
    """No such object, or one that this token may not see: Meta does not say which."""
    if re.fullmatch(r"[0-9_]+", node):
        return GraphError(100, UNSUPPORTED.format(node), subcode=33, kind="GraphMethodException")
    return GraphError(803, f"(#803) Some of the aliases you requested do not exist: {node}", status=404)


def expired() -> GraphError:
    return GraphError(
        190,
        "Error validating access token: Session has expired on Monday, 16-Nov-26 03:00:00 PST. The current time is "
        "Monday, 16-Nov-26 15:00:00 PST.",
        subcode=463,
    )


def no_permission() -> GraphError:
    return GraphError(
        10,
        "(#10) This endpoint requires the 'pages_read_engagement' permission or the 'Page Public Content Access' feature. "
        "Refer to https://developers.facebook.com/docs/apps/review/login-permissions#manage-pages for details.",
        status=403,
    )


def page_limit() -> GraphError:
    return GraphError(
        80001,
        "There have been too many calls to this Page account. Wait a bit and try again. For more info, please refer to "
        "https://developers.facebook.com/docs/graph-api/overview/rate-limiting.",
        subcode=2446079,
    )


def application_limit() -> GraphError:
    return GraphError(4, "(#4) Application request limit reached", status=403, transient=True)


def service_down() -> GraphError:
    return GraphError(2, "An unexpected error has occurred. Please retry your request later.", status=500, transient=True)
