"""A small case from evidence to results, held against what it gave before: no likelihood ratio moves unseen."""

import pytest
from golden import hold

from forensic.report.results_json import case_results
from forensic.settings import CALIBRATORS

_PROSE = {"reason", "questioned_differs", "known_differs", "leakage_warnings", "language_warnings", "problem", "remedy"}
_IDS = {"id", "comparison_id", "calibration_id", "created_utc", "case", "method"}


def numbers(value):
    """Results without versions, ids and times; of sentences only whether there is one, since their words may change."""
    if isinstance(value, dict):
        return {
            key: _without_words(each) if key in _PROSE else numbers(each)
            for key, each in value.items()
            if key not in _IDS
        }
    return [numbers(each) for each in value] if isinstance(value, list | tuple) else value


def _without_words(value):
    return len(value) if isinstance(value, list) else value is not None


def test_a_case_gives_the_results_that_it_gave(weigh_made_case, request):
    """Comparisons with an LR and without, their calibrations, and what the LRs hang on."""
    results = case_results(weigh_made_case())
    kept = numbers(results) | {"calibrations": [numbers(each) for each in results["calibrations"].values()]}
    assert {row["status"] for row in kept["comparisons"]} == {"lr", "no LR issued"}
    assert kept["explanations"]
    hold("case", kept, rewrites=request.config.getoption("--rewrite-golden"))


@pytest.mark.parametrize("calibrator", [name for name in CALIBRATORS if name != "joint"])
def test_each_calibrator_gives_the_lrs_that_it_gave(weigh_made_case, request, calibrator):
    """The comparisons alone."""
    results = case_results(weigh_made_case(calibrator=calibrator, explains=False))
    hold(f"case_{calibrator}", numbers(results["comparisons"]), rewrites=request.config.getoption("--rewrite-golden"))
