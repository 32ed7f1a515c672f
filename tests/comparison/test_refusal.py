"""Why no LR is issued is a record: its kind, side, quantity, value and limit."""

import numpy as np
import pytest

from forensic.comparison.independence import SAME_SOURCE, SharedAudio, Suspicion, Suspicions
from forensic.comparison.refusal import (
    Refusal,
    RefusalKind,
    calibration_refused,
    nearest_cell,
    reason_columns,
    refusal,
)
from forensic.comparison.sides import Side
from forensic.errors import CalibrationError
from forensic.likelihood_ratio.envelope import Envelope
from forensic.quantities import QUANTITIES
from forensic.records import Conditions
from forensic.settings import ComparisonSettings

CELLS = (Conditions(20.0, 30.0, 8000.0, name="clean"),)
ENVELOPE = Envelope(0.5, {"net_speech_s": 5.0}, {"net_speech_s": 3.0, "clipped_share": 0.1}, "Made up.")


def side(sha256, conditions=CELLS[0], **changes):
    """A side of a comparison with an embedding."""
    embedding = None if conditions is None else np.ones(3, np.float32)
    return Side(sha256, (sha256,), 0, embedding, conditions, "No speech. Listen.", **changes)


def refused(questioned, known, envelope=ENVELOPE, suspicions=(), **settings):
    """The refusal of a questioned and a known side."""
    q_cell, k_cell = nearest_cell(questioned, CELLS), nearest_cell(known, CELLS)
    return refusal(questioned, known, q_cell, k_cell, ComparisonSettings(**settings), envelope, Suspicions(suspicions))


def test_sides_inside_every_limit_are_not_refused():
    assert refused(side("q"), side("k")) is None
    assert reason_columns(None) == {"reason_kind": None, "reason_quantity": None}


@pytest.mark.parametrize(
    ("conditions", "settings", "expected"),
    [
        (Conditions(2.0, 30.0, 8000.0), {}, (RefusalKind.OUTSIDE_ENVELOPE, "net_speech_s", 2.0, 3.0)),
        (
            Conditions(20.0, 30.0, 8000.0, clipped_share=0.2),
            {},
            (RefusalKind.OUTSIDE_ENVELOPE, "clipped_share", 0.2, 0.1),
        ),
        (Conditions(20.0, 1.0, 8000.0), {"min_snr_db": 4.0}, (RefusalKind.OUTSIDE_SETTINGS, "snr_db", 1.0, 4.0)),
        (
            Conditions(20.0, 30.0, 8000.0, clipped_share=0.06),
            {"max_clipped_share": 0.05},
            (RefusalKind.OUTSIDE_SETTINGS, "clipped_share", 0.06, 0.05),
        ),
        (Conditions(20.0, 30.0, 2000.0), {}, (RefusalKind.UNLIKE_POPULATION, None, 4.0, 2.0)),
    ],
)
def test_a_side_outside_a_limit_says_which_by_value_and_limit(conditions, settings, expected):
    found = refused(side("q", conditions), side("k"), **settings)
    assert found.side == "questioned"
    assert (found.kind, found.quantity and found.quantity.name, found.value, found.limit) == expected
    assert reason_columns(found) == {"reason_kind": str(expected[0]), "reason_quantity": expected[1]}


def test_a_known_side_has_limits_of_its_own():
    """4 s are inside on the questioned side, and outside on the known one."""
    short = Conditions(4.0, 30.0, 8000.0)
    assert refused(side("q", short), side("k"), max_condition_distance=9.0) is None
    assert refused(side("q"), side("k", short)).side == "known"


def test_what_the_sides_are_comes_with_what_is_known_of_it():
    assert refused(side("q"), side("q")).kind == RefusalKind.SAME_RECORDING
    unusable = refused(side("q", None), side("k"))
    assert (unusable.kind, unusable.problem) == (RefusalKind.UNUSABLE_SIDE, "No speech. Listen.")
    several = refused(side("q"), side("k", speakers=3, several=("/a.wav",)))
    assert (several.kind, several.value, several.recordings) == (RefusalKind.SEVERAL_SPEAKERS, 3, ("/a.wav",))


def test_a_suspicion_is_kept_in_the_refusal_unless_it_is_allowed():
    suspicion = Suspicion(SAME_SOURCE, "k", "q", SharedAudio(0, 0, 0.0, 0.0, 9.0, 8.0, 0.01))
    found = refused(side("q"), side("k"), suspicions=[suspicion])
    assert (found.kind, found.suspicion) == (RefusalKind.SAME_SOURCE, suspicion)
    assert refused(side("q"), side("k"), suspicions=[suspicion], allow_same_source=True) is None


def test_without_a_calibration_the_error_is_the_reason():
    found = calibration_refused(CalibrationError("Too few.", "Add some."), ENVELOPE)
    assert found == Refusal(RefusalKind.NO_CALIBRATION, problem="Too few. Add some.")


def test_every_limit_of_the_settings_is_that_of_a_quantity():
    """A limit that no quantity names would limit nothing."""
    limits = {name for name in ComparisonSettings.__dataclass_fields__ if name.startswith(("min_", "max_"))}
    named = {quantity.setting for quantity in QUANTITIES if quantity.setting}
    assert limits - named == {"max_condition_distance", "min_speakers"}
