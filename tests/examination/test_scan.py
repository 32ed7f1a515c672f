"""A scan loses nothing, repeats nothing, and survives whatever lies in the folder."""

import os

import numpy as np
import polars as pl
import pytest
from factories import BAD_FILES, write_bad, write_call, write_float_wav, write_wav
from spoken import spoken

from forensic.case.audit import read_audit
from forensic.case.folder import open_case
from forensic.case.store import EvidenceStore
from forensic.errors import CaseError
from forensic.examination import ledger
from forensic.examination import scan as scan_module
from forensic.examination.scan import ScanRequest, scan
from forensic.records import QUESTIONED
from forensic.settings import AudioSettings, LanguageSettings, Settings, SpeechSettings


def _read(tmp_path, table):
    return EvidenceStore(tmp_path / "case" / "evidence").read(table)


def test_every_recording_gives_segments_quality_and_an_embedding(tmp_path, recordings, run_scan):
    summary = run_scan(recordings)
    assert (summary.files, summary.examined, summary.failed) == (3, 3, 0)
    files = _read(tmp_path, "files")
    assert set(files["status"]) == {"audio"}
    for table in ("recordings", "quality", "embeddings"):
        assert set(_read(tmp_path, table)["sha256"]) == set(files["sha256"])
    segments = _read(tmp_path, "segments")
    assert set(segments["sha256"]) == set(files["sha256"])
    assert (segments["end_s"] > segments["start_s"]).all()
    lengths = _read(tmp_path, "embeddings")["embedding"].list.eval(pl.element().pow(2)).list.sum()
    np.testing.assert_allclose(lengths, 1.0, atol=1e-4)


def test_a_single_recording_is_watched_while_it_is_heard(tmp_path, tiny_model_folder):
    """So that an hour of audio shows a share and the time left; what was heard is no more than the file."""
    write_wav(tmp_path / "long.wav", np.tile(spoken("adler", 20.0), 9))
    size = (tmp_path / "long.wav").stat().st_size
    seen = []
    with open_case(tmp_path / "case", create=True) as case:
        request = ScanRequest((tmp_path / "long.wav",), QUESTIONED, tiny_model_folder, Settings(), workers=1)
        scan(case, request, lambda state: seen.append((state.bytes_done, state.bytes_heard)))
    heard = [part for done, part in seen if not done]
    assert len(heard) >= 2
    assert heard == sorted(heard)
    assert 0 < heard[0] < heard[-1] < size
    assert seen[-1] == (size, 0.0)


def test_a_second_scan_examines_nothing_again(tmp_path, recordings, run_scan, monkeypatch):
    run_scan(recordings)
    before = _read(tmp_path, "embeddings")
    monkeypatch.setattr("forensic.examination.examine.examine", lambda *_: pytest.fail("examined again"))
    summary = run_scan(recordings)
    assert (summary.examined, summary.already_examined) == (0, 3)
    assert _read(tmp_path, "embeddings").equals(before)


def test_a_scan_that_was_killed_goes_on_where_it_was(tmp_path, recordings, run_scan, monkeypatch):
    monkeypatch.setattr(scan_module, "_BATCH_FILES", 1)

    class Killed(Exception):  # noqa: N818 - no error of the program
        pass

    def die_after_the_first(store, rows, original=EvidenceStore.append):
        original(store, rows)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(EvidenceStore, "append", die_after_the_first)
        with pytest.raises(Killed):
            run_scan(recordings)
    assert _read(tmp_path, "recordings").height == 1
    summary = run_scan(recordings)
    assert (summary.examined, summary.already_examined) == (2, 1)
    assert _read(tmp_path, "recordings").height == 3


def test_a_changed_file_is_examined_again_and_no_other(tmp_path, recordings, run_scan):
    run_scan(recordings)
    write_wav(recordings / "a.wav", spoken("dale", 9.0))
    summary = run_scan(recordings)
    assert (summary.examined, summary.already_examined) == (1, 2)
    assert _read(tmp_path, "files").height == 3


def test_a_changed_setting_redoes_what_it_touches(tmp_path, recordings, run_scan):
    run_scan(recordings)
    summary = run_scan(recordings, settings=Settings(speech=SpeechSettings(pad_s=0.1)))
    assert summary.examined == 3
    assert _read(tmp_path, "embeddings").height == 6  # both are kept, each under its settings


