"""What a person asked to compare, and what every comparison of a run rests on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from forensic.case.basis import OwnFiles, own_files
from forensic.errors import ModelError
from forensic.likelihood_ratio.envelope import ENVELOPE, Envelope, load_envelope
from forensic.likelihood_ratio.population import Population
from forensic.likelihood_ratio.scale import VerbalScale, load_scale, own_scale
from forensic.likelihood_ratio.score_list import ScoreList
from forensic.likelihood_ratio.second_bank import load_with_second
from forensic.records import Labels
from forensic.settings import Settings
from forensic.speaker.extractor import SpeakerModel, load_model
from forensic.storage.release import check_release

if TYPE_CHECKING:
    from forensic.speaker.second import SecondCard


@dataclass(frozen=True, slots=True)
class Places:
    """Where the basis of a run is.

    Attributes:
        model_folder: folder of the model, with the reference population and the envelope.
        calibration: a laboratory's own. None: the bank of the model.
        envelope: of a validation. None: the envelope of the calibration or the bank.
        scale: of verbal equivalents. None: that of the templates, or the bundled scale.
        templates: folder of a laboratory's own; empty for none.
    """

    model_folder: Path
    calibration: Path | None = None
    envelope: Path | None = None
    scale: Path | None = None
    templates: str = ""

    def own(self, settings: Settings) -> OwnFiles:
        """The files there that do not ship, with those of a second model that the settings name by its folder."""
        given = (self.model_folder, self.calibration, self.envelope, self.scale)
        named = (folder for folder in (settings.second.model, self.templates) if folder and Path(folder).is_dir())
        return own_files([place for place in given if place is not None] + list(map(Path, named)))


@dataclass(frozen=True, slots=True)
class ComparisonRequest:
    """What to compare.

    Attributes:
        reference: the reference set of suspects, a folder or a CSV manifest; for a verification, the known recording.
        questioned: paths or globs that narrow the questioned side; empty takes all that was scanned.
        model_folder: folder of the model, with the reference population.
        settings: of every step.
        scale: file of verbal equivalents. None: the bundled scale.
        workers: number of processes. None: one per processor.
        command_line: as it was given, for the report.
        people: of the relevant population, whose speech is simulated in the conditions of the case. None: the bank of
            the model.
        calibration: folder of ``forensic calibrate`` to use instead of that bank.
        labels: a file or folder of turns that an examiner set in the suspects' recordings, or the turns by recording;
            for a verification or identification, a file or folder for the recordings of both sides.
        envelope: file of a validation's envelope. None: the envelope of the calibration or the bank.
        explains: whether to show what the highest LRs rest on, which takes a few more calibrations.
        accepts_changed: whether models, populations, envelopes and scales may differ from those of the case's last use.
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
    accepts_changed: bool = False

    def places(self, templates: str) -> Places:
        """Where its basis is.

        Args:
            templates: folder of a laboratory's own; empty for none.
        """
        return Places(self.model_folder, self.calibration, self.envelope, self.scale, templates)


@dataclass(frozen=True, slots=True)
class Basis:
    """What every comparison of a run rests on.

    Attributes:
        model: embeds and scores.
        scale: says LRs in words.
        envelope: outside which no LR is issued.
        population: fits the calibrations; None if people are to be simulated in the conditions of the case.
        release_sha256: of the manifest of the release, against which all that ships was checked.
        own: files that they rest on and that do not ship.
        second: the second model; None without one.
    """

    model: SpeakerModel
    scale: VerbalScale
    envelope: Envelope
    population: Population | ScoreList | None
    release_sha256: str
    own: OwnFiles
    second: "SecondCard | None" = None


def second_card(settings: Settings) -> "SecondCard | None":
    """What the second model of the settings is; None, and nothing imported, where none is set.

    Raises:
        ModelError: if it is missing, or not what its card names.
    """
    if not settings.second.model:
        return None
    from forensic.speaker.second import read_second

    return read_second(settings.second.model)


def load_basis(
    places: Places, settings: Settings, *, is_simulated: bool = False, model: SpeakerModel | None = None
) -> Basis:
    """Check and load the basis of a run, before anything that takes long.

    Args:
        places: where it is.
        settings: name the second model, whose embeddings of the bank are read as well.
        is_simulated: whether people are to be simulated, so that no population is loaded.
        model: of ``places.model_folder``, if it is loaded already.

    Raises:
        ReleaseError: if a file that ships is not as it was released.
        ModelError: if the models, the reference population or the envelope cannot be loaded.
        SettingsError: if the scale cannot be used.
    """
    release_sha256 = check_release()
    own = places.own(settings)
    words = load_scale(places.scale or own_scale(places.templates))
    second = second_card(settings)
    model = model or load_model(places.model_folder)
    calibration, envelope = places.calibration, places.envelope
    if calibration is not None and envelope is None and not (calibration / ENVELOPE).exists():
        raise ModelError(
            f"The calibration {calibration} meets its criterion in no condition, so no LR can be issued on it.",
            "Calibrate on more people or better recordings (its summary.json has the figures), or name the envelope of "
            "a validation with --envelope.",
        )
    limits = load_envelope(envelope or calibration or places.model_folder)
    population = None if is_simulated else _population(model, places.model_folder, calibration, second)
    return Basis(model, words, limits, population, release_sha256, own, second)


def _population(
    model: SpeakerModel, model_folder: Path, calibration: Path | None, second: "SecondCard | None"
) -> Population | ScoreList:
    if calibration is not None:
        from forensic.comparison.own_calibration import (
            load_calibration,
        )  # takes a second, which a verification need not wait for

        return load_calibration(calibration, model)
    return load_with_second(model_folder, model.identity.sha256, second.identity.sha256 if second else None)
