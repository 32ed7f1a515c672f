"""What programs and notebooks import, and the notebook that shows it."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import polars as pl
import pytest

import forensic
from forensic.errors import CaseError

NOTEBOOK = Path(__file__).parents[1] / "examples" / "casework.ipynb"


@pytest.fixture(scope="module")
def names():
    """The names that the cells of the notebook leave behind."""
    mpl.use("Agg")
    space = {}
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), str(NOTEBOOK), "exec"), space)  # noqa: S102 - our own file
    return space


def test_the_notebook_scans_and_compares(names):
    """With the rejections of the example, and an LR of Carver's call above 1."""
    assert {path.name for path, _ in names["summary"].problems} == {"damaged 21 April.flac", "doorbell 22 April.wav"}
    (carver,) = names["issued"].filter(pl.col("channel") == 2, pl.col("suspect") == "carver")["log10_lr"]
    assert carver > 0
    assert names["found"].pdf.is_file()


def test_the_notebook_calibrates_again_on_the_same_scores(names):
    """Another map from score to LR, so other LRs where they are not cut to the bounds."""
    both = names["both"]
    assert both["score"].to_list() == both["score_kde"].to_list()
    assert both["unbounded_log10_lr"].to_list() != both["unbounded_log10_lr_kde"].to_list()


def test_a_case_gives_its_tables_and_results_back(names):
    """Those of the latest comparison, or of one by its id."""
    case, found = names["case"], names["found"]
    assert len(case.comparison_ids) == 2
    assert case.comparisons(found.folder.name).equals(found.comparisons)
    assert case.results()["comparison_id"] == case.comparison_ids[-1]
    assert {voice.path.name for voice in case.turns()} >= {"call 15 April.wav"}


def test_a_case_without_a_comparison_says_so(tmp_path):
    """And one that is no case as well."""
    with pytest.raises(CaseError, match="There is no comparison"):
        forensic.Case(tmp_path).comparisons()
    with pytest.raises(CaseError, match="There is no case"):
        forensic.Case(tmp_path).evidence("quality")


@pytest.mark.parametrize("name", sorted(set(forensic.__all__) - {"__version__"}))
def test_every_name_of_the_api_is_there_and_documented(name):
    """Typed as well: the package has py.typed."""
    assert inspect.getdoc(getattr(forensic, name))
    assert (Path(forensic.__file__).parent / "py.typed").exists()


def test_importing_the_package_loads_nothing_heavy():
    """The command answers at once."""
    code = "import forensic, sys; print(sorted({'torch', 'polars', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_name_is_no_attribute():
    """As of any module."""
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        forensic.nothing_of_this_name  # noqa: B018
