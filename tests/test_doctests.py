"""The examples in docstrings."""

import doctest
import importlib
from pathlib import Path

import pytest

import forensic

_ROOT = Path(forensic.__file__).parent
_EXAMPLES = sorted(path for path in _ROOT.rglob("*.py") if ">>> " in path.read_text())


@pytest.mark.parametrize("path", _EXAMPLES, ids=lambda path: str(path.relative_to(_ROOT)))
def test_the_examples_give_what_they_say(path):
    """Modules without an example are not imported."""
    module = importlib.import_module(".".join(path.relative_to(_ROOT.parent).with_suffix("").parts))
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
