"""What a person asked to be compared, and what every comparison of a run rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from forensic.likelihood_ratio.envelope import Envelope, load_envelope
from forensic.likelihood_ratio.population import Population, load_population
from forensic.likelihood_ratio.scale import VerbalScale, load_scale
from forensic.likelihood_ratio.score_list import ScoreList
from forensic.records import Labels
from forensic.settings import Settings
from forensic.speaker.extractor import SpeakerModel, load_model


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """What to compare.

    Attributes:
        reference: the reference set of suspects, a folder or a CSV manifest; of a verification, the known recording.
        questioned: paths or globs that narrow the questioned side; empty takes all that was scanned.
        model_folder: embeds, and has the reference population beside it.
        settings: of every step.
        scale: file of verbal equivalents; None takes the one that ships.
        workers: processes; None takes one a processor.
        command_line: as it was given, for the report.
        people: of the relevant population, whose speech is simulated in the conditions of the case; None takes the bank
            beside the model.
        calibration: folder of ``forensic calibrate`` to use instead of that bank.
        labels: a file or folder of turns that an examiner set in the suspects' recordings, or these by recording; in a
            verification or identification a file or folder for the recordings of both sides.
        envelope: file of a validation's envelope; None takes the one beside the calibration or the bank.
        explains: whether to look at what the highest LRs hang on, which takes a few calibrations more.
    """

    reference: Path
    model_folder: Path
    settings: Settings
    questioned: tuple[str, ...] = ()
    scale: Path | None = None
    workers: int | None = None
    command_line: str = ""
    people: Path | None = None
    calibration: Path | None = None
    labels: Path | Mapping[Path, Labels] | None = None
    envelope: Path | None = None
    explains: bool = True


@dataclass(frozen=True, slots=True)
class Basis:
    """What every comparison of a run rests on.

    Attributes:
        model: embeds and scores.
        scale: says LRs in words.
        envelope: outside which no LR is issued.
        population: fits the calibrations; None where people are to be simulated in the conditions of the case.
    """

    model: SpeakerModel
    scale: VerbalScale
    envelope: Envelope
    population: Population | ScoreList | None


def load_basis(
    model_folder: Path,
    calibration: Path | None,
    envelope: Path | None,
    scale: Path | None,
    *,
    is_simulated: bool = False,
    model: SpeakerModel | None = None,
) -> Basis:
    """Load all of it, before anything that takes long.

    Args:
        model_folder: embeds, and has the reference population and envelope beside it.
        calibration: a laboratory's own; None takes the bank beside the model.
        envelope: of a validation; None takes the one beside the calibration or the bank.
        scale: of verbal equivalents; None takes the one that ships.
        is_simulated: whether people are to be simulated, so that no population is loaded.
        model: of ``model_folder``, where it has been loaded before.

    Raises:
        ModelError: if the model, its reference population or the envelope cannot be loaded.
        SettingsError: if the scale cannot be used.
    """
    words = load_scale(scale)
    model = model or load_model(model_folder)
    limits = load_envelope(envelope or calibration or model_folder)
    population = None if is_simulated else _population(model, model_folder, calibration)
    return Basis(model, words, limits, population)


def _population(model: SpeakerModel, model_folder: Path, calibration: Path | None) -> Population | ScoreList:
    if calibration is not None:
        from forensic.comparison.own_calibration import load_calibration  # a second that a verification would wait

        return load_calibration(calibration, model)
    return load_population(model_folder, model.identity.sha256)
