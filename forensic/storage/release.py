"""The manifest of a release: the hash of every file that ships, and the check of these files before they are used.

``release.json`` is beside the package's code. ``python -m forensic.storage.release`` makes it again, after a model or
template was changed on purpose; the build of a wheel adds the code. The maintainers sign a release with ``--sign KEY``,
the last step before the wheel is built: the signature is of the code as well, and one changed byte of it ends it.
"""

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from forensic.errors import ReleaseError
from forensic.storage.atomic import written_whole
from forensic.storage.keys import asked_passphrase, is_signed, load_private_key, load_public_key, public_bytes
from forensic.storage.shipped import shipped

PACKAGE = Path(__file__).resolve().parents[1]
MANIFEST = PACKAGE / "release.json"
KINDS = ("models", "templates")
"""Folders of files that ship beside the code."""

SCHEMA_VERSION = 1

_AGAIN = "Install the program again. If you changed the file on purpose: python -m forensic.storage.release"


@dataclass(frozen=True, slots=True)
class Release:
    """What a manifest says.

    Attributes:
        version: of the program.
        files: SHA-256 by name: "models/...", "templates/..."; in a wheel also "forensic/...", the code.
        sha256: of version, models and templates, the same in a checkout and in a wheel.
        signature: Ed25519, in hexadecimal, of ``signed_bytes`` of everything, the code included; empty where nobody
            signed.
        public_key: of the signer, in hexadecimal; empty where nobody signed.
    """

    version: str
    files: dict[str, str]
    sha256: str
    signature: str
    public_key: str


def signed_bytes(version: str, files: Mapping[str, str]) -> bytes:
    """What a signature is of: the version and the hashes of files, in one spelling."""
    content = {"schema_version": SCHEMA_VERSION, "version": version, "files": dict(files)}
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def read_release() -> Release:
    """The manifest of the program that runs.

    Raises:
        ReleaseError: if it is missing or cannot be read.
    """
    try:
        content = json.loads(MANIFEST.read_bytes())
        version, files = str(content["version"]), {str(name): str(value) for name, value in content["files"].items()}
        signature, public_key = (bytes.fromhex(content.get(name, "")).hex() for name in ("signature", "public_key"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReleaseError(f"The manifest of the release, {MANIFEST}, cannot be read: {error}.", _AGAIN) from error
    data = {name: sha256 for name, sha256 in files.items() if name.partition("/")[0] in KINDS}
    return Release(version, files, hashlib.sha256(signed_bytes(version, data)).hexdigest(), signature, public_key)


def differences() -> list[str]:
    """What of the release is missing or changed, a sentence each.

    Raises:
        ReleaseError: if there is no manifest to hold it against.
    """
    found = []
    for name, stated in read_release().files.items():
        try:
            sha256 = hashlib.sha256(path_of(name).read_bytes()).hexdigest()
        except OSError as error:
            found.append(f"{path_of(name)} of the release cannot be read: {error.strerror}.")
            continue
        if sha256 != stated:
            found.append(
                f"{path_of(name)} is not as it was released: its SHA-256 is {sha256}, the release's is {stated}."
            )
    return found


@cache
def check_release() -> str:
    """See that everything that ships is as it was released; once in a process, since it takes a tenth of a second.

    Returns:
        SHA-256 of the manifest.

    Raises:
        ReleaseError: if a file is missing or differs.
    """
    if found := differences():
        more = f" {len(found) - 1} more differ." if len(found) > 1 else ""
        raise ReleaseError(found[0] + more, _AGAIN)
    return read_release().sha256


def check_signed_release(key: str) -> None:
    """``check_release``, and see that the release is signed.

    Args:
        key: file of the public key that must have signed it; empty where nobody need have.

    Raises:
        ReleaseError: as of ``check_release``, or if the release is not signed with the key.
        SealError: if the key cannot be read.
    """
    check_release()
    if key and not is_signed_with(load_public_key(Path(key))):
        raise ReleaseError(
            f"This release is not signed with {key}, or was changed since.",
            "Install a release that the owner of the key signed, or take release.key out of the settings.",
        )


def is_signed_with(key: Ed25519PublicKey) -> bool:
    """Whether the owner of a key signed the manifest, and the code that it is with."""
    said = read_release()
    has_code = any(name.startswith("forensic/") for name in said.files)  # as in a wheel, whose files were compared
    files = said.files if has_code else said.files | files_of(with_code=True)
    return is_signed(key, bytes.fromhex(said.signature), signed_bytes(said.version, files))


def is_released(path: Path) -> bool:
    """Whether a file is one of the manifest, and so checked by ``check_release``."""
    ours = read_release().files
    return any(
        f"{kind}/{path.absolute().relative_to(shipped(kind)).as_posix()}" in ours
        for kind in KINDS
        if shipped(kind) in path.absolute().parents
    )


def path_of(name: str) -> Path:
    """Where a file of the manifest is."""
    kind, _, below = name.partition("/")
    return (shipped(kind) if kind in KINDS else PACKAGE) / below


def files_of(*, with_code: bool) -> dict[str, str]:
    """SHA-256 of every file that ships, by its name in the manifest.

    Args:
        with_code: with the modules of the package as well.
    """
    names = {
        f"{kind}/{path.relative_to(shipped(kind)).as_posix()}": path for kind in KINDS for path in _below(shipped(kind))
    }
    if with_code:
        own = (path for path in _below(PACKAGE) if path != MANIFEST and "_shipped" not in path.parts)
        names |= {f"forensic/{path.relative_to(PACKAGE).as_posix()}": path for path in own}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted(names.items())}


@cache
def code_sha256() -> str:
    """A hash of every module of the package as it is, released or not."""
    content = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        content.update(f"{path.relative_to(PACKAGE)}\n".encode() + path.read_bytes())
    return content.hexdigest()


def _below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def manifest(version: str, files: dict[str, str], signed: dict[str, str] | None = None) -> bytes:
    """The bytes of a manifest: one line per file, so that changes can be merged.

    Args:
        version: of the program.
        files: as ``files_of`` gives them.
        signed: ``signature`` and ``public_key``; None where nobody signs.
    """
    content = {"schema_version": SCHEMA_VERSION, "version": version, **(signed or {}), "files": files}
    return json.dumps(content, indent=1).encode() + b"\n"


def main() -> None:
    """Make the manifest again from what is there."""
    import argparse

    import forensic

    parser = argparse.ArgumentParser(
        description="Make the manifest of the release from the models and templates there."
    )
    parser.add_argument("--sign", type=Path, metavar="KEY", help="private key (Ed25519) of `forensic keys new`")
    options = parser.parse_args()
    files = files_of(with_code=False)
    signed = None
    if options.sign:
        key = load_private_key(options.sign, asked_passphrase)
        signature = key.sign(signed_bytes(forensic.__version__, files_of(with_code=True)))
        signed = {"signature": signature.hex(), "public_key": public_bytes(key.public_key()).hex()}
    with written_whole(MANIFEST) as file:
        file.write(manifest(forensic.__version__, files, signed))
    sys.stdout.write(f"{MANIFEST}: {len(files)} files, {'signed' if signed else 'not signed'}\n")


if __name__ == "__main__":
    main()
