"""What ships is as it was released, or nothing is computed with it."""

import json
import shutil

import pytest

import forensic
from forensic.errors import ReleaseError
from forensic.storage import release
from forensic.storage.keys import is_signed, load_private_key, load_public_key, make_keys


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A release of a few small files."""
    for name in ("models/one/card.toml", "models/one/envelope.toml", "templates/report.css"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(release, "shipped", lambda kind: tmp_path / kind)
    monkeypatch.setattr(release, "MANIFEST", tmp_path / "release.json")
    (tmp_path / "release.json").write_bytes(release.manifest("1", release.files_of(with_code=False)))
    release.check_release.cache_clear()
    yield tmp_path
    release.check_release.cache_clear()


def test_the_manifest_is_up_to_date():
    assert release.read_release().files == release.files_of(with_code=False), (
        "A model or template changed. Run: python -m forensic.storage.release"
    )
    assert release.read_release().version == forensic.__version__


def test_a_whole_release_passes(copy):
    assert release.check_release() == release.read_release().sha256
    assert release.is_released(copy / "models" / "one" / "card.toml")
    assert not release.is_released(copy / "models" / "ours" / "card.toml")


@pytest.mark.parametrize("name", ["models/one/card.toml", "models/one/envelope.toml", "templates/report.css"])
def test_a_changed_or_missing_file_stops(copy, name):
    (copy / name).write_text("changed")
    with pytest.raises(ReleaseError, match="is not as it was released"):
        release.check_release()
    (copy / name).unlink()
    with pytest.raises(ReleaseError, match="cannot be read"):
        release.check_release()


def test_a_missing_or_damaged_manifest_stops(copy):
    shutil.copy(copy / "release.json", copy / "kept.json")
    for damage in ("{}", "no json", '{"version": "1", "files": []}'):
        (copy / "release.json").write_text(damage)
        with pytest.raises(ReleaseError, match="manifest"):
            release.check_release()


def test_a_signature_is_of_version_and_hashes(copy):
    public = make_keys(copy / "key", "secret")
    files = release.files_of(with_code=False)
    key = load_private_key(copy / "key", lambda: "secret")
    signature = key.sign(release.signed_bytes("1", files))
    (copy / "release.json").write_bytes(release.manifest("1", files, {"signature": signature.hex(), "public_key": ""}))
    said = release.read_release()
    signer = load_public_key(public)
    assert is_signed(signer, bytes.fromhex(said.signature), release.signed_bytes(said.version, said.files))
    content = json.loads((copy / "release.json").read_text())
    content["files"]["templates/report.css"] = "0" * 64
    assert not is_signed(signer, signature, release.signed_bytes(content["version"], content["files"]))
