"""Sealing: people's words are stored as AES-256-GCM ciphertext bound to their table, row and field; look-ups go by keyed hashes.

A sealed value is `version (1 byte) | length of key id (1) | key id | nonce (12) | ciphertext and tag`. Keys come from settings
in production; on one machine they are made on first start in the data folder, readable by their owner alone.
"""

import hmac
import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = 1
NONCE = 12  # bytes, NIST SP 800-38D §8.2
KEY = 32  # bytes: AES-256, and the pepper alike
KEY_FILE = "sealing.json"


class SealError(Exception):
    """A sealed value cannot be opened."""


class SealBroken(SealError):
    """The value was changed, cut, or belongs to another table, row or field."""


class UnknownKey(SealError):
    """The value names a key that the ring does not hold."""


class BadKeys(Exception):
    """The keys given are unusable; the message says why, without showing any."""


class WrongKeys(BadKeys):
    """The keys are not those this data was sealed with."""


@dataclass(frozen=True)
class KeyRing:
    """The keys by id, and the one that seals; the others open what was sealed before them."""

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
    """Seals and opens single values. Safe for concurrent use."""

    def __init__(self, ring: KeyRing, *, random: Callable[[int], bytes] = os.urandom) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in ring.keys.items()}
        self._active = self._ciphers[ring.active_id]
        self._head = _head(ring.active_id)
        self._random = random

    def seal(self, table: str, row_id: object, field: str, plaintext: bytes) -> bytes:
        """`plaintext` sealed with the active key; it opens only under the same table, row and field."""
        nonce = self._random(NONCE)
        return self._head + nonce + self._active.encrypt(nonce, plaintext, _bound(self._head, table, row_id, field))

    def open(self, table: str, row_id: object, field: str, value: bytes) -> bytes:
        """The plaintext. Raises SealBroken or UnknownKey."""
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

    def reseal_needed(self, value: bytes) -> bool:
        """Whether `value` was sealed with another key than the active one."""
        return not value.startswith(self._head)


class Pepper:
    """Keyed hashes of what is compared or looked up but not read (PINs, identifiers, fingerprints), a sub-key for each purpose."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY:
            raise BadKeys(f"the pepper has {len(secret)} bytes, not {KEY}")
        self._secret = secret
        self._subkeys: dict[str, bytes] = {}

    def keyed_hmac(self, purpose: str, data: bytes) -> bytes:
        """HMAC-SHA-256 of `data`, 32 bytes, under the sub-key of `purpose` (HKDF, RFC 5869). Purposes are constants, never input."""
        subkey = self._subkeys.get(purpose)
        if subkey is None:
            subkey = self._subkeys[purpose] = HKDF(SHA256(), KEY, salt=None, info=b"aryz/" + purpose.encode()).derive(self._secret)
        return hmac.digest(subkey, data, "sha256")


@dataclass(frozen=True)
class KeyMaterial:
    """Everything secret that a service needs for its data."""

    ring: KeyRing
    pepper: Pepper = field(repr=False)
    secret: bytes = field(repr=False)


def from_settings(text: str) -> KeyMaterial:
    """Keys as one line of JSON: `{"active": "k1", "keys": {"k1": BASE64}, "pepper": BASE64}`, 32 bytes each. Raises BadKeys."""
    try:
        given = json.loads(text)
        keys = {str(key_id): b64decode(key, validate=True) for key_id, key in given["keys"].items()}
        active, secret = str(given["active"]), b64decode(given["pepper"], validate=True)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadKeys('keys are given as {"active": id, "keys": {id: base64}, "pepper": base64}') from None
    return KeyMaterial(KeyRing(active, keys), Pepper(secret), secret)


def load_or_create_keys(folder: Path) -> KeyMaterial:
    """The keys kept in `folder`, made on first use (folder 0700, file 0600). Two processes starting together end with the same keys."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    path = folder / KEY_FILE
    if not path.exists():
        write_secret(path, _as_text("k1", {"k1": secrets.token_bytes(KEY)}, secrets.token_bytes(KEY)), replace=False)
    return from_settings(path.read_text())


def add_key(folder: Path) -> KeyMaterial:
    """Rotation: a new active key beside the old ones, which go on opening what they sealed."""
    material = load_or_create_keys(folder)
    number = 1 + len(material.ring.keys)
    while (active := f"k{number}") in material.ring.keys:
        number += 1
    keys = {**material.ring.keys, active: secrets.token_bytes(KEY)}
    write_secret(folder / KEY_FILE, _as_text(active, keys, material.secret), replace=True)
    return load_or_create_keys(folder)


def write_secret(path: Path, text: str, *, replace: bool) -> None:
    """Write `text` to `path` with mode 0600, whole or not at all; without `replace` a file that another process put there first stays."""
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
    """A fingerprint per key, to be kept beside the data: it tells a wrong key at start, and nothing about the key."""
    prints = {key_id: hmac.digest(key, b"aryz key check", "sha256").hex() for key_id, key in material.ring.keys.items()}
    return prints | {"pepper": material.pepper.keyed_hmac("key check", b"").hex()}


def verify_key_check(material: KeyMaterial, known: Mapping[str, str]) -> None:
    """Raise WrongKeys if the data was sealed with a key that is missing or different now. `known`: an earlier `key_check`."""
    now = key_check(material)
    for key_id, fingerprint in known.items():
        if key_id not in now:
            raise WrongKeys(f"the data was sealed with key {key_id!r}, which is missing; put it back into the ring")
        if now[key_id] != fingerprint:
            raise WrongKeys(f"key {key_id!r} is not the one this data was sealed with; restore the former keys")


def check_keys(material: KeyMaterial, path: Path) -> None:
    """Compare the keys with the check file beside the data, and note new keys there. Raises WrongKeys."""
    if path.exists():
        verify_key_check(material, json.loads(path.read_text()))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_secret(path, json.dumps(key_check(material)), replace=True)


def _head(key_id: str) -> bytes:
    return bytes([VERSION, len(key_id)]) + key_id.encode()


def _bound(head: bytes, table: str, row_id: object, field: str) -> bytes:
    """What a value is bound to; lengths in front keep neighbours apart."""
    parts = [part.encode() for part in (table, str(row_id), field)]
    return head + b"".join(len(part).to_bytes(4) + part for part in parts)


def _as_text(active: str, keys: Mapping[str, bytes], pepper: bytes) -> str:
    encoded = {key_id: b64encode(key).decode() for key_id, key in keys.items()}
    return json.dumps({"active": active, "keys": encoded, "pepper": b64encode(pepper).decode()})
