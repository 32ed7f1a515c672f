"""Which speech the networks of languages hear, and by whose LSTM."""

import dataclasses
import shutil

import numpy as np
import pytest
from factories import write_language_model

from forensic.errors import ModelError
from forensic.examination.hearing import hear_each, is_heard_in
from forensic.examination.language import load_language_models
from forensic.language.classifier import load_language_model
from forensic.language.hearing import Heard
from forensic.settings import EmbeddingSettings
from forensic.speaker.extractor import default_model_folder, load_model
from forensic.storage.cards import read_card, write_card


def _numbered(windows: int) -> np.ndarray:
    """States that tell their window."""
    return np.repeat(np.arange(windows, dtype=np.float32), 40 * 2).reshape(windows, 40, 2)


@pytest.mark.parametrize(
    ("windows", "count", "steps"), [(1, 1, 40), (2, 1, 80), (3, 1, 120), (4, 2, 120), (37, 6, 120)]
)
def test_windows_span_the_speech(windows, count, steps):
    """The first begins and the last ends with it; of long speech they are a sample."""
    heard = Heard()
    heard.add(_numbered(windows), 160 * windows)
    cut = heard.cut()
    assert [one.shape for one in cut] == [(steps, 2)] * count
    assert cut[0][0, 0] == 0
    assert cut[-1][-1, 0] == windows - 1


def test_a_minute_of_speech_is_enough():
    """However it comes; more is not kept, and does not count as heard."""
    heard = Heard()
    for _ in range(4):
        heard.add(_numbered(19), 3000)
    assert heard.is_full
    assert heard.speech_s == 60.0
    assert sum(map(len, heard.states)) == 720
    steps = _numbered(19)[:, :, 0].reshape(-1)
    first = np.concatenate([steps, steps[:750]])
    starts = np.linspace(0, len(first) - 120, 6).round().astype(int)
    np.testing.assert_array_equal([one[:, 0] for one in heard.cut()], [first[at : at + 120] for at in starts])


def test_nothing_heard_gives_no_window():
    assert len(Heard().cut()) == 0


def test_long_speech_alone_is_heard_in_evenly_spaced_parts(tmp_path):
    """Six of 4.8 s each, all of the speech counted."""
    body = load_language_model(write_language_model(tmp_path / "model")).body
    power = np.random.default_rng(1).gamma(0.3, 0.02, (20_000, 40)).astype(np.float32)
    long, none, short = hear_each([power, power[:0], power[:300]], body)
    assert (len(long.cut()), long.speech_s) == (6, 200.0)
    assert (len(none.cut()), none.speech_s) == (0, 0.0)
    assert (len(short.cut()), short.speech_s) == (1, 3.0)
    alone = hear_each([power[:480]], body)[0].cut()
    np.testing.assert_allclose(long.cut()[0], alone[0], atol=1e-5)


def test_a_scan_shares_its_windows_only_where_they_are_the_same(tmp_path):
    """The same speaker model, in windows of the same shape."""
    body = load_language_model(write_language_model(tmp_path / "model")).body
    model = load_model(default_model_folder())
    assert is_heard_in(body, model, EmbeddingSettings())
    assert not is_heard_in(body, model, EmbeddingSettings(window_frames=200))
    other = dataclasses.replace(model, identity=dataclasses.replace(model.identity, sha256="0" * 64))
    assert not is_heard_in(body, other, EmbeddingSettings())


def test_a_speaker_model_beside_the_folder_is_found_and_another_is_not(tmp_path, tiny_model_folder):
    """By the hash of its weights."""
    folder = write_language_model(tmp_path / "models" / "language")
    card, tiny = read_card(folder), read_card(tiny_model_folder)
    card["body"] = {"model": "tiny", "sha256": tiny["weights"]["sha256"], "layers": [1]}
    write_card(folder, card)
    with pytest.raises(ModelError, match="hears the speaker model tiny, which is not beside it"):
        load_language_model(folder)
    shutil.copytree(tiny_model_folder, tmp_path / "models" / "tiny")
    assert load_language_model(folder).body.folder.name == "tiny"
    del card["body"]
    write_card(folder, card)
    with pytest.raises(ModelError, match="does not say which speaker model"):
        load_language_model(folder)


def test_models_of_languages_and_accents_must_hear_the_same(tmp_path):
    """What is heard once serves both."""
    language = write_language_model(tmp_path / "language")
    accent = write_language_model(tmp_path / "accent")
    card = read_card(accent)
    card["body"] |= {"layers": [1]}
    write_card(accent, card)
    with pytest.raises(ModelError, match="hear different speaker models"):
        load_language_models(language, accent)
