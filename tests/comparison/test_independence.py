"""Copies, parts of one source and recordings of one session carry no LR; an examiner may overrule the suspicion."""

import dataclasses
import json

import numpy as np
import polars as pl
import pytest
from factories import write_audio, write_wav
from spoken import spoken, spoken_suspects

from forensic.audio.decode import probe
from forensic.case.folder import open_case
from forensic.case.store import SCHEMAS, EvidenceStore, empty
from forensic.comparison.independence import SAME_SESSION, SAME_SOURCE, find_suspicions, without_fingerprint
from forensic.comparison.request import ComparisonRequest
from forensic.comparison.tables import STATUS_LR, STATUS_NONE
from forensic.report.shared.suspicions import finding, names_of
from forensic.settings import ComparisonSettings, Settings
from forensic.workflows.compare import compare

pytestmark = pytest.mark.usefixtures("quick_pdf")

_SETTINGS = ComparisonSettings(bootstrap_draws=100, max_condition_distance=50.0)


@pytest.fixture
def suspects(tmp_path):
    return spoken_suspects(tmp_path / "suspects", 12.0)


@pytest.fixture
def run_compare(tmp_path, population_folder):
    def run(reference, **settings):
        chosen = Settings(comparison=dataclasses.replace(_SETTINGS, **settings))
        with open_case(tmp_path / "case", create=False) as case:
            wanted = ComparisonRequest(reference, population_folder, chosen, workers=1)
            return compare(case, wanted, lambda _: None, lambda _: None)

    return run


def _excerpt_of_anna(folder):
    """Seven of the twelve seconds, through a telephone codec."""
    narrow = spoken("carver", 7.0, start_s=13.0)[::2]
    write_audio(folder / "excerpt.amr", narrow, 8_000, codec="libopencore_amrnb", bit_rate=7_950)


def test_an_excerpt_of_a_known_recording_gets_no_lr_and_a_warning(recordings, suspects, run_scan, run_compare):
    _excerpt_of_anna(recordings)
    run_scan(recordings)
    result = run_compare(suspects)
    refused = result.comparisons.filter(pl.col("status") == STATUS_NONE)
    assert refused.select("suspect").item() == "Anna"
    assert refused["questioned_path"].item().endswith("excerpt.amr")
    assert refused["reason_kind"].item() == "same source suspected"
    assert "same source is suspected" in refused["reason"].item()
    assert "Anna/0.wav from 0:0" in refused["reason"].item()
    assert "comparison.allow_same_source = true" in refused["reason"].item()
    warning, not_chosen = json.loads((result.folder / "results.json").read_text())["leakage_warnings"]
    assert "same source is suspected" in warning
    assert "relevant population was not chosen" in not_chosen
    assert "same source is suspected" in result.html.read_text()


def test_two_questioned_recordings_of_one_source_are_said_and_both_compared(
    recordings, suspects, run_scan, run_compare
):
    """They must not count as two."""
    _excerpt_of_anna(recordings)
    write_wav(recordings / "whole.wav", spoken("carver", 9.0, start_s=12.0))
    for known in suspects.glob("*/*.wav"):
        write_wav(known, spoken("brook", 12.0, start_s=10.0))
    run_scan(recordings)
    result = run_compare(suspects)
    warnings = json.loads((result.folder / "results.json").read_text())["leakage_warnings"]
    (warning,) = [each for each in warnings if "same source is suspected" in each]
    assert "excerpt.amr" in warning
    assert "whole.wav" in warning
    of_both = result.comparisons.filter(pl.col("questioned_path").str.contains("excerpt|whole"))
    assert set(of_both["status"]) == {STATUS_LR}


def test_an_examiner_can_overrule_the_suspicion_and_the_report_still_states_it(
    recordings, suspects, run_scan, run_compare
):
    _excerpt_of_anna(recordings)
    run_scan(recordings)
    result = run_compare(suspects, allow_same_source=True)
    assert set(result.comparisons["status"]) == {STATUS_LR}
    assert json.loads((result.folder / "results.json").read_text())["leakage_warnings"]


def test_the_other_recordings_of_a_suspected_ones_session_are_suspected_too(recordings, suspects, run_scan, tmp_path):
    _excerpt_of_anna(recordings)
    write_wav(suspects / "Anna" / "1.wav", spoken("carver", 8.0, start_s=0.0))
    run_scan(recordings)
    run_scan(suspects, side="reference")
    evidence = _evidence(tmp_path)
    by_name = {path.rpartition("/")[2]: sha256 for path, sha256 in evidence["files"].select("path", "sha256").rows()}
    anna = {
        row["sha256"]: "Anna: monday" for row in evidence["files"].to_dicts() if "/suspects/Anna/" in str(row["path"])
    }
    other = next(sha256 for sha256 in anna if sha256 == by_name["1.wav"])
    wanted = [*anna, by_name["excerpt.amr"]]
    assert not find_suspicions(evidence, wanted).between([other], [by_name["excerpt.amr"]])
    (found,) = find_suspicions(evidence, wanted, anna).between([other], [by_name["excerpt.amr"]])
    assert found.kind == SAME_SESSION
    assert "of one session with Anna/0.wav" in finding(found, names_of(evidence["files"]))


