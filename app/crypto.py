"""Secrets at rest: AES-256-GCM bound to the place they are stored (reliability §9)."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app import logs


class CryptoError(Exception):
    """A value that does not decrypt here; never carries the value."""


@dataclass(frozen=True)
class Vault:
    """Encrypts with the first key, decrypts with any.

    ``keys`` maps a key id to 32 bytes; ``first`` is the id that encrypts.
    """

    keys: dict[str, bytes]
    first: str

    @classmethod
    def parse(cls, text: str) -> Vault:
        """From ``ENCRYPTION_KEYS``: ``id:base64,id:base64``. Raises ``CryptoError``."""
        keys: dict[str, bytes] = {}
        for part in filter(None, (p.strip() for p in text.split(","))):
            name, _, encoded = part.partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except (binascii.Error, ValueError) as error:
                raise CryptoError(f"ENCRYPTION_KEYS: key {name!r} is not base64.") from error
            if len(key) != 32 or not name:
                raise CryptoError(f"ENCRYPTION_KEYS: key {name!r} must be 32 bytes.")
            keys[name] = key
        if not keys:
            raise CryptoError("ENCRYPTION_KEYS holds no key.")
        return cls(keys, next(iter(keys)))

    def encrypt(self, plain: str, place: str) -> str:
        """``v1:<key id>:<nonce>:<ciphertext>``; ``place`` is ``table.column.row id``."""
        nonce = secrets.token_bytes(12)
        sealed = AESGCM(self.keys[self.first]).encrypt(nonce, plain.encode(), place.encode())
        return f"v1:{self.first}:{_b64(nonce)}:{_b64(sealed)}"

    def decrypt(self, stored: str, place: str) -> str:
        """The clear text; raises ``CryptoError`` where key, place or bytes do not fit."""
        try:
            version, name, nonce, sealed = stored.split(":")
            if version != "v1":
                raise CryptoError("Unknown version of a stored secret.")
            key = AESGCM(self.keys[name])
            plain = key.decrypt(_unb64(nonce), _unb64(sealed), place.encode()).decode()
        except (ValueError, KeyError, InvalidTag) as error:
            raise CryptoError("A stored secret does not decrypt with the present keys.") from error
        logs.secret(plain)  # from here on no log of this process shows it (reliability §12)
        return plain


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
