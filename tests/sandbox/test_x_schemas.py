"""The X stand-in's answers against the published OpenAPI descriptions of both vocabularies, where those are at hand."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from nightrounds.sandbox.platforms._x_objects import version_id
from nightrounds.sandbox.platforms._x_vocabulary import POST, TWEET, Vocabulary
from nightrounds.sandbox.server import Sandbox
from nightrounds.sandbox.view import view_of

SPECS = Path(__file__).resolve().parents[2] / "../shared/data/specs/x"
FILES = {"tweet": "openapi-2.166-tweet-vocabulary.json", "post": "openapi-2.167-post-vocabulary.json"}
PATHS = {
    "users by name": "/2/users/by",
    "user by name": "/2/users/by/username/{username}",
    "users": "/2/users",
    "user": "/2/users/{id}",
    "timeline": "/2/users/{id}/tweets",
    "tweets": "/2/tweets",
    "tweet": "/2/tweets/{id}",
}
HANDLES = ["SinaiSandboxNY", "SinaiSandboxHi", "SinaiSandboxES", "deedee_nights", "hannah_b_queens", "MountSinaiHeIp"]


class Description:
    """An OpenAPI 3.0 document with its schemas as JSON Schema, in which nothing undescribed gets through."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        schemas = document["components"]["schemas"]
        self.parts = {name for schema in schemas.values() for name in _parts(schema)}
        self.schemas = {name: self._schema(schema, closed=name not in self.parts) for name, schema in schemas.items()}
        self.by_type = {
            name: schema["discriminator"]["mapping"] for name, schema in schemas.items() if "discriminator" in schema
        }

    def validator(self, path: str) -> Draft202012Validator:
        schema = self.document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        return Draft202012Validator({**self._schema(schema, closed=True), "components": {"schemas": self.schemas}})

    def parameters(self, path: str) -> dict[str, set[str]]:
        """List parameters with the values that they take."""
        described = {}
        for parameter in self.document["paths"][path]["get"]["parameters"]:
            if "$ref" in parameter:
                parameter = self.document["components"]["parameters"][parameter["$ref"].rsplit("/", 1)[1]]
            described[parameter["name"]] = set(parameter["schema"].get("items", {}).get("enum", []))
        return described

    def _schema(self, schema: dict[str, Any], *, closed: bool) -> dict[str, Any]:
        if "$ref" in schema:
            return self._reference(schema["$ref"])
        made = {key: value for key, value in schema.items() if key not in ("nullable", "discriminator", "example", "format")}
        for key in ("oneOf", "anyOf", "allOf"):
            if key in made:
                made[key] = [self._part(part) if key == "allOf" else self._schema(part, closed=closed) for part in made[key]]
        if "properties" in made:
            made["properties"] = {name: self._schema(part, closed=True) for name, part in made["properties"].items()}
        if "items" in made:
            made["items"] = self._schema(made["items"], closed=True)
        if closed and "additionalProperties" not in made and ("properties" in made or "allOf" in made):
            made["unevaluatedProperties"] = False
        if schema.get("nullable") and "type" in made:
            made["type"] = [made["type"], "null"]
        return made

    def _part(self, part: dict[str, Any]) -> dict[str, Any]:
        """A schema that another one is made of: open, and without its own discriminator."""
        return {"$ref": part["$ref"]} if "$ref" in part else self._schema(part, closed=False)

    def _reference(self, reference: str) -> dict[str, Any]:
        target = self.document["components"]["schemas"][reference.rsplit("/", 1)[1]]
        mapping = target.get("discriminator", {}).get("mapping")
        if not mapping or "oneOf" in target:
            return {"$ref": reference}
        cases = [
            {"properties": {"type": {"const": value}}, "allOf": [{"$ref": case}], "unevaluatedProperties": False}
            for value, case in mapping.items()
        ]
        return {"oneOf": cases}


def _parts(schema: Any) -> set[str]:
    """Names of the schemas that stand in an allOf."""
    if isinstance(schema, list):
        return set().union(*map(_parts, schema)) if schema else set()
    if not isinstance(schema, dict):
        return set()
    own = {part["$ref"].rsplit("/", 1)[1] for part in schema.get("allOf", []) if "$ref" in part}
    mapping = schema.get("discriminator", {}).get("mapping", {}) if "oneOf" not in schema else {}
    own |= {case.rsplit("/", 1)[1] for case in mapping.values()}
    return own.union(*(_parts(value) for value in schema.values()))