def test_two_parts_of_a_third_recording_are_of_one_session(run_scan, tmp_path):
    folder = tmp_path / "parts"
    folder.mkdir()
    whole = spoken("brook", 24.0)
    write_wav(folder / "whole.wav", whole)
    write_wav(folder / "first.wav", whole[: 11 * 16_000])
    write_wav(folder / "last.wav", whole[12 * 16_000 :])
    run_scan(folder)
    evidence = _evidence(tmp_path)
    sha256 = {path.rpartition("/")[2]: value for path, value in evidence["files"].select("path", "sha256").rows()}
    suspicions = find_suspicions(evidence, list(sha256.values()))
    kinds = {
        (one, other): [found.kind for found in suspicions.between([sha256[one]], [sha256[other]])]
        for one, other in (("whole.wav", "first.wav"), ("whole.wav", "last.wav"), ("first.wav", "last.wav"))
    }
    assert list(kinds.values()) == [[SAME_SOURCE], [SAME_SOURCE], [SAME_SESSION]]
    (source,) = suspicions.between([sha256["whole.wav"]], [sha256["last.wav"]])
    starts = {
        source.first: source.shared.first_start_s,
        source.second: source.shared.second_start_s,
    }
    assert starts[sha256["whole.wav"]] - starts[sha256["last.wav"]] == pytest.approx(12.0, abs=0.04)


def _evidence(tmp_path):
    store = EvidenceStore(tmp_path / "case" / "evidence")
    return {name: store.read(name) for name in SCHEMAS}


def _tagged(**recordings):
    """Recordings of a minute with the tags given, without audio."""
    rows = [
        {"sha256": name, "duration_s": 60.0, "container": "mov", "codec": "aac", "notes": [], "tags": tags}
        for name, tags in recordings.items()
    ]
    names = [{"path": f"/case/{name}.m4a", "sha256": name, "status": "audio"} for name in recordings]
    tables = {name: empty(name) for name in SCHEMAS}
    return tables | {
        "recordings": pl.DataFrame(rows, SCHEMAS["recordings"]),
        "files": pl.DataFrame(names, SCHEMAS["files"]),
    }


@pytest.mark.parametrize(
    ("one", "other", "is_suspected"),
    [
        (["creation_time=2026-03-01T10:00:00Z"], ["creation_time=2026-03-01T10:03:00.000000Z"], True),
        (["creation_time=2026-03-01T10:00:00Z"], ["creation_time=2026-03-01T11:30:00Z"], False),
        (
            ["creation_time=2026-03-01T10:00:00Z", "com.apple.quicktime.model=A"],
            ["creation_time=2026-03-01T10:03:00Z", "com.apple.quicktime.model=B"],
            False,
        ),
        (["creation_time=1970-01-01T00:00:00Z"], ["creation_time=1970-01-01T00:00:00Z"], False),
        (["creation_time=2026-03-01T10:00:00Z"], ["creation_time=yesterday"], False),
        (["date=2026-03-01", "creation_time=10:00:00"], ["date=2026-03-01", "creation_time=10:02:00"], True),
        (["date=2026"], ["date=2026"], False),
        (None, None, False),
    ],
    ids=["minutes", "hours", "other device", "unset clock", "no time", "broadcast wav", "a year", "none"],
)
def test_files_made_within_minutes_on_one_device_are_of_one_session(one, other, is_suspected):
    found = find_suspicions(_tagged(a=one, b=other), ["a", "b"]).between(["a"], ["b"])
    assert [suspicion.kind for suspicion in found] == ([SAME_SESSION] if is_suspected else [])
    assert all("Older recordings that were exported at once" in finding(suspicion, {}) for suspicion in found)


def test_the_same_session_is_refused_unless_it_is_allowed():
    tags = ["creation_time=2026-03-01T10:00:00Z"]
    suspicions = find_suspicions(_tagged(a=tags, b=tags), ["a", "b"])
    assert suspicions.against(["a"], ["b"], ComparisonSettings()).kind == SAME_SESSION
    assert suspicions.against(["a"], ["b"], ComparisonSettings(allow_same_session=True)) is None
    assert suspicions.against(["a"], ["b"], ComparisonSettings(allow_same_source=True)) is not None


def test_tags_survive_from_file_to_evidence(run_scan, tmp_path):
    folder = tmp_path / "tagged"
    folder.mkdir()
    path = write_audio(folder / "a.m4a", spoken("adler", 6.0), codec="aac", bit_rate=64_000, container="ipod")
    assert "major_brand=M4A " in probe(path).tags
    run_scan(folder)
    assert "major_brand=M4A " in _evidence(tmp_path)["recordings"]["tags"].item().to_list()


def test_a_scan_of_an_earlier_version_is_said_to_have_no_fingerprints(recordings, run_scan, tmp_path):
    run_scan(recordings)
    evidence = _evidence(tmp_path)
    sha256 = evidence["files"]["sha256"].to_list()
    assert without_fingerprint(evidence, sha256) == []
    assert without_fingerprint(evidence | {"fingerprints": empty("fingerprints")}, sha256) == sorted(sha256)


def test_the_stored_fingerprint_is_that_of_the_channel(run_scan, tmp_path):
    folder = tmp_path / "one"
    folder.mkdir()
    write_wav(folder / "a.wav", spoken("adler", 8.0))
    run_scan(folder)
    (row,) = _evidence(tmp_path)["fingerprints"].to_dicts()
    bits = np.frombuffer(row["fingerprint"], "<u4")
    assert len(bits) == (8 * 16_000 - 4126) // 640 + 1 - 4
    assert np.count_nonzero(bits) > 100