def test_identical_bytes_are_recognised_once_and_linked(tmp_path, recordings, run_scan):
    (recordings / "copy.wav").write_bytes((recordings / "a.wav").read_bytes())
    summary = run_scan(recordings)
    assert (summary.files, summary.examined, summary.duplicates) == (4, 3, 1)
    files = _read(tmp_path, "files")
    assert (
        files.filter(pl.col("path").str.ends_with("copy.wav"))["sha256"].item()
        in files.filter(pl.col("path").str.ends_with("/a.wav"))["sha256"].to_list()
    )


@pytest.mark.parametrize("name", sorted(BAD_FILES))
def test_a_bad_file_is_a_row_and_costs_nothing_else(tmp_path, recordings, run_scan, name):
    (tmp_path / "bad").mkdir()
    bad = write_bad(tmp_path / "bad", name)
    bad.rename(recordings / bad.name)
    summary = run_scan(recordings)
    assert (summary.failed, summary.skipped) == (1, 0)
    failure = _read(tmp_path, "failures").row(0, named=True)
    assert failure["step"] == "decode"
    assert failure["problem"]
    assert failure["remedy"]
    assert _read(tmp_path, "embeddings").height == 3


def test_a_silent_recording_is_rejected_not_embedded(tmp_path, recordings, run_scan):
    write_wav(recordings / "silent.wav", np.zeros(80_000, np.float32))
    summary = run_scan(recordings)
    assert summary.failed + summary.failed_channels == 1
    (failure,) = _read(tmp_path, "failures").to_dicts()
    assert (failure["step"], failure["channel"]) == ("speech", 0)
    assert "No speech in 5.0 s of audio; it is digital silence" in failure["problem"]


def test_a_third_of_a_second_of_speech_is_too_little(tmp_path, run_scan):
    speech = spoken("adler", 0.35, start_s=1.0)
    samples = np.concatenate([np.zeros(32_000), speech, np.zeros(32_000)]).astype(np.float32)
    (tmp_path / "short").mkdir()
    write_wav(tmp_path / "short" / "short.wav", samples)
    run_scan(tmp_path / "short")
    (failure,) = _read(tmp_path, "failures").to_dicts()
    assert failure["step"] == "speech"
    assert _read(tmp_path, "embeddings").is_empty()


def test_what_is_no_audio_is_skipped_and_said(tmp_path, recordings, run_scan):
    (recordings / "notes.txt").write_text("Interview of 12 May")
    summary = run_scan(recordings)
    assert (summary.skipped, summary.failed) == (1, 0)
    skipped = _read(tmp_path, "files").filter(pl.col("status") == "skipped").row(0, named=True)
    assert skipped["path"].endswith("notes.txt")
    assert skipped["reason"]


def test_an_unreadable_file_is_a_problem_of_its_own(tmp_path, recordings, run_scan, monkeypatch):
    from forensic.errors import FileReadError

    original = ledger.hash_file

    def refuse(path):
        if path.name == "a.wav":
            raise FileReadError(f"Cannot read {path}: Permission denied.", "Ask for permission.")
        return original(path)

    monkeypatch.setattr(ledger, "hash_file", refuse)
    summary = run_scan(recordings)
    assert (summary.failed, summary.examined) == (1, 2)
    unreadable = _read(tmp_path, "files").filter(pl.col("status") == "unreadable").row(0, named=True)
    assert unreadable["path"].endswith("a.wav")
    assert "permission" in unreadable["remedy"]


def test_odd_names_and_a_loop_of_links_are_survived(tmp_path, recordings, run_scan):
    odd = [b"new\nline.wav", b"quote'\"[bold].wav", b"caf\xe9.wav", "日本.wav".encode()]
    content = (recordings / "a.wav").read_bytes()
    for index, name in enumerate(odd):
        path = os.fsencode(recordings) + b"/" + name
        with open(path, "wb") as file:  # noqa: PTH123 - a name that is no text
            file.write(content + b"\0" * index)
    (recordings / "loop").symlink_to(recordings)
    summary = run_scan(recordings)
    assert summary.files == 7
    assert summary.failed == 0
    assert len(set(_read(tmp_path, "files")["path"])) == 7


def test_a_missing_folder_is_an_error(tmp_path, run_scan):
    with pytest.raises(CaseError, match="does not exist"):
        run_scan(tmp_path / "nowhere")


def test_globs_narrow_what_is_scanned(recordings, run_scan):
    assert run_scan(recordings, include=("*b.wav",)).files == 1
    assert run_scan(recordings, exclude=("deep/*",)).files == 2


def test_channels_of_a_call_are_kept_apart(tmp_path, run_scan):
    write_call(tmp_path / "calls" / "call.wav", spoken("adler", 8.0), spoken("brook", 8.0))
    run_scan(tmp_path / "calls")
    assert _read(tmp_path, "embeddings")["channel"].to_list() == [1, 2]
    run_scan(tmp_path / "calls", settings=Settings(audio=AudioSettings(channels="mix")))
    assert _read(tmp_path, "embeddings")["channel"].to_list() == [1, 2, 0]


