"""What a text tells of the inside of a network: private addresses, internal hosts, shares, and numbers of tickets."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from itertools import islice

from core.policy import Policy
from detectors._hosts import Address, find_addresses
from detectors._phrases import compile_pattern
from detectors._signs import Page, Sign, sentence_around

_MOST = 64  # addresses of one text that are looked at
_PRIVATE = tuple(ipaddress.ip_network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_AT_HOME = frozenset({"192.168.0.1", "192.168.1.1", "192.168.1.254", "192.168.2.1", "10.0.0.1"})  # every household's router
_INSIDE = frozenset({"local", "internal", "intranet", "corp", "lan", "localdomain", "priv"})
_WORD_ENDS = re.compile(r"[-_.\d]+")
_BEFORE = 16  # characters before a number in which a word says that it is no address
_NO_ADDRESS = compile_pattern(
    r"(?i)(?:\bv|version|release|build|firmware|ios|android|section|chapter|table|figure|seccion|capitulo)[\s.:]*$"
)
_SHARE = compile_pattern(
    r"(?i)\\\\[a-z0-9][a-z0-9.-]{1,60}\\[^\s\"'<>|]{2,120}|\bssh\s+[a-z0-9_.-]+@[a-z0-9.-]{2,80}|\b(?:jdbc|ldaps?|smb|rdp)://\S{3,120}"
)
_TICKET = compile_pattern(
    r"\b(?:INC|RITM|SCTASK|CTASK|CHG|PRB|REQ)[-# ]?\d{6,10}\b"
    r"|(?i:\b(?:ticket|incident|case|caso|incidente)\s*(?:no\.?|num(?:ber|ero)?|id)?\s*[:#]?\s*#?[A-Z]{0,5}-?\d{4,10}\b)"
)
_OF_A_DESK = compile_pattern(r"\b(?:INC|RITM|SCTASK|CTASK|CHG|PRB|REQ)[-# ]?\d{6,10}\b")
_DESK = compile_pattern(
    r"\b(?:help ?-?desk|i\.t\.|it support|it team|service ?now|jira|epic|cerner|citrix|vpn|servers?|outage|downtime|"
    r"sysadmin|network|firewall|soporte|sistemas|"
    r"mesa de ayuda|servidor)\b"
)


class InsideHosts:
    """Judges addresses by the policy: our domains, the public hosts below them, and words that internal ones bear."""

    def __init__(self, policy: Policy, phrases: dict[str, tuple[str, ...]]) -> None:
        self._own = tuple(domain.lower() for domain in policy.institution.domains)
        self._public = frozenset(host.lower() for host in phrases.get("public_hosts", ()))
        self._words = frozenset(word.lower() for word in phrases.get("internal_hosts", ()))

    def signs(self, page: Page) -> Iterator[Sign]:
        """Signs 'private_address', 'internal_host', 'unlisted_host', 'share' and 'ticket'."""
        text = page.folded.text
        for address in islice(find_addresses(text), _MOST):
            name = self._kind(address, text)
            if name:
                yield Sign(name, page, address.start, address.end)
        for match in islice(_SHARE.finditer(text), _MOST):
            yield Sign("share", page, *match.span())
        for match in islice(_TICKET.finditer(text), _MOST):
            if _OF_A_DESK.search(match[0]) or _DESK.search(sentence_around(page, *match.span())):
                yield Sign("ticket", page, *match.span())

    def _kind(self, address: Address, text: str) -> str:
        host = address.host.lower().strip(".")
        if host.rpartition(".")[2].isdigit():
            return "private_address" if _is_private(host) and not _is_version(text, address.start) else ""
        if address.user and not address.has_scheme:
            return ""  # mail
        labels = host.split(".")
        if labels[-1] in _INSIDE:
            return "internal_host" if address.has_scheme or len(labels) > 2 or _has_figures(labels[0]) else ""
        below = next((host[: -len(own) - 1] for own in self._own if host.endswith(f".{own}")), "")
        if not below or host in self._public or host.removeprefix("www.") in {*self._own, *self._public}:
            return ""
        if any(host.endswith(f".{public}") for public in self._public if public not in self._own):
            return ""
        return "internal_host" if self._words.intersection(_WORD_ENDS.split(below)) else "unlisted_host"


def _is_private(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return host not in _AT_HOME and any(address in net for net in _PRIVATE)


def _is_version(text: str, start: int) -> bool:
    return _NO_ADDRESS.search(text[max(0, start - _BEFORE) : start]) is not None


def _has_figures(label: str) -> bool:
    return any(map(str.isdigit, label)) or "-" in label