@cache
def description(vocabulary: str) -> Description:
    path = SPECS / FILES[vocabulary]
    if not path.is_file():
        pytest.skip("the OpenAPI descriptions are not at hand")
    return Description(json.loads(path.read_text(encoding="utf-8")))


def everything(vocabulary: Vocabulary, *, of_user: bool) -> dict[str, str]:
    """A query that asks for every field and expansion there is."""
    post_fields = {vocabulary.fields_parameter: ",".join(sorted(vocabulary.post_fields))}
    users = {"user.fields": ",".join(sorted(vocabulary.user_fields))}
    if of_user:
        return post_fields | users | {"expansions": ",".join(sorted(vocabulary.user_expansions))}
    media = {"media.fields": "alt_text,height,media_key,type,url,width"}
    return post_fields | users | media | {"expansions": ",".join(sorted(vocabulary.expansions))}


def check(vocabulary: str, path: str, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    problems = [
        f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"
        for e in description(vocabulary).validator(path).iter_errors(body)
    ]
    assert problems == []
    return dict(body)


@pytest.mark.parametrize("vocabulary", [TWEET, POST], ids=lambda v: v.name)
def test_the_vocabularies_take_what_is_described(vocabulary: Vocabulary) -> None:
    described = description(vocabulary.name)
    for path, of_user in ((PATHS["timeline"], False), (PATHS["users by name"], True)):
        for name, values in described.parameters(path).items():
            if values and name != "exclude":
                assert vocabulary.allowed(name, of_user=of_user) == values, f"{path} {name}"


@pytest.mark.parametrize("night", [1, 2])
@pytest.mark.parametrize("vocabulary", [TWEET, POST], ids=lambda v: v.name)
def test_every_timeline_is_as_described(sandbox: Sandbox, x: httpx.Client, vocabulary: Vocabulary, night: int) -> None:
    sandbox.night = night
    ids = [user["id"] for user in x.get("/2/users/by", params={"usernames": ",".join(HANDLES)}).json()["data"]]
    seen = 0
    for user in ids:
        query = everything(vocabulary, of_user=False) | {"max_results": "10"}
        while True:
            body = check(vocabulary.name, PATHS["timeline"], x.get(f"/2/users/{user}/tweets", params=query))
            seen += len(body.get("data", []))
            if "next_token" not in body.get("meta", {}):
                break
            query["pagination_token"] = body["meta"]["next_token"]
    assert seen > 80


@pytest.mark.parametrize("vocabulary", [TWEET, POST], ids=lambda v: v.name)
def test_every_lookup_is_as_described(sandbox: Sandbox, x: httpx.Client, vocabulary: Vocabulary) -> None:
    sandbox.night = 2
    users, posts = everything(vocabulary, of_user=True), everything(vocabulary, of_user=False)
    name = vocabulary.name
    gone = version_id(view_of(1).by_id["care-deleted"], 0)
    private = version_id(view_of(1).by_id["hannah-pothos"], 0)
    found = check(
        name, PATHS["users by name"], x.get("/2/users/by", params={"usernames": ",".join([*HANDLES, "nobody"]), **users})
    )
    user = found["data"][0]["id"]
    check(name, PATHS["users"], x.get("/2/users", params={"ids": f"{user},1", **users}))
    check(name, PATHS["user"], x.get(f"/2/users/{user}", params=users))
    check(name, PATHS["user"], x.get("/2/users/1", params=users))
    check(name, PATHS["user by name"], x.get("/2/users/by/username/MountSinaiHeIp", params=users))
    ids = [
        version_id(view_of(2).by_id[post], 0)
        for post in ("dee-retweet", "care-review-gone", "news-night2-quote", "dee-edit-phi")
    ]
    body = check(name, PATHS["tweets"], x.get("/2/tweets", params={"ids": ",".join([*ids, gone, private, "1"]), **posts}))
    assert len(body["data"]) == 4
    assert len(body["errors"]) == 4
    for one in (ids[0], gone, private):
        check(name, PATHS["tweet"], x.get(f"/2/tweets/{one}", params=posts))


def test_the_check_itself_can_fail() -> None:
    validator = description("tweet").validator(PATHS["timeline"])
    assert not validator.is_valid({"data": [{"id": "1", "text": "x", "colour": "red"}]})
    assert not validator.is_valid({"data": [{"id": 1, "text": "x"}]})
    assert not validator.is_valid({"errors": [{"title": "Not Found Error", "type": "about:nothing"}]})
    assert validator.is_valid({"data": [{"id": "1", "text": "x"}]})