def test_short_blocks_find_the_same_speech_as_long_ones(tmp_path, run_scan):
    (tmp_path / "long").mkdir()
    write_float_wav(tmp_path / "long" / "long.wav", np.concatenate([spoken("adler", 25.0), spoken("dale", 25.0)]))
    run_scan(tmp_path / "long")
    run_scan(tmp_path / "long", settings=Settings(audio=AudioSettings(block_s=10)))
    whole, parts = _read(tmp_path, "quality").to_dicts()
    assert parts["duration_s"] == whole["duration_s"] == pytest.approx(50.0, abs=0.01)
    assert parts["net_speech_s"] == pytest.approx(whole["net_speech_s"], rel=0.03)
    one, other = (np.array(row) for row in _read(tmp_path, "embeddings")["embedding"])
    assert one @ other > 0.99


def test_two_processes_give_the_evidence_of_one(tmp_path, recordings, tiny_model_folder, run_scan):
    from forensic.case.folder import open_case
    from forensic.examination.scan import ScanRequest, scan

    run_scan(recordings)
    with open_case(tmp_path / "other", create=True) as case:
        scan(case, ScanRequest((recordings,), "questioned", tiny_model_folder, Settings(), workers=2), lambda _: None)
    for table in ("embeddings", "quality", "segments"):
        one = _read(tmp_path, table).sort(pl.all().exclude(pl.List))
        other = EvidenceStore(tmp_path / "other" / "evidence").read(table).sort(pl.all().exclude(pl.List))
        assert one.select(pl.all().exclude(pl.List)).equals(other.select(pl.all().exclude(pl.List)))
    vectors = [
        np.array(EvidenceStore(tmp_path / name / "evidence").read("embeddings").sort("sha256")["embedding"].to_list())
        for name in ("case", "other")
    ]
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-4)


def test_the_audit_log_names_every_scan(tmp_path, recordings, run_scan):
    run_scan(recordings)
    run_scan(recordings)
    actions = [line.action for line in read_audit(tmp_path / "case" / "audit.jsonl").lines]
    assert [each for each in actions if each != "write"] == ["scan", "scan"]


def test_a_copy_of_what_is_no_audio_is_no_recording_either(tmp_path, recordings, run_scan):
    for name in ("notes.txt", "notes copy.txt"):
        (recordings / name).write_text("Interview of 12 May")
    summary = run_scan(recordings)
    assert (summary.skipped, summary.duplicates, summary.failed) == (1, 1, 0)
    notes = _read(tmp_path, "files").filter(pl.col("path").str.ends_with(".txt"))
    assert notes["status"].to_list() == ["skipped", "skipped"]
    assert notes["reason"].null_count() == 0


def test_a_scan_tells_the_language_of_every_channel(tmp_path, recordings, run_scan):
    """Or says why it names none; the candidates are kept either way."""
    run_scan(recordings)
    table = _read(tmp_path, "language")
    assert sorted(table["sha256"]) == sorted(_read(tmp_path, "quality")["sha256"])
    for row in table.to_dicts():
        assert (row["language"] is not None) == (row["answer"] == "named")
        assert row["answer"] in {"named", "none of these", "not covered"}
        assert len(row["top_languages"]) == 5
        assert row["probability"] == row["top_probabilities"][0]
        assert (row["accent_answer"] is not None) == (row["language"] == "en")


def test_a_scan_that_is_not_asked_for_languages_tells_none(tmp_path, recordings, run_scan):
    """And is another examination than one that was."""
    without = Settings(language=LanguageSettings(identify=False))
    assert without.evidence_sha256 != Settings().evidence_sha256
    run_scan(recordings, settings=without)
    assert _read(tmp_path, "language").is_empty()
    assert not _read(tmp_path, "quality").is_empty()


@pytest.mark.parametrize("level_db", [-40.0, -60.0])
def test_a_quiet_recording_is_examined(tmp_path, run_scan, level_db):
    (tmp_path / "quiet").mkdir()
    write_float_wav(tmp_path / "quiet" / "quiet.wav", spoken("adler", 8.0) * np.float32(10 ** (level_db / 20)))
    run_scan(tmp_path / "quiet")
    assert _read(tmp_path, "quality")["net_speech_s"].item() > 5.0


