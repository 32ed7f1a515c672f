"""What ships is as it was released, or nothing is computed with it."""

import json
import shutil

import pytest

import forensic
from forensic.errors import ReleaseError
from forensic.storage import release
from forensic.storage.keys import make_keys


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


def test_the_doctor_says_so(copy):
    from forensic.workflows.doctor import State, examine_installation

    def found():
        return next(check for check in examine_installation() if check.name == "release").state

    assert found() == State.GOOD
    (copy / "templates" / "report.css").write_text("changed")
    release.check_release.cache_clear()
    assert found() == State.BAD


def test_the_error_says_when_the_case_was_last_worked_on_with_a_right_one(copy, tmp_path):
    """Whatever command has the case open."""
    from forensic.case.folder import open_case

    with open_case(tmp_path / "case", create=True) as case:
        case.binding.state("scan", {"release_sha256": release.check_release()})
    (copy / "templates" / "report.css").write_text("changed")
    release.check_release.cache_clear()
    said = r"is not as it was released.* last worked on with a right one at 20.* UTC\."
    with pytest.raises(ReleaseError, match=said), open_case(tmp_path / "case", create=False):
        release.check_release()


def test_a_missing_or_damaged_manifest_stops(copy):
    shutil.copy(copy / "release.json", copy / "kept.json")
    unsigned = '{"version": "1", "files": {}, "signature": "no hexadecimal"}'
    for damage in ("{}", "no json", '{"version": "1", "files": []}', unsigned):
        (copy / "release.json").write_text(damage)
        with pytest.raises(ReleaseError, match="manifest"):
            release.check_release()


@pytest.fixture
def signed(copy, monkeypatch):
    """The same with a module, signed: the public key."""
    (copy / "forensic").mkdir()
    (copy / "forensic" / "engine.py").write_text("code")
    monkeypatch.setattr(release, "PACKAGE", copy / "forensic")
    public = make_keys(copy / "key", "secret")
    monkeypatch.setenv("FORENSIC_PASSPHRASE", "secret")
    monkeypatch.setattr("sys.argv", ["release", "--sign", str(copy / "key")])
    release.main()
    return public


def _is_accepted(public):
    release.check_release.cache_clear()
    try:
        release.check_signed_release(str(public))
    except ReleaseError as error:
        return "is not signed with" not in error.problem
    return True


def test_a_signed_release_is_accepted_by_its_key_alone(signed, copy):
    assert _is_accepted(signed)
    assert not _is_accepted(make_keys(copy / "another", "secret"))


def test_code_and_version_are_signed_too(signed, copy):
    (copy / "forensic" / "engine.py").write_text("other code")
    assert not _is_accepted(signed)
    (copy / "forensic" / "engine.py").write_text("code")
    assert _is_accepted(signed)
    manifest = (copy / "release.json").read_text()
    (copy / "release.json").write_text(manifest.replace(forensic.__version__, "9"))
    assert not _is_accepted(signed)


def test_a_file_that_is_changed_with_its_hash_is_found_by_the_signature(signed, copy):
    """As who does it can do without the key."""
    (copy / "models" / "one" / "card.toml").write_text("changed")
    said = json.loads((copy / "release.json").read_text())
    kept = {name: said[name] for name in ("signature", "public_key")}
    (copy / "release.json").write_bytes(release.manifest(said["version"], release.files_of(with_code=False), kept))
    release.check_release.cache_clear()
    release.check_release()
    assert not _is_accepted(signed)


def test_a_manifest_with_the_code_of_a_wheel_is_signed_alike(signed, copy):
    said = json.loads((copy / "release.json").read_text())
    kept = {name: said[name] for name in ("signature", "public_key")}
    (copy / "release.json").write_bytes(release.manifest(said["version"], release.files_of(with_code=True), kept))
    assert _is_accepted(signed)


def test_a_release_that_nobody_signed_is_refused_where_a_key_is_asked_for(copy):
    assert not _is_accepted(make_keys(copy / "key", "secret"))


def test_the_setting_stops_a_scan(tmp_path, shell):
    """The release of a checkout has no signature."""
    public = make_keys(tmp_path / "key", "secret")
    (tmp_path / "ours.toml").write_text(f'[release]\nkey = "{public}"\n')
    code, _, said = shell("scan", tmp_path, "--case", tmp_path / "case", "--settings", tmp_path / "ours.toml")
    assert code == 1
    assert "is not signed with" in said
