"""The envelope of a population bank: each cell is validated on its own people, by maps fitted without them."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import polars as pl

from forensic.comparison.calibrations import CalibrationStep, Kept, calibration_step
from forensic.engine import one_thread
from forensic.errors import CalibrationError, ValidationError
from forensic.likelihood_ratio.conditions import nearest
from forensic.likelihood_ratio.envelope import (
    ENVELOPE,
    Envelope,
    EnvelopeLimits,
    ValidatedCell,
    find_envelope,
    load_envelope,
    save_envelope,
    worst_of,
)
from forensic.likelihood_ratio.fit import cllr_of_cells
from forensic.likelihood_ratio.population import Population, PopulationCard, load_population, read_rows
from forensic.likelihood_ratio.relevant import PopulationChoice, chosen
from forensic.progress import Note, counting
from forensic.quantities import CLEAN_SNR_DB, DRY_C50_DB
from forensic.records import KNOWN, QUESTIONED, Conditions, Interval, Role
from forensic.settings import ComparisonSettings
from forensic.speaker.extractor import load_model
from forensic.validation.kept_fits import keep_fits
from forensic.validation.real_results import keep_real_results, real_result
from forensic.validation.shipped import real_call_lrs

_USUAL_S = 10.0
"""Net speech of the questioned side with which known sides are compared."""


@one_thread()
def build_envelope(model_folder: Path, settings: ComparisonSettings, criterion: float, watch: Note) -> Envelope:
    """Validate every cell of a bank and its real calls, and write the envelope and the joint fits beside the bank.

    Questioned cells are compared with the best known cell, known cells with clean questioned speech of about 10 s: each
    limit is for its quantity alone (see ``forensic.likelihood_ratio.envelope``).

    Args:
        model_folder: with its bank; ``envelope.toml`` is written to it.
        settings: calibrator, draws, seed, fewest speakers.
        criterion: the largest Cllr to accept, at the upper end of its interval.
        watch: called with the name of each step.

    Raises:
        ModelError: if model or bank cannot be loaded, or no cell meets the criterion.
    """
    model = load_model(model_folder)
    population = chosen(load_population(model_folder, model.identity.sha256), PopulationChoice())
    keep_fits(model_folder, settings, counting(watch, "fitting the calibration", "choices of people"))
    watch("measuring real calls")
    keep_real_results(model_folder, settings)
    validating = counting(watch, "validating", "conditions")
    calibrator = calibration_step(population, settings, model.backend, Kept(model_folder))
    rows = read_rows(model_folder)
    best = Conditions(1e9, None, 8000.0, c50_db=DRY_C50_DB)
    best_known, _ = nearest(best, population.known_cells)
    usual = Conditions(_USUAL_S, CLEAN_SNR_DB, 8000.0, c50_db=DRY_C50_DB)
    usual_questioned, _ = nearest(usual, population.questioned_cells)
    pairs = [(best_known, q) for q in range(len(population.questioned_cells))]
    pairs += [(k, usual_questioned) for k in range(len(population.known_cells)) if k != best_known]
    cells = []
    for done, (known, questioned) in enumerate(pairs):
        validating(done, len(pairs))
        k, q = population.known_cells[known], population.questioned_cells[questioned]
        cells.append(
            ValidatedCell(
                name=f"{q.name}, {q.net_speech_s:.0f} s against {k.name}, {k.net_speech_s:.0f} s",
                known=_measured(rows, KNOWN, k),
                questioned=_measured(rows, QUESTIONED, q),
                cllr=_cllr(calibrator, population, known, questioned),
            )
        )
    real = list(_real_cells(model_folder, settings))
    basis = _basis(population.card, len(pairs), len(real))
    save_envelope(model_folder / ENVELOPE, find_envelope([*cells, *real], criterion, basis))
    return load_envelope(model_folder)


def _basis(card: PopulationCard, pairs: int, real: int) -> str:
    return (
        f"Cross-validation by speaker on the reference population of {card.speakers} people (SHA-256 "
        f"{card.parquet_sha256}), {pairs} simulated and {real} real pairs of conditions."
    )


def _real_cells(model_folder: Path, settings: ComparisonSettings) -> Iterator[ValidatedCell]:
    """The real calls of the bank, over the same kind of line and over two; none where it has no such calls."""
    with suppress(ValidationError):
        for (condition,), lrs in real_call_lrs(model_folder, settings).group_by("condition", maintain_order=True):
            if lrs["same_speaker"].n_unique() > 1:  # pairs of both kinds
                yield ValidatedCell(
                    name=f"real calls, {condition}",
                    known=worst_of(lrs, lambda quantity: quantity.of_side(KNOWN)),
                    questioned=worst_of(lrs, lambda quantity: quantity.of_side(QUESTIONED)),
                    cllr=result.cllr if (result := real_result(lrs)) else None,
                )


def _measured(rows: pl.DataFrame, side: Role, cell: Conditions) -> EnvelopeLimits:
    """The worst of the cell's recordings; a cell is identified by its channel and its median net speech."""
    of_channel = rows.filter(pl.col("side") == side, pl.col("cell") == cell.name)
    medians = of_channel.group_by("cell_net_speech_s").agg(pl.col("net_speech_s").median())
    nominal = dict(medians.select("net_speech_s", "cell_net_speech_s").iter_rows())
    return worst_of(of_channel.filter(pl.col("cell_net_speech_s") == nominal[cell.net_speech_s]))


def _cllr(calibrator: CalibrationStep, population: Population, known: int, questioned: int) -> Interval | None:
    """Cross-validated Cllr; None if there are too few speakers."""
    try:
        return cllr_of_cells(population, known, questioned, calibrator.settings, calibrator.backend, calibrator.joint)
    except CalibrationError:
        return None