def test_no_speech_names_the_level(tmp_path, run_scan):
    (tmp_path / "noise").mkdir()
    noise = 1e-4 * np.random.default_rng(0).standard_normal(80_000)
    write_float_wav(tmp_path / "noise" / "noise.wav", noise.astype(np.float32))
    run_scan(tmp_path / "noise")
    (failure,) = _read(tmp_path, "failures").to_dicts()
    assert "No speech in 5.0 s of audio; its highest level is -6" in failure["problem"]


def test_an_offset_moves_neither_the_quality_nor_the_embedding(tmp_path, run_scan):
    (tmp_path / "calls").mkdir()
    speech = 0.2 * spoken("adler", 10.0)
    for percent in (0, 3, 5):
        write_wav(tmp_path / "calls" / f"{percent}.wav", speech + np.float32(percent / 100))
    run_scan(tmp_path / "calls")
    snr = _read(tmp_path, "quality")["snr_db"].to_list()
    assert max(snr) - min(snr) < 0.5
    embeddings = np.array(_read(tmp_path, "embeddings")["embedding"].to_list())
    assert (embeddings @ embeddings.T).min() > 0.9999


def test_a_copy_of_a_playlist_is_what_its_own_name_says(tmp_path, recordings, run_scan):
    """A text that is called a recording is a rejection; the same text as a list is skipped, whichever comes first."""
    for name in ("a list.m3u8", "b list.wav", "c list.txt"):
        (recordings / name).write_text("#EXTM3U\nother.wav\n")
    for _ in range(2):  # the second scan says the same
        summary = run_scan(recordings)
        assert [path.name for path, _ in summary.problems] == ["b list.wav"]
        status = dict(_read(tmp_path, "files").select(pl.col("path").str.split("/").list.last(), "status").iter_rows())
        assert [status[name] for name in ("a list.m3u8", "b list.wav", "c list.txt")] == ["skipped", "audio", "skipped"]
        assert all(failure.remedy and failure.remedy != "None" for _, failure in summary.problems)


def test_an_error_that_nobody_foresaw_costs_one_recording(tmp_path, recordings, run_scan, monkeypatch):
    from forensic.examination import examine

    original = examine.open_recording

    def fail(path, settings):
        if path.name == "a.wav":
            raise ValueError("the parser of the parser")
        return original(path, settings)

    monkeypatch.setattr(examine, "open_recording", fail)
    summary = run_scan(recordings)
    assert summary.failed == 1
    assert "ValueError: the parser of the parser" in summary.problems[0][1].problem
    assert _read(tmp_path, "embeddings").height == 2
    log = (tmp_path / "case" / "errors.log").read_text()
    assert "a.wav" in log
    assert "Traceback" in log


def test_a_recording_that_changes_after_it_was_hashed_is_a_failure(tmp_path, recordings, run_scan, monkeypatch):
    """Its hash would be of other bytes than its evidence; the next scan examines it as it is then."""
    from forensic.examination import examine

    original = examine.open_recording

    def open_and_grow(path, settings):
        if path.name == "a.wav":
            _grow(path)
        return original(path, settings)

    monkeypatch.setattr(examine, "open_recording", open_and_grow)
    summary = run_scan(recordings)
    assert [path.name for path, _ in summary.problems] == ["a.wav"]
    assert "changed while it was read" in summary.problems[0][1].problem
    monkeypatch.undo()
    assert run_scan(recordings).failed == 0


def test_a_recording_that_changes_while_it_is_hashed_is_a_failure(tmp_path, recordings, monkeypatch):
    from forensic.case import discovery
    from forensic.errors import FileReadError

    path = recordings / "a.wav"
    original = discovery.os.fstat
    calls = []

    def grow_after_the_first(number):
        result = original(number)
        if not calls:
            _grow(path)
        calls.append(number)
        return result

    monkeypatch.setattr(discovery.os, "fstat", grow_after_the_first)
    with pytest.raises(FileReadError, match="changed while it was read"):
        discovery.hash_file(path)


def _grow(path):
    with path.open("ab") as file:
        file.write(bytes(1000))


def test_label_files_of_long_names_fit_on_a_disk(tmp_path):
    from forensic.case.labels import read_labels, write_labels
    from forensic.records import Turn

    name = "\u5f55" * 83 + ".wav"
    write_labels(tmp_path / "turns", f"in/{name}", {0: (Turn(0.0, 1.0, 1), Turn(1.0, 2.0, 2))})
    for kind in ("rttm", "audacity"):
        labels = read_labels(tmp_path / "turns" / kind, [tmp_path / "in" / name])
        assert list(labels.by_recording) == [tmp_path / "in" / name]


