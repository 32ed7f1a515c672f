"""A laboratory's own scores as a calibration: comparisons of known truth, all in one pair of conditions.

A calibration folder of scores has ``scores.parquet`` (one row per comparison: score, same_speaker, speaker_known and
speaker_questioned) and ``calibration.toml``, its card: the conditions of the two sides, the model that made the scores,
and hashes. The fit is made from the scores each time it is used, by the settings in force then; the same scores and
settings give the same calibration, with the same id.
"""

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from forensic.errors import CalibrationError, ModelError
from forensic.likelihood_ratio.pairs import Pairs
from forensic.likelihood_ratio.scored import pairs_of
from forensic.quantities import QUANTITIES, Quantity
from forensic.records import Conditions, Role
from forensic.storage import toml
from forensic.storage.atomic import written_whole

CARD = "calibration.toml"
PARQUET = "scores.parquet"
COLUMNS = ("score", "same_speaker", "speaker_known", "speaker_questioned")
_REMEDY = "Make it again with `forensic calibrate`."


@dataclass(frozen=True, slots=True, eq=False)
class ScoreList:
    """Scores of known truth, for a calibration.

    Attributes:
        pairs: the scores, speakers by number.
        known_cells: the conditions of the known side; one.
        questioned_cells: those of the questioned side; one.
        sha256: of the scores and of everything that the card says about them.
        source: where they come from, in a few words.
    """

    pairs: Pairs
    known_cells: tuple[Conditions, ...]
    questioned_cells: tuple[Conditions, ...]
    sha256: str
    source: str


@dataclass(frozen=True, slots=True)
class _Card:
    """The card; its conditions are the measured ones, without what was not measured."""

    kind: Literal["scores"]
    source: str
    scores_sha256: str
    model_sha256: str
    score_identity: str
    speakers: int
    same_speaker_comparisons: int
    different_speaker_comparisons: int
    known: Conditions
    questioned: Conditions


def save_score_list(
    folder: Path,
    scores: pl.DataFrame,
    known: Conditions,
    questioned: Conditions,
    *,
    model_sha256: str,
    score_identity: str,
    source: str,
) -> None:
    """Write scores and card.

    Args:
        folder: where to write; made if missing.
        scores: the columns ``COLUMNS``; others are not kept.
        known: conditions of the known side of all of them.
        questioned: conditions of the questioned side.
        model_sha256: of the weights that embedded.
        score_identity: of the backend that scored.
        source: where they come from.

    Raises:
        CalibrationError: if one kind of comparison is missing, or a score is not finite.
    """
    pairs, names = pairs_of(scores)
    buffer = BytesIO()
    scores.select(COLUMNS).write_parquet(buffer)
    card = _Card(
        kind="scores",
        source=source,
        scores_sha256=hashlib.sha256(buffer.getvalue()).hexdigest(),
        model_sha256=model_sha256,
        score_identity=score_identity,
        speakers=len(names),
        same_speaker_comparisons=len(pairs.same_scores),
        different_speaker_comparisons=len(pairs.different_scores),
        known=known,
        questioned=questioned,
    )
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / PARQUET) as file:
        file.write(buffer.getvalue())
    toml.write(folder / CARD, card)


def load_score_list(folder: Path, model_sha256: str, score_identity: str) -> ScoreList:
    """Read scores, and check that they are complete and of this model and score.

    Args:
        folder: with ``scores.parquet`` and ``calibration.toml``.
        model_sha256: of the weights that embed the case.
        score_identity: of the backend that scores it.

    Raises:
        ModelError: if a file is missing or damaged, or the scores are of another model.
        CalibrationError: as in ``save_score_list``.
    """
    blame = toml.Blame(ModelError, "the calibration ", _REMEDY)
    try:
        content, data = ((folder / name).read_bytes() for name in (CARD, PARQUET))
    except OSError as error:
        raise ModelError(f"Cannot read the calibration {folder}: {error.strerror}.", _REMEDY) from error
    card = toml.parse(content, _Card, str(folder / CARD), blame)
    if hashlib.sha256(data).hexdigest() != card.scores_sha256:
        raise ModelError(f"{folder / PARQUET} is not the file that its card names.", _REMEDY)
    if (card.model_sha256, card.score_identity) != (model_sha256, score_identity):
        raise ModelError(
            f"The scores of {folder} were made with another model or score ({card.model_sha256[:12]}, "
            f"{card.score_identity[:12]}; not {model_sha256[:12]}, {score_identity[:12]}).",
            "Use --model with the model that made them, or make scores with this model.",
        )
    pairs, _ = pairs_of(pl.read_parquet(BytesIO(data)))
    digest = hashlib.sha256(content + data).hexdigest()
    return ScoreList(pairs, (card.known,), (card.questioned,), digest, card.source)


def stated_conditions(scores: pl.DataFrame, side: Role, name: str) -> Conditions:
    """The conditions of one side of a list of scores: the medians of its columns, the most frequent of kinds.

    Args:
        scores: columns such as net_speech_known_s, snr_known_db and bandwidth_known_hz (``Quantity.of_side``); null or
            missing if nothing was measured.
        side: of the comparisons.
        name: what to call them.

    Raises:
        CalibrationError: if a quantity that is always measured is nowhere stated.
    """
    typical = {quantity.name: _typical(scores, quantity, side) for quantity in QUANTITIES}
    needed = [quantity for quantity in QUANTITIES if quantity.is_always_measured]
    if any(not typical[quantity.name] or typical[quantity.name] <= 0 for quantity in needed):
        rest = [quantity.of_side(side) for quantity in QUANTITIES if not quantity.is_always_measured]
        raise CalibrationError(
            f"The scores do not state the conditions of the {side} recordings, so it is not known whether they fit a "
            "case.",
            f"Add columns {' and '.join(quantity.of_side(side) for quantity in needed)} ({', '.join(rest)} if "
            "known), as in lrs.csv of `forensic validate`; the same value in all lines is enough.",
        )
    return Conditions(**typical, name=name)


def _typical(scores: pl.DataFrame, quantity: Quantity, side: Role) -> Any:
    """The median; None if nothing is stated."""
    column = quantity.of_side(side)
    values = scores[column].drop_nulls() if column in scores.columns else pl.Series([])
    if values.is_empty():
        return None
    return float(np.median(values.to_numpy()))
