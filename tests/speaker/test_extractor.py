"""A model is what its card says, and an embedding does not depend on its neighbours."""

import numpy as np
import pytest

from forensic.errors import ModelError
from forensic.speaker.extractor import (
    cut_steps,
    cut_windows,
    embed_and_hear,
    embed_and_hear_each,
    embed_windows,
    load_model,
    mean_embedding,
)


@pytest.fixture
def windows():
    return np.random.default_rng(3).random((70, 160, 40)).astype(np.float32)


def test_embeddings_have_unit_length_and_do_not_depend_on_the_batch(tiny_model_folder, windows):
    model = load_model(tiny_model_folder)
    together = embed_windows(windows, model)
    alone = np.concatenate([embed_windows(windows[i : i + 1], model) for i in range(len(windows))])
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_bfloat16_stays_close_to_float32(tiny_model_folder, windows):
    model = load_model(tiny_model_folder)
    exact, fast = embed_windows(windows, model), embed_windows(windows, model, "bfloat16")
    assert (exact * fast).sum(axis=1).min() > 0.99


def test_weights_that_are_not_those_of_the_card_are_refused(tiny_model_folder):
    path = tiny_model_folder / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not the file that its card names"):
        load_model(tiny_model_folder)


def test_a_folder_without_a_card_is_no_model(tmp_path):
    with pytest.raises(ModelError, match="no model folder"):
        load_model(tmp_path)


def test_a_card_of_another_architecture_is_refused(tiny_model_folder):
    card = tiny_model_folder / "card.toml"
    card.write_text(card.read_text().replace("hidden_size = 16", "hidden_size = 24"))
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(tiny_model_folder)


@pytest.mark.parametrize(
    ("length", "count", "size"),
    [
        (160, 1, 160),
        (205, 1, 220),
        (239, 1, 240),
        (240, 2, 120),
        (241, 2, 140),
        (281, 2, 160),
        (500, 3, 180),
        (1950, 12, 180),
        (2500, 16, 160),
        (9000, 57, 160),
    ],
)
def test_windows_divide_the_speech_into_parts_of_one_length(length, count, size):
    """As many as come nearest to 1.6 s, or, of many, one more that overlap less, from the first frame to the last."""
    frames = np.arange(length, dtype=np.float32)[:, None] * np.ones(40, np.float32)
    windows, centres = cut_windows(frames, 160)
    assert windows.shape == (count, size, 40)
    assert windows[0, 0, 0] == 0
    assert windows[-1, length - 1 if count == 1 else -1, 0] == length - 1
    assert set(np.concatenate(windows)[:, 0]) == set(range(length))
    assert 0 <= count * size - length < 20 * count
    assert (np.diff(centres) > size - 40).all()


@pytest.mark.parametrize("length", [1, 50, 159])
def test_short_speech_is_repeated_to_a_window(length):
    windows, centres = cut_windows(np.arange(length, dtype=np.float32)[:, None] * np.ones(40, np.float32), 160)
    assert (windows.shape, list(centres)) == ((1, 160, 40), [80])
    assert list(windows[0, :, 0]) == [frame % length for frame in range(160)]


def test_windows_of_a_fixed_length_are_a_step_apart_at_most():
    frames = np.arange(500, dtype=np.float32)[:, None] * np.ones(40, np.float32)
    windows, centres = cut_steps(frames, 160, 80)
    assert windows.shape == (6, 160, 40)
    assert (windows[0, 0, 0], windows[-1, -1, 0]) == (0, 499)
    assert (np.diff(centres) <= 80).all()


def test_stretches_of_several_lengths_are_embedded_as_each_alone(tiny_model_folder):
    """Together where they are alike, each in its place."""
    model, rng = load_model(tiny_model_folder), np.random.default_rng(0)
    cuts = [cut_windows(rng.random((n, 40), np.float32), 160)[0] for n in (500, 205, 520, 160, 1000)]
    embeddings, states = embed_and_hear_each(cuts, model, [1])
    for cut, own, heard in zip(cuts, embeddings, states, strict=True):
        alone, heard_alone = embed_and_hear(cut, model, [1])
        np.testing.assert_allclose(own, alone, atol=1e-5)
        np.testing.assert_allclose(heard, heard_alone, atol=1e-5)


def test_the_mean_of_embeddings_has_unit_length():
    embeddings = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    np.testing.assert_allclose(mean_embedding(embeddings), np.sqrt([0.5, 0.5]), rtol=1e-6)


def test_without_bfloat16_arithmetic_float32_takes_its_place(tiny_model_folder, windows, monkeypatch):
    from forensic.speaker import extractor

    monkeypatch.setattr(extractor, "has_bfloat16", lambda: False)
    model = load_model(tiny_model_folder)
    np.testing.assert_array_equal(embed_windows(windows, model, "bfloat16"), embed_windows(windows, model))


def test_the_processor_is_asked_for_bfloat16(monkeypatch):
    """By running it: what it raises without it is no error of ours."""
    import torch

    from forensic.speaker.precision import can_autocast, has_bfloat16

    def refuse(*_, **__):
        raise RuntimeError("could not create a primitive descriptor")

    has_bfloat16.cache_clear()
    try:
        with monkeypatch.context() as patch:
            patch.setattr(torch.nn.LSTM, "forward", refuse)
            assert not has_bfloat16()
            assert not can_autocast("cpu")
            assert can_autocast("cuda")
    finally:
        has_bfloat16.cache_clear()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("hidden_size = 16", "hidden_size = -16", r"architecture\.hidden_size = -16 is not allowed"),
        ("hidden_size = 16", 'hidden_size = "16"', r"architecture\.hidden_size = \"16\" is not allowed"),
        ("hidden_size = 16", "cells = 16", r"the key architecture\.cells is unknown"),
        ("second_size = 0", "second_size = 64", "describes no network: A second head of 64 dimensions"),
    ],
)
def test_a_card_that_describes_no_network_is_refused_with_the_key_at_fault(tiny_model_folder, old, new, says):
    card = tiny_model_folder / "card.toml"
    card.write_text(card.read_text().replace(old, new))
    with pytest.raises(ModelError, match=says):
        load_model(tiny_model_folder)


def test_a_card_without_an_architecture_is_refused(tiny_model_folder):
    card = tiny_model_folder / "card.toml"
    card.write_text(card.read_text().replace("[architecture]", "[shape]"))
    with pytest.raises(ModelError, match="describes no architecture"):
        load_model(tiny_model_folder)


def test_the_card_says_how_far_apart_embeddings_are(tiny_model_folder):
    assert load_model(tiny_model_folder).spread == 1.0
    card = tiny_model_folder / "card.toml"
    card.write_text(card.read_text() + "\n[diarization]\nspread = 1.5\n")
    assert load_model(tiny_model_folder).spread == 1.5
