"""Passwords, keys, tokens and door codes in a text.

Keys and tokens are found by the plugins of detect-secrets (Apache-2.0), by their patterns alone: no file is scanned, and no key
is tried out at the service that gave it. Its patterns are Python's, so they see a short window at a time, and only where one
could match. People rather say passwords than assign them, so sentences that tell one are read beside ('the wifi password is
...', 'badge code 4471#').
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import BasePlugin, RegexBasedDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.cloudant import CloudantDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.ibm_cloud_iam import IbmCloudIamDetector
from detect_secrets.plugins.ibm_cos_hmac import IbmCosHmacDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.keyword import KeywordDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.private_key import PrivateKeyDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.softlayer import SoftlayerDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

from detectors._phrases import compile_pattern
from detectors._signs import Page, Sign

# Left out: high entropy (pictures' names and hashes), public addresses (no secret), Artifactory ('APACHERIDERS' would be one).
_PLUGINS: tuple[type[BasePlugin], ...] = (
    AWSKeyDetector, AzureStorageKeyDetector, BasicAuthDetector, CloudantDetector, DiscordBotTokenDetector, GitHubTokenDetector,
    GitLabTokenDetector, IbmCloudIamDetector, IbmCosHmacDetector, JwtTokenDetector, KeywordDetector, MailchimpDetector,
    NpmDetector, OpenAIDetector, PrivateKeyDetector, PypiTokenDetector, SendGridDetector, SlackDetector, SoftlayerDetector,
    SquareOAuthDetector, StripeDetector, TelegramBotTokenDetector, TwilioKeyDetector,
)  # fmt: skip
_WINDOW, _OVERLAP = (
    1_024,
    256,
)  # characters that the plugins see at a time; the longest key that they know is shorter than the second
_MOST = 32  # secrets of one text; more add nothing
_MOST_WINDOWS = 512
_SHORTEST, _SHORTEST_SAID = 6, 4  # characters of a value, in code and in a sentence
_BEFORE = 12  # characters before a door's code in which another kind of code is named
_NETWORKS = ("wifi", "wi-fi", "network", "red ")

_CAN_MATCH = compile_pattern(
    r"(?i)[a-z0-9_/+=-]{20}|passw|pwd|secret|contrase|_?key\b|BEGIN [A-Z0-9 ]{0,16}PRIVATE|PuTTY|://[^/\s:@]+:[^\s@]+@"
)
_NO_SECRET = compile_pattern(
    r"(?i)example|changeme|change_me|placeholder|redacted|your|xxx|\*\*\*|\.\.\.|^<.*>$|^\$?\{.*\}$|^(?:password|secret|none|null|true|false)$"
)
_SAYING = r"(?i)\b(wi-?fi|wlan|network|red)?[\s-]*(?:password|passcode|passwd|passphrase|pwd|pw|contrasena|clave)\b"
_QUOTED_OR_NOT = r"([\"'`]?[^\s\"'`]{4,40}[\"'`]?)"
_SAID = compile_pattern(
    rf"{_SAYING}(\s+(?:for|to|of|on|in|de|del|para|en)\s+(?:[^\s.!?:=]+\s+){{0,6}}?[^\s.!?:=]+)?\s*(?:\bis\b|\bes\b|[:=]|->)\s*"
    rf"{_QUOTED_OR_NOT}"
)
_BARE = compile_pattern(rf"{_SAYING}\s*,?\s+{_QUOTED_OR_NOT}")
_WORDS_AFTER = """
required needed free available posted reset changed expired expires expiring protected manager managers
managed managing policy policies below above here there necessaria necesaria requerida gratis incorrect wrong
weak strong secure safe unique different always never still and with without from that this your their when
please printed written shared sharing same displayed included valid invalid case-sensitive case-insensitive
two-factor multi-factor self-service
"""
_PLACE = (
    r"(?:doors?|gate|badge|alarm|lock|lock-?box|keypad|key ?box|garage|elevator|stairwell|supply|"
    r"storage|linen|break ?room|lounge|on-?call|call|"
    r"med(?:ication|s)?|clean|utility|pyxis|omnicell|locker|safe|entrance|server|pharmacy|vault|narc(?:otics?)?|puerta|alarma|cerradura|"
    r"porton|entrada|cuarto|sala|deposito|farmacia|caja|casillero|estacionamiento|ascensor)"
)
_CODE = r"(?:codes?|pin|combo|combination|codigo|clave|combinacion)"
_DIGITS = r"[#*]?\d{3,8}[#*]?(?:[-\s]\d{1,4}){0,3}[#*]?"
_DOOR = compile_pattern(
    rf"(?i)\b{_PLACE}\s+(?:\w+\s+){{0,2}}?{_CODE}\b[^.!?\n]{{0,40}}?({_DIGITS})"
    rf"|\b{_CODE}\s+(?:for|to|on|at|in|de|del|para|a)\s+(?:[\w&'/-]+\s+){{0,6}}?{_PLACE}\b[^.!?\n]{{0,40}}?({_DIGITS})"
)
_OTHER_CODES = compile_pattern(
    r"(?i)\b(?:zip|postal|area|promo|discount|coupon|dress|qr|bar|billing|cpt|icd|building|fire|source|color|"
    r"colour|"
    r"code (?:blue|red|gray|grey|silver|pink|white|stroke|stemi)|codigo postal|de area|de vestimenta|de barras)\b"
)


def secrets_in(page: Page) -> Iterator[Sign]:
    """Signs 'secret', 'password' and 'door_code', at the secrets themselves."""
    text = page.folded.text
    yield from islice(_by_plugins(page, text), _MOST)
    yield from islice(_passwords(page, text), _MOST)
    yield from islice(_door_codes(page, text), _MOST)


def _by_plugins(page: Page, text: str) -> Iterator[Sign]:
    seen: set[tuple[int, int]] = set()
    for start, window in islice(_windows(text), _MOST_WINDOWS):
        for first, last in _in_window(window) if _CAN_MATCH.search(window) else ():
            place = (start + first, start + last)
            if place not in seen and not _NO_SECRET.search(window[first:last]):
                seen.add(place)
                yield Sign("secret", page, *place)


def _in_window(window: str) -> Iterator[tuple[int, int]]:
    """Places by the plugins' own patterns, which tell more exactly than `analyze_string`: that gives a part of what matched."""
    for plugin in _plugins():
        if isinstance(plugin, RegexBasedDetector):
            for match in (found for regex in plugin.denylist for found in regex.finditer(window)):
                if not isinstance(plugin, JwtTokenDetector) or plugin.is_formally_valid(match[0]):
                    yield match.span()
        else:
            for value in (value for line in window.split("\n") for value in plugin.analyze_string(line)):
                if len(value) >= _SHORTEST:
                    yield window.find(value), window.find(value) + len(value)


