"""The calibrations that the comparisons of a case need, each by itself, in worker processes where there are many."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from forensic.engine import Step, run
from forensic.errors import CalibrationError
from forensic.likelihood_ratio.fit import calibrate_cells
from forensic.likelihood_ratio.population import Population
from forensic.likelihood_ratio.score_list import ScoreList
from forensic.records import Calibration
from forensic.settings import ComparisonSettings
from forensic.speaker.backend import Backend

Cells: TypeAlias = tuple[int, int]
"""Numbers of the population's known and questioned cell."""

Outcome: TypeAlias = Calibration | CalibrationError
"""A calibration, or why there is none."""

_WORTH_A_PROCESS = 16
"""So many calibrations take longer than a worker process takes to start."""

_BATCH = 4


@dataclass(frozen=True, slots=True)
class CalibrationStep:
    """Starts the step in a worker process.

    Attributes:
        population: what is calibrated on.
        settings: of the calibration.
        backend: scores.
    """

    population: Population | ScoreList
    settings: ComparisonSettings
    backend: Backend

    def __call__(self) -> Step[Cells, tuple[Cells, Outcome]]:
        """The step: the cells of a batch to their calibrations."""
        return self.calibrate

    def calibrate(self, batch: Sequence[Cells]) -> list[tuple[Cells, Outcome]]:
        """The calibration of each pair of cells."""
        return [(cells, self._one(cells)) for cells in batch]

    def _one(self, cells: Cells) -> Outcome:
        try:
            return calibrate_cells(self.population, *cells, self.settings, self.backend)
        except CalibrationError as error:
            return error


def calibrate_all(wanted: Sequence[Cells], calibrator: CalibrationStep, workers: int) -> dict[Cells, Outcome]:
    """The calibration of each pair of cells, or why there is none; the same with any number of processes.

    Args:
        wanted: pairs of cells, none twice.
        calibrator: of population, settings and backend.
        workers: processes, where there are calibrations enough for more than one.
    """
    batches = (list(wanted[first : first + _BATCH]) for first in range(0, len(wanted), _BATCH))
    found = run(calibrator, batches, _give_up, workers if len(wanted) >= _WORTH_A_PROCESS else 1)
    by_cells = dict(outcome for batch in found for outcome in batch)
    return {cells: by_cells[cells] for cells in wanted}


def _give_up(cells: Cells) -> tuple[Cells, Outcome]:
    return cells, CalibrationError(
        "The process that calibrated these conditions died, perhaps for want of memory.",
        "Compare again with --workers 1.",
    )
