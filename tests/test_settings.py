"""Settings are checked where they are read."""

import pytest

from forensic.errors import SettingsError
from forensic.settings import Settings, check_channels, load_settings


def _load(tmp_path, text):
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return load_settings(path)


def test_what_a_file_does_not_name_keeps_its_default(tmp_path):
    settings = _load(tmp_path, "[speech]\nthreshold = 0.6\n")
    assert settings.speech.threshold == 0.6
    assert settings.audio == Settings().audio


def test_a_whole_number_is_a_fine_decimal_one(tmp_path):
    assert _load(tmp_path, "[comparison]\nmin_net_speech_s = 5\n").comparison.min_net_speech_s == 5.0


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[speach]\nthreshold = 0.6\n", r"unknown table \[speach\]"),
        ("[speech]\ntreshold = 0.6\n", "speech.treshold is unknown"),
        ('[speech]\nthreshold = "high"\n', "wrong type"),
        ("[comparison]\nbootstrap_draws = true\n", "wrong type"),
        ("[comparison]\nbootstrap_draws = 3\n", "too small"),
        ('[audio]\ndamaged = "maybe"\n', "unknown"),
        ('[audio]\nchannels = "left"\n', "channels"),
        ("speech = 3", "unknown table"),
        ("[speech", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, text, problem):
    with pytest.raises(SettingsError, match=problem):
        _load(tmp_path, text)


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(SettingsError, match="Cannot read"):
        load_settings(tmp_path / "none.toml")


def test_only_settings_that_change_evidence_change_its_hash(tmp_path):
    default = Settings().evidence_sha256
    assert _load(tmp_path, "[comparison]\nmin_speakers = 40\n").evidence_sha256 == default
    assert _load(tmp_path, "[speech]\npad_s = 0.1\n").evidence_sha256 != default


@pytest.mark.parametrize("value", ["auto", "split", "mix", "1", "12"])
def test_channels_that_exist_are_accepted(value):
    assert check_channels(value) == value


@pytest.mark.parametrize("value", ["0", "-1", "left", "", "1.5"])
def test_channels_that_do_not_exist_are_refused(value):
    with pytest.raises(SettingsError):
        check_channels(value)
