"""The calibrations that the comparisons of a case need, each by itself; in worker processes if there are many.

Those that the case keeps are read. A key names what one depends on: the arrays of the population and of the joint fit,
conditions, settings, score, and the program with the libraries and the processor that it computes with.
"""

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from forensic.case.calibrations import CalibrationStore
from forensic.case.provenance import library_versions, machine
from forensic.comparison.sides import Side
from forensic.engine import Step, one_thread, run
from forensic.errors import CalibrationError
from forensic.likelihood_ratio.fit import CellScorer, calibrate_cells, calibration_id, score_map_of_cells
from forensic.likelihood_ratio.joint import JOINT, JointFit, JointScorer
from forensic.likelihood_ratio.joint_file import kept_or_fitted
from forensic.likelihood_ratio.population import Population
from forensic.likelihood_ratio.score_list import ScoreList
from forensic.progress import Watch, unwatched
from forensic.quantities import QUANTITIES, quantities_of
from forensic.records import Calibration, ScoreMaps, Vector
from forensic.settings import ComparisonSettings
from forensic.storage.release import code_sha256

Matrix: TypeAlias = NDArray[np.float64]
Cells: TypeAlias = tuple[int, int]
"""Numbers of the population's known and questioned cell."""

Outcome: TypeAlias = Calibration | CalibrationError
"""A calibration, or why there is none."""

_WORTH_A_PROCESS = 16
"""From this number on, calibrations take longer than a worker process takes to start."""

_BATCH = 4
_KEPT_AT_ONCE = 256
"""So many new calibrations are put into the case together: a killed linking loses no more."""


class Scorer(CellScorer, JointScorer, Protocol):
    """Compares embeddings, such as a ``Backend``."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the results of earlier commands are, and new ones go; nowhere by default.

    Attributes:
        folder: of the model, which keeps joint fits to its bank.
        store: of the case, which keeps calibrations, in the process that compares.
    """

    folder: Path | None = None
    store: CalibrationStore | None = None

    def read(
        self, wanted: Sequence[Cells], calibrator: "CalibrationStep"
    ) -> tuple[dict[Cells, str], dict[Cells, Outcome]]:
        """The key of each calibration, and those that are there."""
        if self.store is None or not wanted:
            return {}, {}
        keys = calibration_keys(wanted, calibrator)
        found = self.store.read(keys.values())
        return keys, {cells: found[key] for cells, key in keys.items() if key in found}

    def add(self, new: Mapping[str, Calibration]) -> None:
        """Keep calibrations, by key."""
        if self.store is not None:
            self.store.add(new)


@dataclass(frozen=True, slots=True)
class CalibrationStep:
    """Starts the step in a worker process, and holds what every calibration rests on; made by ``calibration_step``.

    Attributes:
        population: what is calibrated on.
        settings: of the calibration.
        backend: scores.
        joint: the fit to all conditions of the population; None where each pair of cells is fitted by itself.
        kept: what need not be computed again.
    """

    population: Population | ScoreList
    settings: ComparisonSettings
    backend: Scorer
    joint: JointFit | None = None
    kept: Kept = Kept()

    def __call__(self) -> Step[Cells, tuple[Cells, Outcome]]:
        """The step: the cells of a batch to their calibrations."""
        return self.calibrate

    def calibrate(self, batch: Sequence[Cells]) -> list[tuple[Cells, Outcome]]:
        """The calibration of each pair of cells."""
        return [(cells, self._one(cells)) for cells in batch]

    def _one(self, cells: Cells) -> Outcome:
        try:
            return calibrate_cells(self.population, *cells, self.settings, self.backend, self.joint)
        except CalibrationError as error:
            return error

    def score_map(self, cells: Cells) -> ScoreMaps:
        """The map of a calibration alone, without intervals and measures.

        Raises:
            CalibrationError: as in ``calibrate_cells``.
        """
        return score_map_of_cells(self.population, *cells, self.settings, self.backend, self.joint)

    def adjusted(self, scores: Vector, known: Matrix, questioned: Matrix, cells: Cells) -> Vector:
        """Scores brought to the conditions of a calibration, in which they have the same LR; see ``JointFit``.

        Args:
            scores: of comparisons, shape (n,).
            known: conditions of the known side of each, as of ``quantities``, shape (n, quantities).
            questioned: of the questioned side.
            cells: of the calibration.
        """
        if self.joint is None:
            return scores
        to = self.population.known_cells[cells[0]], self.population.questioned_cells[cells[1]]
        return self.joint.adjusted(scores, known, questioned, to)

    def conditions_error(self, scores: Vector, known: Matrix, questioned: Matrix) -> Vector:
        """How far log10 LRs may be off by what is not known of the conditions; 0 without a joint fit.

        Args:
            scores: of comparisons, not adjusted, shape (n,).
            known: as of ``adjusted``.
            questioned: the same.

        Returns:
            Standard deviations, shape (n,).
        """
        return np.zeros(len(scores)) if self.joint is None else self.joint.conditions_error(scores, known, questioned)