def test_a_folder_of_many_bad_files_is_finished(tmp_path, run_scan):
    folder = tmp_path / "many"
    folder.mkdir()
    write_wav(folder / "good.wav", spoken("adler", 8.0))
    for index in range(30):
        (folder / f"bad {index}.wav").write_bytes(b"RIFF" + bytes([index]) * 200)
    summary = run_scan(folder)
    assert (summary.failed, _read(tmp_path, "embeddings").height) == (30, 1)


def test_a_declared_format_is_scanned(tmp_path, run_scan):
    (tmp_path / "calls").mkdir()
    samples = np.round(spoken("adler", 8.0) * 32767).astype("<i2")
    (tmp_path / "calls" / "call.sln16").write_bytes(samples.tobytes())
    assert run_scan(tmp_path / "calls").failed == 1
    settings = Settings(audio=AudioSettings(raw=("*.sln16:codec=pcm_s16le,rate=16000",)))
    assert run_scan(tmp_path / "calls", settings=settings).failed == 0
    assert _read(tmp_path, "embeddings").height == 1


def test_a_processor_without_bfloat16_uses_float32_and_says_so(tmp_path, recordings, run_scan, monkeypatch):
    from forensic.examination import examine
    from forensic.settings import EmbeddingSettings
    from forensic.speaker import extractor

    for module in (examine, extractor):
        monkeypatch.setattr(module, "has_bfloat16", lambda: False)
    run_scan(recordings)
    run_scan(recordings, settings=Settings(embedding=EmbeddingSettings(precision="bfloat16")))
    table = _read(tmp_path, "embeddings").sort("sha256", "settings_sha256")
    vectors = np.array(table["embedding"].to_list()).reshape(3, 2, -1)
    np.testing.assert_array_equal(vectors[:, 0], vectors[:, 1])
    assert sum("no bfloat16" in " ".join(notes) for notes in _read(tmp_path, "recordings")["notes"]) == 3


def test_a_failure_of_an_earlier_scan_keeps_its_remedy(tmp_path, run_scan):
    root = tmp_path / "bad"
    root.mkdir()
    write_wav(root / "silent.wav", np.zeros(48_000, np.float32))
    first, second = run_scan(root), run_scan(root)
    assert [failure.remedy for _, failure in first.problems] == [failure.remedy for _, failure in second.problems]
    assert all(failure.remedy for _, failure in second.problems)


def test_what_operating_systems_leave_is_skipped_and_said(tmp_path, recordings, run_scan):
    (recordings / "._a.wav").write_bytes(b"\x00\x05\x16\x07")
    (recordings / "__MACOSX").mkdir()
    summary = run_scan(recordings)
    assert (summary.files, summary.skipped, summary.failed) == (3, 2, 0)
    assert sorted(path.name for path, _ in summary.skips) == ["._a.wav", "__MACOSX"]


def test_turns_for_a_recording_that_is_not_there_are_a_failure(tmp_path, recordings, run_scan):
    labels = tmp_path / "labels"
    labels.mkdir()
    for name in ("a", "nobody"):
        (labels / f"{name}.rttm").write_text(f"SPEAKER {name} 1 0.0 6.0 <NA> <NA> Officer Smith <NA> <NA>\n")
    summary = run_scan(recordings, labels=labels)
    assert (summary.labelled, summary.failed) == (1, 1)
    ((path, failure),) = summary.problems
    assert path == labels / "nobody.rttm"
    assert "'nobody'" in failure.problem


@pytest.mark.slow
def test_a_thousand_files_of_which_fifty_are_bad_give_fifty_failures(tmp_path, run_scan):
    """And evidence of each of the others; a second scan says the same."""
    root = tmp_path / "many"
    root.mkdir()
    speech = spoken("adler", 2.0, start_s=10.0)
    for number in range(950):
        write_wav(root / f"{number:03}.wav", speech * (1.0 - number / 4000))
    kinds = sorted(BAD_FILES)
    for number in range(50):
        bad = write_bad(tmp_path, kinds[number % len(kinds)])
        bad.write_bytes(bad.read_bytes() + bytes([number]))  # no two alike
        bad.rename(root / f"bad {number:02}{bad.suffix}")
    quick = Settings(language=LanguageSettings(identify=False))
    summary = run_scan(root, settings=quick)
    assert (summary.files, summary.failed, summary.skipped, summary.examined) == (1000, 50, 0, 1000)
    assert {path.name[:3] for path, _ in summary.problems} == {"bad"}
    assert all(failure.problem and failure.remedy for _, failure in summary.problems)
    assert _read(tmp_path, "failures").height == 50
    assert _read(tmp_path, "embeddings").height == 950
    again = run_scan(root, settings=quick)
    assert (again.failed, again.already_examined) == (50, 1000)
