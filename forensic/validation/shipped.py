"""Validation that travels with a model: the real calls of its bank, each LR from a fit without either speaker."""

from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from forensic.comparison.calibrations import CalibrationStep, Kept, calibration_step
from forensic.comparison.opinions import step_of_both, step_of_second
from forensic.errors import ValidationError
from forensic.likelihood_ratio.joint import JointFit
from forensic.likelihood_ratio.pairing import kinds_of_pairs
from forensic.likelihood_ratio.population import Population, load_population, longest_of_each
from forensic.likelihood_ratio.relevant import PopulationChoice, chosen
from forensic.likelihood_ratio.second_bank import load_with_second, stored_second
from forensic.progress import Watch, unwatched
from forensic.quantities import PLACE, QUANTITIES
from forensic.settings import ComparisonSettings
from forensic.speaker.extractor import load_model
from forensic.validation.breakdown import OTHER_LINE, SAME_LINE

LEAST_SPEECH_S = 5.0
"""Net speech of a call that is compared."""

Opinion: TypeAlias = Literal["first", "second", "both"]
"""Of the first model alone, of the second alone, or of both together."""


def real_call_lrs(
    model_folder: Path, settings: ComparisonSettings, opinion: Opinion = "first", watch: Watch = unwatched
) -> pl.DataFrame:
    """Every real call against every other of its corpus; of one speaker, those of other days.

    Each call is taken whole, up to the longest piece of the bank, and is once on either side.

    Args:
        model_folder: with its bank and folders of real calls.
        settings: of the calibration.
        opinion: whose LRs; the bank has the second model's embeddings, if any.
        watch: called with how far the fit of the calibration is, unless it is kept.

    Returns:
        Columns score, log10_lr (cross-validated by speaker, before bounds), same_speaker, speaker_known,
        speaker_questioned, corpus, condition (``SAME_LINE`` or ``OTHER_LINE``), and the quantities of both sides.

    Raises:
        ModelError: if the model or its bank cannot be loaded.
        ValidationError: if the bank has no real calls, or no embeddings of a second model that is asked for.
    """
    step = step_of(model_folder, settings, opinion, watch)
    population = step.population
    assert isinstance(population, Population)
    if not population.is_real.any():
        raise ValidationError(
            f"The bank of {model_folder} has no real calls.", "Validate on recordings of your own with --manifest."
        )
    if step.joint is None:
        raise ValidationError(
            "Real calls are validated with the joint calibration only.", 'Set comparison.calibrator = "joint".'
        )
    known, questioned = (whole_calls(population, is_questioned=side) for side in (False, True))
    return lrs_of_rows(step, known, questioned)


def lrs_of_rows(
    step: CalibrationStep, known: NDArray[np.intp], questioned: NDArray[np.intp], unseen: JointFit | None = None
) -> pl.DataFrame:
    """All pairs of some rows of a population that may be compared; of one speaker on real lines, those of other days.

    Args:
        step: with a joint fit to the population.
        known: rows, shape (n,).
        questioned: rows, shape (m,).
        unseen: a fit to other people, which the LRs are by; None: that of the step, without both speakers.

    Returns:
        As ``real_call_lrs``.
    """
    population, joint = step.population, step.joint
    assert isinstance(population, Population)
    assert joint is not None
    is_same, is_different = kinds_of_pairs(population, known, questioned[:, None])
    is_same &= ~population.is_real[known] | (population.day[known] != population.day[questioned[:, None]])
    at, of = np.nonzero(is_same | is_different)
    k, q = known[of], questioned[at]
    scores = step.backend.score_pairs(population.embeddings, q, k)
    log10_lr = (
        joint.cross_validated(scores, population, k, q)
        if unseen is None
        else unseen.log10_lr(scores, population.measured[k], population.measured[q])
    )
    names, corpora = np.array(population.speakers), np.array(population.corpora)
    return pl.DataFrame(
        {
            "score": scores,
            "log10_lr": log10_lr,
            "same_speaker": is_same[at, of],
            "speaker_known": names[population.speaker[k]],
            "speaker_questioned": names[population.speaker[q]],
            "corpus": corpora[population.speaker[k]],
            "condition": np.where(population.line[k] == population.line[q], SAME_LINE, OTHER_LINE),
            **{
                quantity.of_side(side): population.measured[rows, number]
                for side, rows in (("known", k), ("questioned", q))
                for number, quantity in enumerate(QUANTITIES)
            },
        }
    ).with_columns(pl.selectors.float().fill_nan(None))


def step_of(
    model_folder: Path, settings: ComparisonSettings, opinion: Opinion, watch: Watch = unwatched
) -> CalibrationStep:
    """What the LRs of an opinion rest on; arguments and errors as of ``real_call_lrs``."""
    model = load_model(model_folder)
    second_sha256, kept = stored_second(model_folder), Kept(model_folder)
    if opinion == "first":
        population = load_population(model_folder, model.identity.sha256)
        return calibration_step(chosen(population, PopulationChoice()), settings, model.backend, kept, watch)
    if second_sha256 is None:
        raise ValidationError(
            f"The bank of {model_folder} has no embeddings of a second model.",
            "Make them with `forensic population second`.",
        )
    population = load_with_second(model_folder, model.identity.sha256, second_sha256)
    first = CalibrationStep(chosen(population, PopulationChoice()), settings, model.backend, kept=kept)  # without a fit
    return (step_of_second if opinion == "second" else step_of_both)(first, watch)


def best_opinion(model_folder: Path) -> Opinion:
    """Of both models where the bank has embeddings of a second one, else of the first."""
    return "first" if stored_second(model_folder) is None else "both"


def whole_calls(population: Population, *, is_questioned: bool) -> NDArray[np.intp]:
    """The row with the most speech of each real call, ``LEAST_SPEECH_S`` or more, on one side."""
    is_long = population.measured[:, PLACE["net_speech_s"]] >= LEAST_SPEECH_S
    wanted = population.is_real & (population.is_questioned == is_questioned) & is_long
    return longest_of_each(population, wanted, population.recording)