def quantities(sides: Sequence[Side]) -> Matrix:
    """The conditions of sides as numbers, in the order of ``QUANTITIES``, NaN where nothing was measured.

    Args:
        sides: n of them.

    Returns:
        Shape (n, quantities).
    """
    found = np.full((len(sides), len(QUANTITIES)), np.nan)
    for row, side in zip(found, sides, strict=True):
        if side.conditions is not None:
            row[:] = quantities_of(side.conditions)
    return found


def calibration_step(
    population: Population | ScoreList,
    settings: ComparisonSettings,
    backend: Scorer,
    kept: Kept = Kept(),
    watch: Watch = unwatched,
) -> CalibrationStep:
    """What calibrations rest on; a joint fit takes some seconds unless it is kept.

    Args:
        population: what is calibrated on.
        settings: of the calibration.
        backend: scores.
        kept: what need not be computed again.
        watch: called with how far a fit is, unless it is kept.
    """
    joint = None
    if settings.calibrator == JOINT and isinstance(population, Population):
        with contextlib.suppress(CalibrationError):  # each pair of cells then says by itself what it lacks
            joint = kept_or_fitted(population, backend, settings.bootstrap_draws, settings.seed, kept.folder, watch)
    return CalibrationStep(population, settings, backend, joint, kept)


@one_thread()
def calibrate_all(
    wanted: Sequence[Cells], calibrator: CalibrationStep, workers: int, watch: Watch = unwatched
) -> dict[Cells, Outcome]:
    """The calibration of each pair of cells, or why there is none; the same with any number of processes.

    Args:
        wanted: pairs of cells, each once.
        calibrator: of population, settings and backend.
        workers: processes, if there are enough calibrations for more than one.
        watch: called with how many are done, and how many there are.
    """
    kept, calibrator = calibrator.kept, dataclasses.replace(calibrator, kept=Kept())  # workers keep nothing
    keys, by_cells = kept.read(wanted, calibrator)
    watch(len(by_cells), len(wanted))
    missing = [cells for cells in wanted if cells not in by_cells]
    batches = (missing[first : first + _BATCH] for first in range(0, len(missing), _BATCH))
    new: dict[str, Calibration] = {}
    for batch in run(calibrator, batches, _give_up, workers if len(missing) >= _WORTH_A_PROCESS else 1):
        by_cells |= dict(batch)
        watch(len(by_cells), len(wanted))
        new |= {keys[cells]: one for cells, one in batch if cells in keys and isinstance(one, Calibration)}
        if len(new) >= _KEPT_AT_ONCE:
            kept.add(new)
            new = {}
    kept.add(new)
    return {cells: by_cells[cells] for cells in wanted}


def calibration_keys(wanted: Sequence[Cells], calibrator: CalibrationStep) -> dict[Cells, str]:
    """A hash of everything that each calibration depends on, 64 hexadecimal digits, by cells.

    Args:
        wanted: pairs of cells.
        calibrator: of population, settings and backend.
    """
    content = hashlib.blake2b(json.dumps([code_sha256(), library_versions(), machine()]).encode())
    for part in (calibrator.population, calibrator.joint):
        for array in _arrays(part):
            content.update(f"{array.dtype} {array.shape}".encode() + np.ascontiguousarray(array).tobytes())
    common = content.hexdigest()
    rest = calibrator.population, calibrator.settings, calibrator.backend
    return {
        cells: hashlib.sha256(f"{common} {calibration_id(rest[0], *cells, *rest[1:])}".encode()).hexdigest()
        for cells in wanted
    }


def _arrays(record: object) -> Iterator[NDArray[np.generic]]:
    """All arrays of a data class and of those in it."""
    if isinstance(record, np.ndarray):
        yield record
    elif dataclasses.is_dataclass(record):
        for field in dataclasses.fields(record):
            yield from _arrays(getattr(record, field.name))


def _give_up(cells: Cells) -> tuple[Cells, Outcome]:
    return cells, CalibrationError(
        "The process that calibrated these conditions died; it may have run out of memory.",
        "Compare again with --workers 1.",
    )
