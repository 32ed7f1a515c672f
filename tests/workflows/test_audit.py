"""A log that was made again from its start is found by what others hold: seals, reports and time stamps."""

import hashlib
import json
import re
import shutil
import subprocess

import pytest

from forensic.case.audit import read_audit
from forensic.case.folder import open_case
from forensic.case.results import draft, finish
from forensic.storage.keys import make_keys
from forensic.workflows.audit import DIFFERENT, audit, write_time_stamp_request
from forensic.workflows.seal import seal

_STAMPING_SERVICE = """
[tsa]
default_tsa = here
[here]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
"""


@pytest.fixture
def sealed(tmp_path):
    """A case whose only results are sealed."""
    with open_case(tmp_path / "case", create=True) as case:
        head = case.audit_head
        with draft(case.comparisons / "one") as made:
            (made.folder / "report.pdf").write_bytes(b"%PDF-1.7 of a report")
            (made.folder / "results.json").write_text(json.dumps({"method": {"audit_head": ""}, "head": head}))
            results = finish(made, case.audit_log, "compare", {})
    make_keys(tmp_path / "key", "secret")
    seal(results, tmp_path / "key", lambda: "secret")
    return tmp_path / "case"


def _made_again(case):
    """Make the whole chain again with other facts in its first line, as whoever may write the case can."""
    log = case / "audit.jsonl"
    previous, made = "0" * 64, []
    for raw in log.read_bytes().splitlines():
        entry = json.loads(raw)
        entry["facts"] |= {"changed": True}
        entry["previous_sha256"] = previous
        made.append(json.dumps(entry, sort_keys=True).encode())
        previous = hashlib.sha256(made[-1]).hexdigest()
    log.write_bytes(b"\n".join(made) + b"\n")
    (case / "audit.head").write_text(json.dumps({"lines": len(made), "sha256": previous}))


def _findings(case, *anchors):
    return [each.finding for each in audit(case, anchors).checked if each.verdict == DIFFERENT]


def test_a_sealed_case_is_right_and_its_seal_names_its_key(sealed):
    found = audit(sealed)
    assert found.is_right
    assert any(re.search("seal.json is whole.*fingerprint", each.finding) for each in found.checked)


def test_a_log_made_again_is_found_by_the_seal_in_the_case(sealed):
    _made_again(sealed)
    assert not read_audit(sealed / "audit.jsonl").problems
    assert [re.sub("[0-9a-f]{64}", "X", each) for each in _findings(sealed)] == [
        "comparisons/one/seal.json states the line X, which is not in this log: it is another log."
    ]


def test_a_log_made_again_is_found_by_a_head_that_is_elsewhere(sealed):
    """With the seal gone, by what a report on paper or a time stamp states."""
    head = audit(sealed).head
    assert not _findings(sealed, f" {head.upper()} ")
    _made_again(sealed)
    assert any(head in each for each in _findings(sealed, head))


def test_sealed_files_that_were_changed_with_the_log_are_found(sealed):
    report = sealed / "comparisons" / "one" / "report.pdf"
    log = sealed / "audit.jsonl"
    before = hashlib.sha256(report.read_bytes()).hexdigest()
    report.write_bytes(b"%PDF-1.7 of another report")
    log.write_text(log.read_text().replace(before, hashlib.sha256(report.read_bytes()).hexdigest()))
    _made_again(sealed)
    assert "one/report.pdf is not the file that was sealed." in _findings(sealed)


def test_a_seal_that_was_changed_is_found(sealed):
    path = sealed / "comparisons" / "one" / "seal.json"
    path.write_text(path.read_text().replace('"id": "one"', '"id": "two"'))
    assert any("signature" in each for each in _findings(sealed))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl plays the stamping service")
def test_a_time_stamp_is_of_the_head_and_finds_its_line_in_a_log_that_grew(sealed, tmp_path):
    def openssl(*arguments):
        done = subprocess.run(
            ["openssl", *map(str, arguments)], check=True, capture_output=True, text=True, cwd=tmp_path
        )
        return done.stdout + done.stderr

    (tmp_path / "tsa.cnf").write_text(_STAMPING_SERVICE)
    (tmp_path / "serial").write_text("01\n")
    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "tsa.key",
        "-out",
        "tsa.pem",
        "-subj",
        "/CN=TSA",
        "-addext",
        "extendedKeyUsage=critical,timeStamping",
        "-addext",
        "basicConstraints=critical,CA:false",
    )
    head = audit(sealed).head
    write_time_stamp_request(head, tmp_path / "head.tsq")
    openssl(
        "ts",
        "-reply",
        "-config",
        "tsa.cnf",
        "-queryfile",
        "head.tsq",
        "-signer",
        "tsa.pem",
        "-inkey",
        "tsa.key",
        "-out",
        "head.tsr",
    )
    assert "Verification: OK" in openssl("ts", "-verify", "-digest", head, "-in", "head.tsr", "-CAfile", "tsa.pem")
    with open_case(sealed, create=False) as case:
        case.binding.state("scan", {})
    stamped = "".join(re.findall("    00[01]0 - ([0-9a-f -]{47})", openssl("ts", "-reply", "-in", "head.tsr", "-text")))
    assert not _findings(sealed, re.sub("[ -]", "", stamped))