def _windows(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    while True:
        yield start, text[start : start + _WINDOW]
        if start + _WINDOW >= len(text):
            return
        start += _WINDOW - _OVERLAP


def _passwords(page: Page, text: str) -> Iterator[Sign]:
    for match in _SAID.finditer(text):
        network, whose, value = match.groups()
        about_a_network = bool(network) or any(word in (whose or "").lower() for word in _NETWORKS)
        bare = _bare(value)
        if bare and (
            _is_made_up(bare) or bare.isdigit() or _is_told(value, about_a_network, text[match.end() : match.end() + 2])
        ):
            yield _at("password", page, match, 3, bare)
    for match in _BARE.finditer(text):
        bare = _bare(match[2])
        if bare and _is_made_up(bare):
            yield _at("password", page, match, 2, bare)


def _bare(value: str) -> str:
    """The value without what stands around it; empty where it is a word that is said of passwords, or a blank to fill in."""
    bare = value.strip("\"'`.,;:!?)(")
    if value[-1:] == "!" and _is_made_up(bare):  # it may be a part of it
        bare += "!"
    return "" if len(bare) < _SHORTEST_SAID or bare.lower() in _WORDS_AFTER.split() or _NO_SECRET.search(bare) else bare


def _at(name: str, page: Page, match: Any, group: int, bare: str) -> Sign:
    start = match.start(group) + match[group].find(bare)
    return Sign(name, page, start, start + len(bare))


def _is_made_up(bare: str) -> bool:
    """Whether a word is none of a language: figures among letters, or a sign inside."""
    letters = any(map(str.isalpha, bare))
    return letters and (any(map(str.isdigit, bare)) or any(char in "!$%^&*+_~|" for char in bare))


def _is_told(value: str, about_a_network: bool, after: str) -> bool:
    """A plain word counts in quotation marks, or as all that is said of a network's password."""
    if value[0] in "\"'`" and value[-1] in "\"'`":
        return True
    ends = not after.strip() or value[-1] in ".,;!" or not after.strip()[0].isalnum()
    return about_a_network and ends and value[:1].isalpha()


def _door_codes(page: Page, text: str) -> Iterator[Sign]:
    for match in _DOOR.finditer(text):
        if not _OTHER_CODES.search(text[max(0, match.start() - _BEFORE) : match.end()]):
            yield Sign("door_code", page, *match.span(1 if match[1] else 2))


@cache
def _plugins() -> tuple[BasePlugin, ...]:
    return tuple(plugin() for plugin in _PLUGINS)
