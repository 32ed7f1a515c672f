"""What a laboratory brings must be what the case used last: no file changed, gone, or new in a folder of before."""

import pytest

from forensic.case.basis import BASIS, own_files
from forensic.case.folder import open_case
from forensic.errors import CaseError


@pytest.fixture
def places(tmp_path):
    """A model folder and a scale."""
    model, scale = tmp_path / "model", tmp_path / "scale.toml"
    (model / "telephone").mkdir(parents=True)
    for path in (model / "card.toml", model / "joint.safetensors", model / "telephone" / "population.toml", scale):
        path.write_text(path.name)
    (model / "README.md").write_text("Not loaded.")
    return [model, scale]


@pytest.fixture
def used(tmp_path, places):
    """A case that used them."""
    with open_case(tmp_path / "case", create=True) as case:
        case.binding.state("compare", {BASIS: dict(own_files(places).sha256)})
    return tmp_path / "case"


def _check(case, places, *, accepts_changed=False):
    with open_case(case, create=False) as opened:
        opened.check_basis(own_files(places), accepts_changed=accepts_changed)


def _changed(model):
    (model / "card.toml").write_text("another")


def _gone(model):
    (model / "joint.safetensors").unlink()


def _new(model):
    (model / "telephone" / "joint.safetensors").write_text("one more")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_changed, r"card.toml was changed: .* \(last right at 20"),
        (_gone, r"joint.safetensors is missing \(last right at 20"),
        (_new, r"telephone/joint.safetensors was not there when .* last used, at 20"),
    ],
)
def test_a_file_that_is_changed_gone_or_new_stops_until_it_is_accepted(used, places, change, says):
    change(places[0])
    with pytest.raises(CaseError, match=says) as raised:
        _check(used, places)
    assert "--accept-changed" in raised.value.remedy
    _check(used, places, accepts_changed=True)


def test_what_is_used_for_the_first_time_or_not_loaded_stops_nothing(used, places, tmp_path):
    (tmp_path / "envelope.toml").write_text("new")
    (places[0] / "README.md").write_text("edited")
    _check(used, [*places, tmp_path / "envelope.toml"])
    _check(used, [places[0]])


def test_a_change_that_was_accepted_is_asked_for_no_more(used, places):
    _gone(places[0])
    with open_case(used, create=False) as case:
        case.binding.state("compare", {BASIS: dict(own_files(places).sha256)})
    _check(used, places)


def test_a_single_file_that_is_gone_shows(used, places):
    places[1].unlink()
    with pytest.raises(CaseError, match=r"scale\.toml is missing"):
        _check(used, places)
