"""Settings are checked where they are read."""

import dataclasses
from typing import get_type_hints

import pytest

from forensic.errors import SettingsError
from forensic.settings import (
    AudioSettings,
    DiarizationSettings,
    LanguageSettings,
    Settings,
    SpeechSettings,
    check_channels,
    check_speakers,
    load_settings,
)
from forensic.storage import toml
from forensic.training.configuration import TrainingSettings, load_training_settings
from forensic.training.recognition.configuration import RecognitionSettings, load_recognition_settings


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
        ("[speach]\nthreshold = 0.6\n", "the key speach is unknown"),
        ("[speech]\ntreshold = 0.6\n", "speech.treshold is unknown"),
        ('[speech]\nthreshold = "high"\n', 'threshold = "high"'),
        ("[comparison]\nbootstrap_draws = true\n", "bootstrap_draws = true"),
        ("[comparison]\nbootstrap_draws = 3\n", "bootstrap_draws = 3 is not allowed"),
        ('[audio]\ndamaged = "maybe"\n', "damaged"),
        ('[audio]\nchannels = "left"\n', "channels"),
        ('[diarization]\nspeakers = "0"\n', "speakers"),
        ("[audio]\nchannels = 1\n", "channels"),
        ("speech = 3", "speech = 3"),
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


def test_hashes_of_settings_are_frozen():
    """Whatever changes them has every case examined again; it belongs into the changelog."""
    other = Settings(
        audio=AudioSettings(channels="2", damaged="use", block_s=60),
        speech=SpeechSettings(threshold=0.6, pad_s=0.0),
        diarization=DiarizationSettings(speakers="2", max_similarity=0.8),
        language=LanguageSettings(identify=False),
    )
    assert Settings().evidence_sha256 == "d2b078179435beed772afd8e731a6fe4abf798eca8deb1653abcb0b7e97e424e"
    assert other.evidence_sha256 == "3f47fd4e90659166a1cdceca4b37d6c59b0f820c4bed806d195071bbda3dd9d7"


def test_a_file_gives_the_hash_that_the_same_settings_in_code_have(tmp_path):
    text = '[audio]\nchannels = "2"\nblock_s = 60\n[speech]\npad_s = 0\n[language]\nidentify = false\n'
    in_code = Settings(
        audio=AudioSettings(channels="2", block_s=60),
        speech=SpeechSettings(pad_s=0.0),
        language=LanguageSettings(identify=False),
    )
    assert _load(tmp_path, text).evidence_sha256 == in_code.evidence_sha256


_NUMBERS = [
    (table, field.name)
    for table, step in get_type_hints(Settings).items()
    for field in dataclasses.fields(step)
    if type(field.default) in {int, float}
]


@pytest.mark.parametrize(("table", "key"), _NUMBERS)
@pytest.mark.parametrize("value", ["-1e9", "1e300", "nan", "inf", "true", '"1"', "-9_000_000_000_000_000_000"])
def test_every_number_has_a_range(tmp_path, table, key, value):
    with pytest.raises(SettingsError, match=rf"{table}\.{key} = .* is not allowed") as refused:
        _load(tmp_path, f"[{table}]\n{key} = {value}\n")
    assert "number" in refused.value.remedy


@pytest.mark.parametrize(
    ("settings_class", "load"),
    [(TrainingSettings, load_training_settings), (RecognitionSettings, load_recognition_settings)],
)
def test_every_number_of_a_training_has_a_range(tmp_path, settings_class, load):
    path = tmp_path / "training.toml"
    for table, step in get_type_hints(settings_class).items():
        for field in dataclasses.fields(step):
            if type(field.default) in {int, float}:
                for value in ("-1e9", "1e300", "nan", "-9_000_000_000_000_000_000"):
                    path.write_text(f"[{table}]\n{field.name} = {value}\n")
                    with pytest.raises(SettingsError, match=rf"{table}\.{field.name} = "):
                        load(path)


@pytest.mark.parametrize("settings_class", [Settings, TrainingSettings, RecognitionSettings])
def test_every_default_is_in_its_range(settings_class):
    """Also checks that what is written of settings is read back."""
    written = toml.text(settings_class()).encode()
    assert toml.parse(written, settings_class, "defaults", toml.Blame(SettingsError)) == settings_class()


def test_a_value_out_of_range_says_what_is_allowed(tmp_path):
    with pytest.raises(SettingsError) as refused:
        _load(tmp_path, "[speech]\nthreshold = 2.0\n")
    assert refused.value.problem.endswith("speech.threshold = 2.0 is not allowed.")
    assert refused.value.remedy == "Use a number above 0.15 and below 1."


def test_a_wrong_key_names_those_that_there_are(tmp_path):
    with pytest.raises(SettingsError) as refused:
        _load(tmp_path, "[speech]\ntreshold = 0.5\n")
    assert refused.value.remedy == "Use threshold, min_speech_s, min_silence_s or pad_s."


@pytest.mark.parametrize("value", ["auto", "1", "12"])
def test_numbers_of_speakers_are_accepted(value):
    assert check_speakers(value) == value


@pytest.mark.parametrize("value", ["0", "-1", "two", "", "1.5", "auto\n", "1\n"])
def test_what_is_no_number_of_speakers_is_refused(value):
    with pytest.raises(SettingsError, match="Speakers = "):
        check_speakers(value)


@pytest.mark.parametrize("value", ["auto", "split", "mix", "1", "12"])
def test_channels_that_exist_are_accepted(value):
    assert check_channels(value) == value


@pytest.mark.parametrize("value", ["0", "-1", "left", "", "1.5"])
def test_channels_that_do_not_exist_are_refused(value):
    with pytest.raises(SettingsError):
        check_channels(value)
