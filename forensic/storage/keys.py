"""Ed25519 keys: made, kept in files, used to sign and to verify."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from forensic.errors import SealError

_NEW_KEY = "Make one with `forensic keys new`."


def make_keys(private: Path, passphrase: str) -> Path:
    """Make a pair of keys: the private one encrypted and readable by its owner alone, the public one beside it.

    Args:
        private: new file of the private key; the public key's has the suffix ".pub" added.
        passphrase: that encrypts the private key; not empty.

    Returns:
        The file of the public key.

    Raises:
        SealError: if a file of either name is there, cannot be written, or the passphrase is empty.
    """
    public = public_file(private)
    if not passphrase:
        raise SealError("The passphrase is empty.", "Whoever has the file could sign: give a passphrase.")
    for path in (private, public):
        if path.exists():
            raise SealError(f"{path} is there already.", "Name a new file: a key that signed must not be lost.")
    key = Ed25519PrivateKey.generate()
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase.encode()))
    shown = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    try:
        private.parent.mkdir(parents=True, exist_ok=True)
        _write_new(private, encrypted, 0o600)
        _write_new(public, shown, 0o644)
    except OSError as error:
        raise SealError(f"The key cannot be written: {error.strerror}.", "Name another file with --out.") from error
    return public


def public_file(private: Path) -> Path:
    """Where the public key of a private one is."""
    return private.with_name(private.name + ".pub")


def load_private_key(path: Path, passphrase: Callable[[], str]) -> Ed25519PrivateKey:
    """Read a private key.

    Args:
        path: of the file.
        passphrase: gives the passphrase; not called for a key without one.

    Raises:
        SealError: if it cannot be read, is of another kind, or the passphrase is wrong.
    """
    content = _read(path)
    try:
        key = load_pem_private_key(content, passphrase().encode() if b"ENCRYPTED" in content else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SealError(
            f"{path} cannot be opened: it is no private key, or the passphrase is wrong.", _NEW_KEY
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SealError(f"{path} is a key of another kind than Ed25519.", _NEW_KEY)
    return key


def load_public_key(path: Path) -> Ed25519PublicKey:
    """Read a public key.

    Raises:
        SealError: if it cannot be read or is of another kind.
    """
    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SealError(f"{path} is no public key.", "Name the file that ends with .pub.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SealError(f"{path} is a key of another kind than Ed25519.", "Name the file that ends with .pub.")
    return key


def public_bytes(key: Ed25519PublicKey) -> bytes:
    """The 32 bytes of a public key."""
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_key_of(raw: bytes) -> Ed25519PublicKey:
    """The public key of 32 bytes.

    Raises:
        SealError: if they are none.
    """
    try:
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError as error:
        raise SealError("That is no public key.", _NEW_KEY) from error


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 of the 32 bytes of a public key, in hexadecimal: what to read out over the telephone."""
    return hashlib.sha256(public_bytes(key)).hexdigest()


def is_signed(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    """Whether a signature of the content is by the owner of the key."""
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def asked_passphrase() -> str:
    """The passphrase, typed without an echo; or that of the environment variable ``FORENSIC_PASSPHRASE``."""
    import getpass

    given = os.environ.get("FORENSIC_PASSPHRASE")
    return getpass.getpass("Passphrase: ") if given is None else given


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SealError(f"The key {path} cannot be read: {error.strerror}.", _NEW_KEY) from error


def _write_new(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
