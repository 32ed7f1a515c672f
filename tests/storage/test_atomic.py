"""A folder that is changed whole, or not at all."""

from pathlib import Path

import pytest

from forensic.storage.atomic import changed_whole


class Killed(BaseException):
    """Nothing that runs after a kill can clean up."""


def _content(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_folder_appears_whole(tmp_path):
    out = tmp_path / "models" / "ours"
    with changed_whole(out) as folder:
        (folder / "card.toml").write_text("new")
        assert not out.exists()
    assert _content(out) == {"card.toml": "new"}
    assert [path.name for path in out.parent.iterdir()] == ["ours"]


def test_an_error_leaves_it_as_it_was(tmp_path):
    out = tmp_path / "ours"
    out.mkdir()
    (out / "card.toml").write_text("old")
    with pytest.raises(ValueError), changed_whole(out) as folder:
        (folder / "card.toml").write_text("new")
        raise ValueError
    assert _content(out) == {"card.toml": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["ours"]


@pytest.mark.parametrize("step", range(4))
def test_a_kill_between_any_two_renames_leaves_the_old_or_the_new_one(tmp_path, monkeypatch, step):
    """At most the next call has to put the old one back."""
    out = tmp_path / "ours"
    out.mkdir()
    for name in ("card.toml", "envelope.toml"):
        (out / name).write_text("old")
    left = [step]

    def counted(real):
        def call(*arguments, **options):
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return real(*arguments, **options)

        return call

    with monkeypatch.context() as patched:
        try:
            with changed_whole(out) as folder:
                (folder / "card.toml").write_text("new")
                patched.setattr(Path, "rename", counted(Path.rename))
                patched.setattr("shutil.rmtree", counted(lambda *_, **__: None))
        except Killed:
            pass
    with changed_whole(out) as folder:
        assert _content(folder) == {"card.toml": "old" if step < 2 else "new", "envelope.toml": "old"}
    assert [path.name for path in tmp_path.iterdir()] == ["ours"]
