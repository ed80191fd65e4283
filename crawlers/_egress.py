"""The guard on every connection of the site crawler: only public addresses, judged at the moment of connecting.

A name is judged by what it resolves to at that moment, and the connection goes to the very addresses that were judged. So
redirects, rebinding and odd spellings (2130706433, 127.1, [::1]) all pass through here. The one exception are the stand-ins of
`rebase`: requests for a named origin go to a named loopback origin, and the rest of the crawler never learns of it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last 32 bits
_NOT_PUBLIC = "a host whose address is not public"
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


class EgressRefused(Exception):
    """The guard refused an address. The message never holds it."""


class UnknownHost(Exception):
    """The name service says that there is no such name."""


def origin(url: str) -> str:
    """scheme://host:port of a URL, lower case, with the port always written.

    Raises:
        EgressRefused: no http or https URL, no host, userinfo in it, or a port that is no port.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise EgressRefused("an address that can't be read") from None
    if parts.scheme not in _DEFAULT_PORTS:
        raise EgressRefused("only http and https are fetched")
    if parts.username is not None or parts.password is not None:
        raise EgressRefused("an address with a user name in it")
    if not parts.hostname:
        raise EgressRefused("an address without a host")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host.rstrip('.')}:{_DEFAULT_PORTS[parts.scheme] if port is None else port}"


def is_public(address: str) -> bool:
    """Whether an IP address lies on the public internet, also when it wraps an IPv4 address."""
    ip = ip_address(address.partition("%")[0])
    inner: IPv4Address | None = None
    if isinstance(ip, IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = IPv4Address(int(ip) & 0xFFFFFFFF)
        if ip.ipv4_mapped is None and ip not in _NAT64 and (not ip.is_global or ip.is_site_local):
            return False
    judged = inner or ip
    return judged.is_global and not judged.is_multicast and not judged.is_reserved


def _as_number(host: str) -> str:
    """The IP address that a host is written as, 127.1 and 2130706433 among the spellings; empty for a name."""
    try:
        return str(ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host)) if host[-1:].isalnum() and host.isascii() else ""
    except OSError:
        return ""


class Egress:
    """Judges URLs and addresses. `resolve` is socket.getaddrinfo's shape."""

    def __init__(self, rebase: Mapping[str, str], resolve: Callable[..., list[Any]] = socket.getaddrinfo) -> None:
        self._rebase = {origin(source): origin(target) for source, target in rebase.items()}
        targets = (urlsplit(target) for target in self._rebase.values())
        self._stand_ins = {(target.hostname, target.port) for target in targets}
        self._resolve = resolve
        self._verdicts: dict[str, Exception | None] = {}

    def check(self, url: str) -> None:
        """Refuse what must not even be looked up.

        Raises:
            EgressRefused: see `origin`; a port other than 80 and 443; or a number as host, in any spelling, that is not public.
        """
        place = origin(url)
        if place in self._rebase:
            return
        if int(place.rpartition(":")[2]) not in _DEFAULT_PORTS.values():
            raise EgressRefused("only ports 80 and 443 are fetched")
        number = _as_number(urlsplit(url).hostname or "")
        if number and not is_public(number):
            raise EgressRefused(_NOT_PUBLIC)

    def stand_in(self, url: str) -> str | None:
        """The loopback URL that answers for `url`, None when the site itself does."""
        target = self._rebase.get(origin(url))
        if target is None:
            return None
        parts = urlsplit(url)
        return f"{target}{parts.path or '/'}{'?' + parts.query if parts.query else ''}"

    def getaddrinfo(self, host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        """socket.getaddrinfo, answering only if every address is public (one private among them is an attack, not a spare)."""
        name = host.decode("ascii") if isinstance(host, bytes) else host
        self._verdicts[name] = None
        try:
            found = self._resolve(host, port, *args, **kwargs)
        except socket.gaierror as error:
            if error.errno in _NO_SUCH_NAME:
                self._verdicts[name] = UnknownHost("there is no such host")
            raise
        if (name, port) not in self._stand_ins and not all(is_public(str(entry[4][0])) for entry in found):
            self._verdicts[name] = EgressRefused(_NOT_PUBLIC)
            raise socket.gaierror(socket.EAI_FAIL, "refused")
        return found

    def verdict(self, host: str) -> Exception | None:
        """Why `host` did not resolve at the last try, as far as this guard knows."""
        return self._verdicts.get(host)
