"""A card is read as it was written, and names the files it is about."""

import hashlib

import pytest

from forensic.errors import ModelError
from forensic.storage.cards import named_file, read_card, write_card


def test_a_card_is_read_as_it_was_written(tmp_path):
    card = {
        "name": 'a "model" ü 😀',
        "numbers": [1, 2.5e-8],
        "yes": True,
        "weights": {"file": "w", "measured": {"LDA 150, shrinkage 0.1": [0.1, 0.2], "plain": 3}},
        "other": {"x": "y"},
    }
    write_card(tmp_path / "new", card)
    assert read_card(tmp_path / "new") == card


def test_a_file_is_given_only_if_it_is_the_one_that_the_card_names(tmp_path):
    (tmp_path / "w").write_bytes(b"content")
    stated = {"weights": {"file": "w", "sha256": hashlib.sha256(b"content").hexdigest()}}
    assert named_file(tmp_path, stated, "weights") == b"content"
    with pytest.raises(ModelError, match="does not say which file"):
        named_file(tmp_path, stated, "backend")
    (tmp_path / "w").write_bytes(b"other")
    with pytest.raises(ModelError, match="not the file that its card names"):
        named_file(tmp_path, stated, "weights")
    (tmp_path / "w").unlink()
    with pytest.raises(ModelError, match="Cannot read"):
        named_file(tmp_path, stated, "weights")
