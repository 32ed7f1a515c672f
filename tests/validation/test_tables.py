"""Manifests and lists of scores are read as they stand, or refused with the line that is wrong."""

import polars as pl
import pytest

from forensic.errors import ValidationError
from forensic.validation.tables import LRS_SCHEMA, read_scores, read_validation_manifest

HEAD = "path,speaker,role,session"
SCORES = "score,same_speaker,speaker_known,speaker_questioned"


@pytest.fixture
def write(tmp_path):
    def lines(*text):
        path = tmp_path / "table.csv"
        path.write_text("\n".join(text) + "\n", encoding="utf-8")
        return path

    return lines


def test_a_manifest_names_people_within_their_corpus(write, tmp_path):
    one, other = read_validation_manifest(
        write(f"\ufeff{HEAD},corpus,sex", "a.wav, ann ,known,1,x,female", "/b.wav,ann,questioned,2,y,")
    )
    assert (one.path, one.person, one.speaker, one.sex) == (tmp_path / "a.wav", "x/ann", "ann", "female")
    assert (str(other.path), other.person, other.role, other.condition) == ("/b.wav", "y/ann", "questioned", "")


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ([HEAD], "no line"),
        (["path,speaker,role", "a,b,known"], "session"),
        ([HEAD, "a.wav,ann,suspect,1"], "Line 2 of .*role"),
        ([HEAD, "a.wav,ann,known,1", "b.wav,,known,1"], "Line 3 of .*speaker"),
        ([HEAD, "a.wav,ann,known,1", "a.wav,ben,questioned,1"], "two speakers"),
        (["\x00\x01"], "Line 1 of .* no text"),
    ],
)
def test_a_wrong_manifest_is_refused(write, lines, named):
    with pytest.raises(ValidationError, match=named):
        read_validation_manifest(write(*lines))


def test_a_missing_or_binary_file_is_refused(tmp_path):
    with pytest.raises(ValidationError, match="cannot be read"):
        read_scores(tmp_path / "none.csv")
    (tmp_path / "binary.csv").write_bytes(b"score,same_speaker\n\xff\xfe,1\n")
    with pytest.raises(ValidationError):
        read_scores(tmp_path / "binary.csv")
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(ValidationError, match="is empty"):
        read_scores(tmp_path / "empty.csv")


def test_scores_are_read_in_order_with_what_is_known_of_them(write):
    frame = read_scores(
        write(f"{SCORES},duration,condition", "0.5,1,a,a,4.5,clean", "-inf,False,a,b,,", "1e-3,no,b,a,3,")
    )
    assert frame.schema == pl.Schema(LRS_SCHEMA)
    assert frame["score"].to_list() == [0.5, float("-inf"), 0.001]
    assert frame["same_speaker"].to_list() == [True, False, False]
    assert frame["net_speech_questioned_s"].to_list() == [4.5, None, 3.0]
    assert frame["condition"].to_list() == ["clean", None, None]
    assert frame["log10_lr"].null_count() == 3


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (["score,same_speaker", "1,1"], "speaker_known and speaker_questioned"),
        ([SCORES, "nan,1,a,a"], "Line 2 of .* no number"),
        ([SCORES, "1,1,a,a", ",0,a,b"], "Line 3 of .* no number"),
        ([SCORES, "1,maybe,a,a"], "neither 1 nor 0"),
        ([SCORES, "1,0,a,a"], "contradict"),
        ([SCORES, "1,1,a,b"], "contradict"),
        ([SCORES, "1,1,,"], "a speaker is missing"),
        ([f"{SCORES},duration", "1,1,a,a,long"], "duration"),
        ([f"{SCORES},snr", "1,1,a,a,inf"], "snr"),
        ([SCORES, *["x,1,a,a"] * 7], "Lines 2, 3, 4, 5, 6 and 2 more"),
    ],
)
def test_wrong_scores_are_refused(write, lines, named):
    with pytest.raises(ValidationError, match=named):
        read_scores(write(*lines))


def test_a_manifest_with_semicolons_and_blanks_is_the_same_manifest(write, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.wav").touch()
    (recording,) = read_validation_manifest(write(" Path ; speaker;Role;session", "Folder\\A.wav; Ann ;Known;1"))
    assert (recording.path, recording.person, recording.role) == (tmp_path / "folder" / "a.wav", "Ann", "known")


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        (["a.wav,Smith, Ann,known,1"], "Line 2 of .* 5 cells"),
        (["a.wav,ann,known,1", "./a.wav,ben,questioned,1"], "Lines 2 and 3 .*one file"),
        (["a.wav,ann,known,1", "b.wav,Ann,questioned,1"], "Lines 2 and 3 .*capital letters"),
        (["folder,ann,known,1"], "Line 2 of .*a folder stands"),
    ],
)
def test_a_manifest_that_would_mix_people_is_refused(write, tmp_path, lines, named):
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.wav").touch()
    with pytest.raises(ValidationError, match=named):
        read_validation_manifest(write(HEAD, *lines))


def test_scores_with_semicolons_may_have_decimal_commas(write):
    assert read_scores(write(SCORES.replace(",", ";"), "0,5;1;a;a", "-1,25;0;a;b"))["score"].to_list() == [0.5, -1.25]
