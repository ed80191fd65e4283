"""A platform's options as an installation writes them: in the environment, wrong ones, and tokens that can't be right."""

from __future__ import annotations

import json
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel, SecretStr

from core.errors import ConfigError
from core.settings import load_settings
from nightrounds.platforms import crawler_classes, parse_options

ENTRIES = {"rebase": ("https://site.example", "http://127.0.0.1:8650"), "sites": ("https://site.example", {"pages": True})}
HOSTS = {"pds_hosts", "pds_hosts_added"}


def composed() -> list[tuple[str, str]]:
    """Every option of every platform that is a mapping or a list."""
    return [
        (name, option)
        for name, crawler in crawler_classes().items()
        for option, field in crawler.Options.model_fields.items()
        if get_origin(field.annotation) in {dict, list, tuple}
    ]


def a_value(platform: str, option: str) -> Any:
    annotation = crawler_classes()[platform].Options.model_fields[option].annotation
    if get_origin(annotation) is dict:
        key, value = ENTRIES.get(option, ("handle", "act.secret"))
        return {key: value}
    if option in HOSTS:
        return ["pds.example.org"]
    element = get_args(annotation)[0]
    return [get_args(element)[0]] if get_args(element) and isinstance(get_args(element)[0], str) else [4]


def plain(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_defaults=True)
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    return value if isinstance(value, str) else list(value)


def test_there_are_such_options():
    assert {("tiktok", "tokens"), ("mastodon", "honour"), ("website", "sites"), ("bluesky", "pds_hosts")} <= set(composed())


@pytest.mark.parametrize(("platform", "option"), composed(), ids=map("-".join, composed()))
def test_a_mapping_or_list_is_json_in_the_environment(platform, option, monkeypatch, tmp_path):
    value = a_value(platform, option)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(f"NIGHTROUNDS_PLATFORMS__{platform.upper()}__{option.upper()}", json.dumps(value))
    options = parse_options(crawler_classes()[platform], load_settings().platforms[platform])
    found = plain(getattr(options, option))
    assert [*found] == [*value] or found == {f"{key}:443": inner for key, inner in value.items()}
    if isinstance(value, dict):
        assert [*found.values()] == [*value.values()]


@pytest.mark.parametrize(("platform", "option"), composed(), ids=map("-".join, composed()))
@pytest.mark.parametrize("value", ["act.secret", "{'handle': 'act.secret'}", '{"handle": ', "[" * 100_000, '"act.secret"'])
def test_what_is_no_json_is_refused_by_the_options_name(platform, option, value):
    with pytest.raises(ConfigError) as refusal:
        parse_options(crawler_classes()[platform], {option: value})
    told = str(refusal.value)
    assert f"platforms.{platform}.{option}: expected a" in told or f"platforms.{platform}.{option}: expected JSON" in told
    assert "act" not in told.replace("expected", "")
    assert "handle" not in told


@pytest.mark.parametrize(
    ("platform", "given", "words"),
    [
        ("x", {"bearer": "b"}, "platforms.x.bearer: no such option; there are daily_calls, "),
        ("x", {"vocabulary": "word"}, "platforms.x.vocabulary: expected 'tweet' or 'post'"),
        ("x", {"timeout": "long"}, "platforms.x.timeout: expected a number"),
        ("x", {"timeout": 301}, "platforms.x.timeout: expected 300.0 or less"),
        ("x", {"max_pages": "many"}, "platforms.x.max_pages: expected a whole number"),
        ("x", {"max_pages": 0}, "platforms.x.max_pages: expected more than 0"),
        ("x", {"exclude_replies": "perhaps"}, "platforms.x.exclude_replies: expected true or false"),
        ("x", {"bearer_token": 5}, "platforms.x.bearer_token: expected a string"),
        ("facebook", {"version": "26"}, "platforms.facebook.version: expected something like v26.0"),
        ("linkedin", {"version": "2026-10"}, "platforms.linkedin.version: expected something like 202610"),
        ("instagram", {"ig_user_id": "@us"}, "platforms.instagram.ig_user_id: expected something like 17841400000000000"),
        ("website", {"user_agent": "1 2"}, "platforms.website.user_agent: expected something like NightRounds"),
        ("tiktok", {"tokens": {"a": "t", "some.body": 5}}, "platforms.tiktok.tokens, entry 2: expected a string"),
        ("mastodon", {"honour": ["noindex", "all"]}, "platforms.mastodon.honour, entry 2: expected 'noindex', 'indexable' or"),
        ("website", {"sites": {"https://a.example": {"artikel": "p"}}}, "platforms.website.sites, entry 1: no such option"),
        ("website", {"sites": {"https://a.example": 7}}, "platforms.website.sites, entry 1: expected a table of options"),
        (
            "website",
            {"rebase": {"https://a.example": "https://b.example"}},
            "platforms.website.rebase: expected origin: http://",
        ),
        ("archive", {}, "platforms.archive.path: must be set"),
    ],
)
def test_a_wrong_option_is_told_in_plain_words(platform, given, words):
    with pytest.raises(ConfigError) as refusal:
        parse_options(crawler_classes()[platform], given)
    assert str(refusal.value).startswith(words)
    assert "some.body" not in str(refusal.value)


def test_no_option_is_left_to_the_librarys_own_words():
    for crawler in crawler_classes().values():
        for option in crawler.Options.model_fields:
            for wrong in (object(), -1, [[]], {"a": object()}):
                try:
                    parse_options(crawler, {option: wrong})
                except ConfigError as refusal:
                    told = [line for line in str(refusal).splitlines() if "must be set" not in line]
                    assert not [line for line in told if "Input" in line or "Value error" in line]
