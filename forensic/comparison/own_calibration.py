"""A laboratory's own calibration, as ``forensic calibrate`` or ``forensic population build`` writes it to a folder."""

from pathlib import Path

from forensic.errors import ModelError
from forensic.likelihood_ratio.population import CARD as POPULATION_CARD
from forensic.likelihood_ratio.population import Population, load_population
from forensic.likelihood_ratio.score_list import CARD as SCORES_CARD
from forensic.likelihood_ratio.score_list import ScoreList, load_score_list
from forensic.speaker.extractor import SpeakerModel


def load_calibration(folder: Path, model: SpeakerModel) -> Population | ScoreList:
    """Read what ``forensic calibrate`` or ``forensic population build`` wrote to a folder.

    Args:
        folder: of the calibration.
        model: that embeds and scores the case.

    Raises:
        ModelError: if the folder has no calibration, or it is damaged or was made with another model.
    """
    if (folder / POPULATION_CARD).is_file():
        return load_population(folder, model.identity.sha256)
    if (folder / SCORES_CARD).is_file():
        return load_score_list(folder, model.identity.sha256, model.backend.identity)
    raise ModelError(f"{folder} has no calibration.", "Name a folder that `forensic calibrate` made.")
