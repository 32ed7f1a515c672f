"""Sealed results are verified with the public key alone, and every change of them shows."""

import json
import shutil
import stat

import pytest

from forensic.case.folder import open_case
from forensic.case.results import draft, finish
from forensic.errors import SealError
from forensic.storage.keys import load_private_key, make_keys
from forensic.workflows.audit import audit
from forensic.workflows.seal import seal, verify_seal


@pytest.fixture
def results(tmp_path):
    with open_case(tmp_path / "case", create=True) as case, draft(case.comparisons / "one") as made:
        (made.folder / "report.pdf").write_bytes(b"%PDF-1.7 of a report")
        (made.folder / "results.json").write_text('{"method": {}}')
        return finish(made, case.audit_log, "compare", {})


@pytest.fixture
def key(tmp_path):
    make_keys(tmp_path / "key", "secret")
    return tmp_path / "key"


def _sealed(results, key):
    return seal(results, key, lambda: "secret")[0]


def test_keys_are_private_encrypted_and_never_replaced(key):
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert b"ENCRYPTED" in key.read_bytes()
    with pytest.raises(SealError, match="there already"):
        make_keys(key, "secret")
    with pytest.raises(SealError, match="passphrase is wrong"):
        load_private_key(key, lambda: "guess")
    with pytest.raises(SealError, match="empty"):
        make_keys(key.with_name("other"), "")


def test_a_sealed_report_verifies_away_from_its_case(results, key, tmp_path):
    sealed = _sealed(results, key)
    away = tmp_path / "away"
    away.mkdir()
    shutil.copy(results / "report.pdf", away / "Report of the laboratory.pdf")
    shutil.copy(sealed, away)
    found = verify_seal(away / "Report of the laboratory.pdf", key.with_name("key.pub"), None)
    assert (found.problems, found.id) == ((), "one")
    assert audit(tmp_path / "case").is_right


@pytest.mark.parametrize("name", ["report.pdf", "seal.json"])
def test_every_changed_byte_shows(results, key, name):
    _sealed(results, key)
    path = results / name
    content = path.read_bytes()
    for place in range(0, len(content), 5):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        try:
            assert verify_seal(results / "report.pdf", key.with_name("key.pub"), None).problems, place
        except SealError:
            continue  # what is left is no seal


def test_another_key_and_no_key_show(results, key):
    _sealed(results, key)
    make_keys(key.with_name("other"), "secret")
    assert "another key" in verify_seal(results / "report.pdf", key.with_name("other.pub"), None).problems[0]
    assert "--key" in verify_seal(results / "report.pdf", None, None).problems[0]


def test_a_seal_signed_again_with_a_key_of_the_forgers_own_shows(results, key):
    sealed = _sealed(results, key)
    content = json.loads(sealed.read_text())
    make_keys(key.with_name("forger"), "x")
    forger = load_private_key(key.with_name("forger"), lambda: "x")
    from forensic.storage.keys import public_bytes
    from forensic.workflows.seal import signed_bytes

    content["public_key"] = public_bytes(forger.public_key()).hex()
    content["signature"] = forger.sign(signed_bytes(content)).hex()
    sealed.write_text(json.dumps(content))
    assert verify_seal(results / "report.pdf", key.with_name("key.pub"), None).problems


def test_results_that_are_not_as_the_log_says_are_not_sealed(results, key):
    (results / "results.json").write_text("{}")
    with pytest.raises(SealError, match="is not as the log says"):
        _sealed(results, key)


def test_results_are_sealed_once(results, key):
    _sealed(results, key)
    with pytest.raises(SealError, match="already"):
        _sealed(results, key)


def test_the_newest_report_signed_with_a_certificate_is_valid_by_pyhanko(results, key, tmp_path):
    pytest.importorskip("pyhanko")
    weasyprint = pytest.importorskip("weasyprint")
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    from forensic.case.audit import append_audit
    from forensic.case.results import outputs_of
    from forensic.workflows.seal import Certificate

    pdf = weasyprint.HTML(string="<p>A report").write_pdf(pdf_variant="pdf/a-3u")
    (results / "report-10.pdf").write_bytes(pdf)
    (results / "report-9.pdf").write_bytes(b"an earlier version")
    facts = {"id": "one", "of": "comparisons", "outputs_sha256": outputs_of(results)}
    append_audit(tmp_path / "case" / "audit.jsonl", "report", facts)
    file = _pkcs12(tmp_path)
    _, signed = seal(results, key, lambda: "secret", Certificate(file, lambda: "secret"))
    from pyhanko.keys import load_cert_from_pemder

    root = load_cert_from_pemder(str(tmp_path / "cert.pem"))
    assert signed.read_bytes().startswith(pdf)
    with signed.open("rb") as opened:
        (signature,) = PdfFileReader(opened).embedded_signatures
        status = validate_pdf_signature(signature, ValidationContext(trust_roots=[root], allow_fetching=False))
    assert status.intact
    assert status.valid
    assert status.trusted
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert audit(tmp_path / "case").is_right
    signed.write_bytes(signed.read_bytes().replace(b"/Type", b"/Typo", 1))
    with signed.open("rb") as opened:
        (signature,) = PdfFileReader(opened).embedded_signatures
        status = validate_pdf_signature(signature, ValidationContext(trust_roots=[root], allow_fetching=False))
    assert not status.intact


def test_a_certificate_that_has_expired_signs_nothing(results, key, tmp_path):
    pytest.importorskip("pyhanko")
    from forensic.workflows.seal import Certificate

    file = _pkcs12(tmp_path, days_left=-1)
    with pytest.raises(SealError, match="is valid from"):
        seal(results, key, lambda: "secret", Certificate(file, lambda: "secret"))
    assert sorted(path.name for path in results.iterdir()) == ["report.pdf", "results.json"]


def _pkcs12(folder, days_left=9):
    """A certificate that signs itself, as a laboratory's might."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12
    from cryptography.x509.oid import NameOID

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A laboratory")])
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    ) | {"encipher_only": False, "decipher_only": False}
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days_left))
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .sign(private, hashes.SHA256())
    )
    made = pkcs12.serialize_key_and_certificates(b"lab", private, certificate, None, BestAvailableEncryption(b"secret"))
    (folder / "lab.p12").write_bytes(made)
    (folder / "cert.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    return folder / "lab.p12"


def test_a_seal_whose_command_was_killed_is_settled(results, key, killed_before_its_name):
    """Between its line in the log and its name: the next command puts it in place."""
    killed_before_its_name(_sealed, results, key)
    assert not (results / "seal.json").exists()
    with open_case(results.parents[1], create=False):
        pass
    assert verify_seal(results / "report.pdf", key.with_name("key.pub"), None).problems == ()
