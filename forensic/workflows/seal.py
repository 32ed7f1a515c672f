"""``forensic keys`` and ``forensic seal``: results signed, and the signature verified with the public key alone.

A seal is the file ``seal.json`` beside the results: the hash of every file, the head of the audit log, and an Ed25519
signature of both. Whoever has a report, its seal and the public key can verify it, with no case and no network.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from forensic.case.audit import read_audit
from forensic.case.discovery import hash_file
from forensic.case.folder import AUDIT_LOG, open_case
from forensic.case.provenance import software
from forensic.case.results import (
    ALONE,
    RESULTS,
    Output,
    draft,
    files_alone,
    finish_into,
    outputs_of,
    settle_results_into,
    stated_alone,
    stated_outputs,
)
from forensic.errors import FileReadError, SealError
from forensic.storage.atomic import written_whole
from forensic.storage.inert import json_text
from forensic.storage.keys import (
    fingerprint,
    is_signed,
    load_private_key,
    load_public_key,
    make_keys,
    public_bytes,
    public_key_of,
)

SEAL = "seal.json"
SIGNED_REPORT = "report.signed.pdf"

_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Certificate:
    """A laboratory's certificate for a PDF signature.

    Attributes:
        path: PKCS #12 file with key and certificate.
        passphrase: of the file.
    """

    path: Path
    passphrase: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal as it was read.

    Attributes:
        id: of the results.
        sealed_utc: when it was sealed, by the clock of the signer.
        audit_head: SHA-256 of the last line of the case's log before the seal.
        files: SHA-256 of each file that was sealed, by name.
        key: that it names as the signer's.
        signature: of ``content``.
        content: what was signed.
    """

    id: str
    sealed_utc: str
    audit_head: str
    files: Mapping[str, str]
    key: Ed25519PublicKey
    signature: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class Verification:
    """What a seal says of a report.

    Attributes:
        signer: fingerprint of the public key (SHA-256).
        sealed_utc: when it was sealed, by the clock of the signer.
        id: of the results.
        audit_head: SHA-256 of the last line of the case's log before the seal.
        problems: what does not hold, a sentence each; none if the report is the one that was sealed.
    """

    signer: str
    sealed_utc: str
    id: str
    audit_head: str
    problems: tuple[str, ...]


def new_keys(private: Path, passphrase: str) -> tuple[Path, str]:
    """Make a pair of keys.

    Args:
        private: new file of the private key.
        passphrase: that encrypts it.

    Returns:
        The file of the public key, and the fingerprint to tell others.

    Raises:
        SealError: if they cannot be made.
    """
    public = make_keys(private, passphrase)
    return public, fingerprint(load_public_key(public))


def seal(
    results: Path, key: Path, passphrase: Callable[[], str], certificate: Certificate | None = None
) -> tuple[Path, Path | None]:
    """Sign the results of a case, or those of a validation or calibration with whatever was put beside them.

    Args:
        results: their folder: ``CASE/comparisons/ID``, ``CASE/links/ID``, or that of a validation or calibration.
        key: file of the private key.
        passphrase: gives its passphrase.
        certificate: with which to sign a copy of the newest report as PAdES; None for none.

    Returns:
        The seal, and the signed copy of the report.

    Raises:
        SealError: if the folder holds no results, a file of them is not the one that the log names, they are sealed
            already, or key or certificate cannot be used.
        CaseError: if the case was changed, or is in use.
    """
    folder = results.absolute()
    if (folder / SEAL).exists():
        raise SealError(
            f"{results} is sealed already.", "A seal is not replaced: make the results again, and seal the new ones."
        )
    private = load_private_key(key, passphrase)
    with _sealable(folder) as found:
        signed = None
        if certificate is not None:
            signed = folder / SIGNED_REPORT
            _sign_pdf(_newest_report(folder), signed, certificate)
        content = {
            "schema_version": _SCHEMA_VERSION,
            "id": found.id,
            "of": found.of,
            "sealed_utc": datetime.now(UTC).isoformat(),
            "software": software(),
            "audit_head": read_audit(found.log).head,
            "files": found.files(folder),
            "public_key": public_bytes(private.public_key()).hex(),
        }
        signature = private.sign(signed_bytes(content))
        text = json_text({**content, "signature": signature.hex()})
        facts = {"id": found.id, "of": found.of, "signer": fingerprint(private.public_key())}
        with draft(folder / Path(SEAL).stem) as drafted:  # a kill leaves nothing, or what the next command settles
            with written_whole(drafted.folder / SEAL) as file:
                file.write(text.encode())
            if signed is not None:
                signed.rename(drafted.folder / signed.name)
            finish_into(drafted, found.log, "seal", facts)
    return folder / SEAL, signed


@dataclass(frozen=True, slots=True)
class _Sealable:
    """Results that are as their log says.

    Attributes:
        id: of them.
        of: what they are.
        log: that knows them.
        files: gives the SHA-256 of each file that is sealed, by name.
    """

    id: str
    of: str
    log: Path
    files: Callable[[Path], dict[str, str]]


