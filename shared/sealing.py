"""Sealing: personal text is stored as AES-256-GCM ciphertext bound to its table, row and field. Keyed hashes serve look-ups.

A sealed value is `version (1 byte) | length of key id (1) | key id | nonce (12) | ciphertext and tag`. In production the keys
come from the settings. On one machine the first start creates them in the data folder, readable by their owner alone.
"""

import hmac
import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = 1
NONCE = 12  # bytes, NIST SP 800-38D §8.2
KEY = 32  # bytes: AES-256; the pepper has the same length
KEY_FILE = "sealing.json"


class SealError(Exception):
    """A sealed value cannot be opened."""


class SealBroken(SealError):
    """The value was changed or truncated, or belongs to another table, row or field."""


class UnknownKey(SealError):
    """The value was sealed with a key that the ring does not hold."""


class BadKeys(Exception):
    """The given keys are unusable. The message says why and contains no key."""


class WrongKeys(BadKeys):
    """The keys differ from those that sealed this data."""


@dataclass(frozen=True)
class KeyRing:
    """The keys by id. The active key seals; every key opens what it sealed."""

    active_id: str
    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.active_id not in self.keys:
            raise BadKeys(f"the active key {self.active_id!r} is not in the ring")
        for key_id, key in self.keys.items():
            if len(key) != KEY:
                raise BadKeys(f"key {key_id!r} has {len(key)} bytes, not {KEY}")
            if not (key_id.isascii() and 0 < len(key_id) <= 32):  # noqa: PLR2004 - it is stored in front of every value
                raise BadKeys("a key id is 1 to 32 ASCII characters")


class Sealer:
    """Seals and opens single values. Instances are safe for concurrent use."""

    def __init__(self, ring: KeyRing, *, random: Callable[[int], bytes] = os.urandom) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in ring.keys.items()}
        self._active = self._ciphers[ring.active_id]
        self._head = _head(ring.active_id)
        self._random = random

    def seal(self, table: str, row_id: object, field: str, plaintext: bytes) -> bytes:
        """Return `plaintext` sealed with the active key. It opens only with the same table, row and field."""
        nonce = self._random(NONCE)
        return self._head + nonce + self._active.encrypt(nonce, plaintext, _bound(self._head, table, row_id, field))

    def open(self, table: str, row_id: object, field: str, value: bytes) -> bytes:
        """Return the plaintext of a sealed value. Raises SealBroken or UnknownKey."""
        start = 2 + value[1] if len(value) > 1 and value[0] == VERSION else 0
        if not start or len(value) < start + NONCE:
            raise SealBroken("not a sealed value")
        head, nonce, sealed = value[:start], value[start : start + NONCE], value[start + NONCE :]
        cipher = self._ciphers.get(head[2:].decode("ascii", "replace"))
        if cipher is None:
            raise UnknownKey("sealed with a key that is not in the ring")
        try:
            return cipher.decrypt(nonce, sealed, _bound(head, table, row_id, field))
        except InvalidTag:
            raise SealBroken("the value was changed or moved") from None


