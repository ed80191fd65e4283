"""Errors as X API v2 words them: whole refusals, and problems about one resource of an answer that is 200."""

from __future__ import annotations

from typing import Any

from nightrounds.sandbox.answers import Answer, json_answer
from nightrounds.sandbox.platforms._x_vocabulary import Vocabulary

UNAUTHORIZED = json_answer({"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}, 401)
TOO_MANY = {"title": "Too Many Requests", "detail": "Too Many Requests", "type": "about:blank", "status": 429}
UNAVAILABLE = json_answer(
    {"title": "Service Unavailable", "detail": "Service Unavailable", "type": "about:blank", "status": 503}, 503
)
NOT_ENROLLED = json_answer(
    {
        "client_id": "10000001",
        "detail": "When authenticating requests to the Twitter API v2 endpoints, you must use keys and tokens from a Twitter "
        "developer App that is attached to a Project. You can create a project via the developer portal.",
        "registration_url": "https://developer.twitter.com/en/docs/projects/overview",
        "title": "Client Forbidden",
        "required_enrollment": "Appropriate Level of API Access",
        "reason": "client-not-enrolled",
        "type": "https://api.twitter.com/2/problems/client-forbidden",
    },
    403,
)
USAGE_CAPPED = json_answer(
    {
        "account_id": 10000001,
        "product_name": "pay-per-use",
        "title": "UsageCapExceeded",
        "period": "Monthly",
        "scope": "Account",
        "detail": "Usage cap exceeded: Monthly account cap",
        "type": "https://api.twitter.com/2/problems/usage-capped",
    },
    429,
)
NO_SUCH_PATH = json_answer({"title": "Not Found", "type": "about:blank", "status": 404, "detail": "Not Found"}, 404)


class InvalidRequestError(Exception):
    """A request that X would refuse with 400: messages for each parameter at fault."""

    def __init__(self, parameter: str, value: str, message: str) -> None:
        super().__init__(message)
        self.parameter, self.value, self.message = parameter, value, message

    def answer(self, vocabulary: Vocabulary) -> Answer:
        problem = {
            "errors": [{"parameters": {self.parameter: [self.value]}, "message": self.message}],
            "title": "Invalid Request",
            "detail": "One or more parameters to your request was invalid.",
            "type": f"{vocabulary.problems}invalid-request",
        }
        return json_answer(problem, 400)


def not_found(vocabulary: Vocabulary, kind: str, parameter: str, value: str) -> dict[str, Any]:
    """`kind` is user or post; `parameter` is the one that named it."""
    noun = "user" if kind == "user" else vocabulary.noun
    return {
        "value": value,
        "detail": f"Could not find {noun} with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": noun,
        "parameter": parameter,
        "resource_id": value,
        "type": f"{vocabulary.problems}resource-not-found",
    }


def suspended(vocabulary: Vocabulary, parameter: str, value: str) -> dict[str, Any]:
    """X reports a suspended user as one that is not found, under another title."""
    return {
        "value": value,
        "detail": f"User has been suspended: [{value}].",
        "title": "Forbidden",
        "resource_type": "user",
        "parameter": parameter,
        "resource_id": value,
        "type": f"{vocabulary.problems}resource-not-found",
    }


def not_authorized(vocabulary: Vocabulary, kind: str, parameter: str, value: str) -> dict[str, Any]:
    """A protected user's timeline, or a post of a protected or suspended user."""
    noun, shown = ("user", "user") if kind == "user" else (vocabulary.noun, "Tweet" if vocabulary.noun == "tweet" else "Post")
    return {
        "resource_id": value,
        "parameter": parameter,
        "resource_type": noun,
        "section": "data",
        "title": "Authorization Error",
        "value": value,
        "detail": f"Sorry, you are not authorized to see the {shown} with {parameter}: [{value}].",
        "type": f"{vocabulary.problems}not-authorized-for-resource",
    }
