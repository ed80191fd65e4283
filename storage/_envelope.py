"""The key ring's cryptography: AES-256-GCM envelopes, and keyed hashes for look-ups.

An envelope is: version (1 byte), length of the key id (1), key id, nonce (12), ciphertext with its tag. The place where a
value is kept (`table.column`) is authenticated with it, so that a value moved to another column does not open.
Nonces are random: NIST SP 800-38D allows 2**32 envelopes a key, so rotate long before.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import StorageError

_VERSION = b"\x01"
_NONCE = 12
KEY_BYTES = 32


class Envelope(bytes):
    """Bytes that were sealed. A sealed column takes nothing else, so that plain text can't slip in."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Envelope({len(self)} bytes)"


ERASED = Envelope(b"")  # what stands where a sealed value was taken out


def to_bytes(text: str) -> bytes:
    """UTF-8, keeping the lone surrogates that hostile JSON can carry."""
    return text.encode("utf-8", "surrogatepass")


def to_text(plain: bytes) -> str:
    return plain.decode("utf-8", "surrogatepass")


def prefix_of(key_id: str) -> bytes:
    """The first bytes of every envelope that was sealed with this key."""
    name = key_id.encode("ascii")
    return _VERSION + bytes([len(name)]) + name


class KeyRing:
    """Several encryption keys by id, one of them active, and the index key, which is never rotated."""

    def __init__(self, *, active: str, keys: Mapping[str, bytes], index: bytes) -> None:
        self.active = active
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._index = hmac.new(index, digestmod="sha256")
        self._prefix = prefix_of(active)

    def __repr__(self) -> str:
        return f"KeyRing(active={self.active!r}, keys={sorted(self._ciphers)})"

    @property
    def key_ids(self) -> frozenset[str]:
        return frozenset(self._ciphers)

    def seal(self, plain: bytes, place: str) -> Envelope:
        nonce = os.urandom(_NONCE)
        return Envelope(self._prefix + nonce + self._ciphers[self.active].encrypt(nonce, plain, place.encode()))

    def unseal(self, envelope: bytes, place: str) -> bytes:
        """Raises: StorageError: not an envelope, its key is not in the ring, or it was changed or moved."""
        key_id = key_id_of(envelope, place)
        cipher = self._ciphers.get(key_id) or self._ciphers_after_reload().get(key_id)
        if cipher is None:
            raise StorageError(f"{place}: sealed with key {key_id!r}, which is not in the key ring; put that key back")
        start = 2 + len(key_id)
        try:
            return cipher.decrypt(envelope[start : start + _NONCE], envelope[start + _NONCE :], place.encode())
        except InvalidTag:
            raise StorageError(
                f"{place}: a value sealed with key {key_id!r} does not open: the key is another one, or the value was changed"
            ) from None

    def fingerprint(self, value: bytes, place: str) -> bytes:
        """A keyed hash (HMAC-SHA-256, 32 bytes): equal for equal values of one place, no use for guessing without the key."""
        hashed = self._index.copy()
        hashed.update(place.encode() + b"\x00" + value)
        return hashed.digest()

    def _ciphers_after_reload(self) -> Mapping[str, AESGCM]:
        """A ring that lives in a file reads it again: another process may have rotated the keys meanwhile."""
        return self._ciphers

    def _take(self, other: KeyRing) -> None:
        self.active, self._ciphers, self._prefix = other.active, other._ciphers, other._prefix


def key_id_of(envelope: bytes, place: str) -> str:
    """Raises: StorageError: these bytes are no envelope."""
    if envelope[:1] != _VERSION or len(envelope) < 2 or len(envelope) < 2 + envelope[1] + _NONCE:
        raise StorageError(f"{place}: expected a sealed value, found something else")
    try:
        return envelope[2 : 2 + envelope[1]].decode("ascii")
    except UnicodeDecodeError:
        raise StorageError(f"{place}: expected a sealed value, found something else") from None