class Pepper:
    """Keyed hashes for values that are compared or looked up but never read back: PINs, identifiers, fingerprints."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY:
            raise BadKeys(f"the pepper has {len(secret)} bytes, not {KEY}")
        self._secret = secret
        self._keyed: dict[str, HMAC] = {}

    def keyed_hmac(self, purpose: str, data: bytes) -> bytes:
        """Return the HMAC-SHA-256 of `data`, 32 bytes, under the sub-key of `purpose` (HKDF, RFC 5869).

        A purpose is a constant, never input.
        """
        keyed = self._keyed.get(purpose)
        if keyed is None:
            subkey = HKDF(SHA256(), KEY, salt=None, info=b"aryz/" + purpose.encode()).derive(self._secret)
            keyed = self._keyed[purpose] = HMAC(subkey, SHA256())
        keyed = keyed.copy()  # the key is scheduled once: 0.5 µs, half the time of the standard library's class
        keyed.update(data)
        return keyed.finalize()


@dataclass(frozen=True)
class KeyMaterial:
    """All secrets that a service needs for its data."""

    ring: KeyRing
    pepper: Pepper = field(repr=False)
    secret: bytes = field(repr=False)


def from_settings(text: str) -> KeyMaterial:
    """Parse keys from one line of JSON. Raises BadKeys.

    The form is `{"active": "k1", "keys": {"k1": BASE64}, "pepper": BASE64}`, 32 bytes each.
    """
    try:
        given = json.loads(text)
        keys = {str(key_id): b64decode(key, validate=True) for key_id, key in given["keys"].items()}
        active, secret = str(given["active"]), b64decode(given["pepper"], validate=True)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadKeys('keys are given as {"active": id, "keys": {id: base64}, "pepper": base64}') from None
    return KeyMaterial(KeyRing(active, keys), Pepper(secret), secret)


def load_or_create_keys(folder: Path) -> KeyMaterial:
    """Load the keys in `folder`, creating them on first use (folder 0700, file 0600). Processes that start together get the same keys."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    path = folder / KEY_FILE
    if not path.exists():
        write_secret(path, _as_text("k1", {"k1": secrets.token_bytes(KEY)}, secrets.token_bytes(KEY)), replace=False)
    return from_settings(path.read_text())


def add_key(folder: Path) -> KeyMaterial:
    """Add a new active key and keep the old ones, which still open what they sealed."""
    material = load_or_create_keys(folder)
    number = 1 + len(material.ring.keys)
    while (active := f"k{number}") in material.ring.keys:
        number += 1
    keys = {**material.ring.keys, active: secrets.token_bytes(KEY)}
    write_secret(folder / KEY_FILE, _as_text(active, keys, material.secret), replace=True)
    return load_or_create_keys(folder)


def write_secret(path: Path, text: str, *, replace: bool) -> None:
    """Write `text` to `path` atomically with mode 0600. Without `replace` an existing file stays unchanged."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            try:
                path.hardlink_to(draft)
            except FileExistsError:
                return
    finally:
        draft.unlink(missing_ok=True)


def key_check(material: KeyMaterial) -> dict[str, str]:
    """Return a fingerprint of every key, to be stored with the data.

    It identifies a wrong key at start and reveals nothing about the key.
    """
    prints = {key_id: hmac.digest(key, b"aryz key check", "sha256").hex() for key_id, key in material.ring.keys.items()}
    return prints | {"pepper": material.pepper.keyed_hmac("key check", b"").hex()}


def verify_key_check(material: KeyMaterial, known: Mapping[str, str]) -> None:
    """Raise WrongKeys if a key of `known`, an earlier `key_check`, is now missing or different."""
    now = key_check(material)
    for key_id, fingerprint in known.items():
        if key_id not in now:
            raise WrongKeys(f"the data was sealed with key {key_id!r}, which is missing; put it back into the ring")
        if now[key_id] != fingerprint:
            raise WrongKeys(f"key {key_id!r} is not the one this data was sealed with; restore the former keys")


def check_keys(material: KeyMaterial, path: Path) -> None:
    """Compare the keys with the check file of the data folder and add new keys to it. Raises WrongKeys."""
    if path.exists():
        verify_key_check(material, json.loads(path.read_text()))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_secret(path, json.dumps(key_check(material)), replace=True)


def _head(key_id: str) -> bytes:
    return bytes([VERSION, len(key_id)]) + key_id.encode()


def _bound(head: bytes, table: str, row_id: object, field: str) -> bytes:
    """Return the associated data of a sealed value. Lengths in front of the parts keep them unambiguous."""
    before, after = _around_row(head, table, field)
    return before + _measured(str(row_id)) + after


@lru_cache(maxsize=256)  # fields of all tables, for a few keys
def _around_row(head: bytes, table: str, field: str) -> tuple[bytes, bytes]:
    return head + _measured(table), _measured(field)


def _measured(part: str) -> bytes:
    written = part.encode()
    return len(written).to_bytes(4) + written


def _as_text(active: str, keys: Mapping[str, bytes], pepper: bytes) -> str:
    encoded = {key_id: b64encode(key).decode() for key_id, key in keys.items()}
    return json.dumps({"active": active, "keys": encoded, "pepper": b64encode(pepper).decode()})
