"""The self-test of an installation: the likelihood ratios that ship are those that this program computes."""

import pytest

from forensic.storage.shipped import shipped
from forensic.workflows import doctor

_ROUNDING_LOG10_LR = 0.002
"""Far below what the self-test lets pass on other processors: a stale value would go unnoticed there for long."""


@pytest.fixture(scope="module")
def found():
    """The LRs of the example, computed here."""
    return doctor.example_lrs(lambda _: None)


def test_the_known_lrs_are_those_of_this_program(found, request):
    """A change that moves an LR keeps the new ones: `pytest tests/workflows/test_doctor.py --rewrite-golden`."""
    path = shipped("examples") / "synthetic" / doctor.KNOWN_LRS
    if request.config.getoption("--rewrite-golden"):
        doctor.write_known_lrs(path, found)
        pytest.skip(f"{path} is written: read what changed in it")
    assert found == pytest.approx(doctor.read_known_lrs(path), abs=_ROUNDING_LOG10_LR)


def test_the_self_test_passes_and_says_how_many_it_compared(found, monkeypatch):
    monkeypatch.setattr(doctor, "example_lrs", lambda _: found)
    check = doctor.self_test(lambda _: None)
    assert check.state is doctor.State.GOOD
    assert f"all {len(found)} likelihood ratios" in check.finding


@pytest.mark.parametrize("moved", [0.06, None])
def test_an_lr_that_moved_or_is_missing_fails_it_and_is_named(found, moved, monkeypatch):
    key = min(found)
    others = {each: value for each, value in found.items() if each != key}
    monkeypatch.setattr(doctor, "example_lrs", lambda _: others | ({} if moved is None else {key: found[key] + moved}))
    check = doctor.self_test(lambda _: None)
    assert check.state is doctor.State.BAD
    assert check.finding.startswith("1 of ")
    assert " and ".join(key) in check.finding
    assert "Do not use this installation" in check.remedy
