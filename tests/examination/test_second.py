"""A scan with a second model embeds what lacks its opinion, once, and stays as it was without one."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from factories import write_wav
from second_models import SIZE, onnx_folder
from spoken import spoken, talk

from forensic.audio.decode import decode_blocks
from forensic.case.discovery import hash_file
from forensic.case.folder import open_case
from forensic.case.store import EvidenceStore
from forensic.errors import ModelError
from forensic.examination import second as second_module
from forensic.records import SpeechSegment
from forensic.settings import AudioSettings, SecondSettings, Settings
from forensic.speaker.features import frame_mask
from forensic.speaker.second import embed_speech, load_second, read_second, speech_of

_ROUND = ((0.0, 3.5, "A"), (3.875, 6.375, "B"))  # of a talk
VOICE = ["sha256", "channel", "turn", "labels_sha256"]


@pytest.fixture
def with_second(tmp_path):
    """Settings that name a tiny second model."""
    return Settings(second=SecondSettings(str(onnx_folder(tmp_path / "second"))))


def _read(tmp_path, table):
    return EvidenceStore(tmp_path / "case" / "evidence").read(table)


def test_every_voice_gets_both_embeddings(tmp_path, recordings, run_scan, with_second):
    summary = run_scan(recordings, settings=with_second)
    first, second = _read(tmp_path, "embeddings"), _read(tmp_path, "second")
    assert first.height == 3
    assert second.select(VOICE).sort(VOICE).equals(first.select(VOICE).sort(VOICE))
    assert (summary.second_waiting, summary.second_voices, summary.second_lacking) == (3, 3, 0)
    assert set(second["second_sha256"]) == {read_second(with_second.second.model).identity.sha256}
    assert set(second["embedding"].list.len()) == {SIZE}
    heard = second.join(_read(tmp_path, "quality"), on=VOICE)
    np.testing.assert_allclose(heard["net_speech_s"], heard["net_speech_s_right"], atol=0.05)


def test_each_of_several_speakers_is_embedded_alone(tmp_path, run_scan, with_second):
    path = write_wav(tmp_path / "talk.wav", talk("adler", "brook"))
    turns = [(6.6875 * turn + start, 6.6875 * turn + end, name) for turn in range(4) for start, end, name in _ROUND]
    labels = tmp_path / "talk.txt"
    labels.write_text("".join(f"{start:.3f}\t{end:.3f}\t{name}\n" for start, end, name in turns))
    run_scan(path, settings=with_second, labels=labels)
    quality, second = _read(tmp_path, "quality"), _read(tmp_path, "second")
    assert second["turn"].to_list() == [1, 2]
    np.testing.assert_allclose(second["net_speech_s"], quality["net_speech_s"], atol=0.05)
    assert second["embedding"][0].to_list() != second["embedding"][1].to_list()


def test_the_second_embedding_is_that_of_the_speech_in_the_evidence(tmp_path, run_scan, with_second):
    samples = np.concatenate([spoken("adler", 25.0), np.zeros(32_000, np.float32), spoken("adler", 25.0)] * 3)
    path = write_wav(tmp_path / "long.wav", samples)  # of more than one block
    run_scan(path, settings=with_second)
    segments = [SpeechSegment(*ends) for ends in _read(tmp_path, "segments").select("start_s", "end_s").iter_rows()]
    samples = np.concatenate([block.samples for block in decode_blocks(path, AudioSettings())])
    speech = speech_of(samples, frame_mask(segments, 0.0, 1 + len(samples) // 160))
    expected = embed_speech(speech, load_second(with_second.second.model))
    assert np.array(_read(tmp_path, "second")["embedding"][0]) @ expected > 0.9999


def test_a_rescan_embeds_only_what_lacks_the_second_opinion(tmp_path, recordings, run_scan, with_second, monkeypatch):
    run_scan(recordings)
    assert _read(tmp_path, "second").is_empty()
    with monkeypatch.context() as patch:
        patch.setattr("forensic.examination.examine.examine", lambda *_: pytest.fail("examined again"))
        assert run_scan(recordings, settings=with_second).second_voices == 3
        write_wav(recordings / "new.wav", spoken("dale", 8.0))
    assert run_scan(recordings, settings=with_second).second_voices == 1
    monkeypatch.setattr(second_module, "embed_voices", lambda *_: pytest.fail("embedded again"))
    assert run_scan(recordings, settings=with_second).second_voices == 0


def test_another_second_model_is_asked_again_and_the_first_is_kept(tmp_path, recordings, run_scan, with_second):
    run_scan(recordings, settings=with_second)
    other = Settings(second=SecondSettings(str(onnx_folder(tmp_path / "other", "Neg"))))
    assert run_scan(recordings, settings=other).second_voices == 3
    assert _read(tmp_path, "second").group_by("second_sha256").len()["len"].to_list() == [3, 3]


def test_workers_give_the_same(tmp_path, recordings, run_scan, with_second, monkeypatch):
    run_scan(recordings, settings=with_second)
    here = _read(tmp_path, "second").sort("sha256")
    store = EvidenceStore(tmp_path / "case" / "evidence")
    sources = {source.sha256: source for source in (hash_file(Path(path)) for path in store.read("files")["path"])}
    key = store.read("recordings").select("model_sha256", "settings_sha256").row(0)
    model = load_second(with_second.second.model)
    with open_case(tmp_path / "case", create=False) as case:
        (case.evidence.folder / "second.parquet").unlink()
        second_module.embed_lacking(case.evidence, sources, key, with_second, model, 2, lambda *_: None)
        there = case.evidence.read("second").sort("sha256")
    assert there.drop("embedding").equals(here.drop("embedding"))
    np.testing.assert_allclose(there["embedding"].to_list(), here["embedding"].to_list(), atol=1e-6)


def test_a_recording_that_cannot_be_decoded_again_says_so_and_is_tried_again(
    tmp_path, recordings, run_scan, with_second, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(second_module, "is_unchanged", lambda source: source.path.name != "a.wav")
        summary = run_scan(recordings, settings=with_second)
    assert (summary.second_voices, summary.second_lacking, summary.failed) == (2, 1, 0)
    lacking = _read(tmp_path, "second").filter(pl.col("embedding").is_null())
    assert lacking["problem"].str.contains("changed").to_list() == [True]
    assert run_scan(recordings, settings=with_second).second_voices == 1
    assert _read(tmp_path, "second")["embedding"].null_count() == 0


def test_a_second_model_that_cannot_be_loaded_stops_the_scan_before_it_begins(tmp_path, recordings, run_scan):
    with pytest.raises(ModelError, match="no model folder"):
        run_scan(recordings, settings=Settings(second=SecondSettings(str(recordings))))
    assert _read(tmp_path, "recordings").is_empty()


def test_nothing_of_a_second_model_is_imported_without_one(recordings, tmp_path):
    code = (
        "import sys; from forensic.cli.app import main\n"
        "sys.argv = ['forensic', 'scan', *sys.argv[1:], '--workers', '1']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([n for n in sys.modules if n.endswith(('second', 'campplus'))])"
    )
    options = [str(recordings), "--case", str(tmp_path / "case")]
    done = subprocess.run([sys.executable, "-c", code, *options], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