@contextmanager
def _sealable(folder: Path) -> Iterator[_Sealable]:
    """The results in a folder, checked; those of a case with the case held."""
    if folder.parent.name in RESULTS and folder.is_dir():
        with open_case(folder.parents[1], create=False) as case:
            stated = stated_outputs(read_audit(case.audit_log)).get(f"{folder.parent.name}/{folder.name}", {})
            there = outputs_of(folder)
            _check_logged(folder, {name: there.get(name) for name in {*there, *stated}}, stated)
            yield _Sealable(folder.name, folder.parent.name, case.audit_log, outputs_of)
        return
    log = folder / AUDIT_LOG
    trail = read_audit(log)
    alone = stated_alone(trail)
    if alone is None:
        raise SealError(
            f"{folder} is no folder of results.",
            "Name CASE/comparisons/ID, CASE/links/ID, or the folder of a validation or calibration.",
        )
    if trail.problems:
        raise SealError(f"The audit log {log} is not as it was left: {trail.problems[0]}", "Restore it from a copy.")
    settle_results_into(folder, Path(SEAL).stem, log, trail)
    there = files_alone(folder)
    _check_logged(folder, {name: there.get(name) for name in alone.files}, alone.files)
    yield _Sealable(alone.made.facts.get("report_id", folder.name), ALONE[alone.made.action], log, files_alone)


def signed_bytes(content: Mapping[str, Any]) -> bytes:
    """What a seal's signature is of: all but the signature, in one spelling."""
    bare = {name: value for name, value in content.items() if name != "signature"}
    return json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def verify_seal(report: Path, public_key: Path | None, seal_file: Path | None) -> Verification:
    """Hold a file of sealed results against its seal.

    Args:
        report: ``report.pdf``, or any other file of the results.
        public_key: of the signer, from the signer. None: only that the file is the one that the seal's own key signed,
            which whoever forges both achieves as well; that is a problem.
        seal_file: the seal. None: ``seal.json`` beside the file.

    Raises:
        SealError: if there is no seal, or it or the key cannot be read.
    """
    said = read_seal(seal_file or report.parent / SEAL)
    problems = []
    key = load_public_key(public_key) if public_key else said.key
    if public_key is None:
        problems.append("Whose key it is was not checked: name the signer's public key with --key.")
    elif public_bytes(key) != public_bytes(said.key):
        problems.append("It was sealed with another key.")
    if not is_signed(key, said.signature, said.content):
        problems.append("The signature does not hold: the seal was changed, or is of another key.")
    problems += _against_seal(report, said.files)
    return Verification(fingerprint(key), said.sealed_utc, said.id, said.audit_head, tuple(problems))


def read_seal(path: Path) -> Seal:
    """Read a seal; whether its signature holds is not looked at.

    Raises:
        SealError: if there is none, or it cannot be read.
    """
    try:
        content = json.loads(path.read_bytes())
        raw, signature = bytes.fromhex(content["public_key"]), bytes.fromhex(content["signature"])
        files = {str(name): str(value) for name, value in content["files"].items()}
        id_, sealed_utc, head = (str(content[name]) for name in ("id", "sealed_utc", "audit_head"))
    except OSError as error:
        raise SealError(f"There is no seal at {path}: {error.strerror}.", "Name it with --seal.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SealError(f"{path} is no seal, or was changed.", "Ask the signer for it again.") from error
    return Seal(id_, sealed_utc, head, files, public_key_of(raw), signature, signed_bytes(content))


def _against_seal(report: Path, files: Mapping[str, str]) -> list[str]:
    try:
        sha256 = hash_file(report).sha256
    except FileReadError as error:
        raise SealError(f"{report}: {error.problem}", "Check the path.") from error
    problems = []
    if sha256 not in files.values():
        problems.append(f"{report} is none of the files that were sealed: its SHA-256 is {sha256}.")
    return problems


def _check_logged(folder: Path, there: Mapping[str, str | None], stated: Mapping[str, Output]) -> None:
    """See that files of the results are those that the log names."""
    wrong = sorted(name for name, sha256 in there.items() if name not in stated or stated[name].sha256 != sha256)
    if not stated or wrong:
        what = f"{folder / wrong[0]} is not as the log says" if wrong else f"The log knows no results {folder.name}"
        raise SealError(f"{what}: it is not sealed.", "See what `forensic audit` says of it.")


def _newest_report(folder: Path) -> Path:
    """The last version of the report: ``report.pdf``, or the ``report-N.pdf`` of the highest N."""
    later = folder.glob("report-[0-9]*.pdf")
    return max(later, key=lambda path: int(path.stem.partition("-")[2]), default=folder / "report.pdf")


def _sign_pdf(report: Path, signed: Path, certificate: Certificate) -> None:
    """A copy of the report with a PAdES signature (baseline B-B)."""
    try:
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import signers
        from pyhanko.sign.fields import SigSeedSubFilter
    except ImportError as error:
        raise SealError(
            "Signing with a certificate needs the library pyHanko.", "Install forensic[pades], or seal without one."
        ) from error
    passphrase = certificate.passphrase().encode()
    signer = signers.SimpleSigner.load_pkcs12(certificate.path, passphrase=passphrase)  # type: ignore[no-untyped-call]
    if signer is None:
        raise SealError(
            f"{certificate.path} cannot be opened: it is no PKCS #12 file, or the passphrase is wrong.",
            "Export key and certificate into one .p12 file.",
        )
    dates = signer.signing_cert.not_valid_before, signer.signing_cert.not_valid_after
    if not dates[0] <= datetime.now(UTC) <= dates[1]:
        raise SealError(
            f"The certificate in {certificate.path} is valid from {dates[0]:%Y-%m-%d} to {dates[1]:%Y-%m-%d} alone.",
            "Seal with one that is valid today, or without one.",
        )
    facts = signers.PdfSignatureMetadata(field_name="Laboratory", subfilter=SigSeedSubFilter.PADES)
    made = io.BytesIO()
    with report.open("rb") as file:
        signers.sign_pdf(IncrementalPdfFileWriter(file), facts, signer=signer, output=made)
    with written_whole(signed) as out:
        out.write(made.getbuffer())
