"""The joint fits that every case asks for, kept beside the bank that they were fitted to."""

from pathlib import Path

from forensic.comparison.calibrations import CalibrationStep, calibration_step
from forensic.comparison.neighbours import neighbouring_choices
from forensic.comparison.opinions import step_of_both, step_of_second
from forensic.engine import one_thread
from forensic.likelihood_ratio.joint_file import keep
from forensic.likelihood_ratio.population import Population
from forensic.likelihood_ratio.relevant import PopulationChoice, chosen
from forensic.likelihood_ratio.second_bank import load_with_second, stored_second
from forensic.progress import Watch, unwatched
from forensic.settings import ComparisonSettings
from forensic.speaker.extractor import load_model


@one_thread()
def keep_fits(folder: Path, settings: ComparisonSettings, watch: Watch = unwatched) -> None:
    """Keep the fits of a model's bank to the default choice of people and to its neighbours.

    Where the bank has the embeddings of a second model: also those of both models, and of the second one alone.

    Args:
        folder: of the model.
        settings: of the calibration.
        watch: called with how many choices of people are done, and how many there are.

    Raises:
        ModelError: if model or bank cannot be loaded.
    """
    model = load_model(folder)
    everybody = load_with_second(folder, model.identity.sha256, stored_second(folder))
    blank = PopulationChoice()
    choices = [blank, *neighbouring_choices(blank, everybody)]
    for number, choice in enumerate(choices):
        watch(number, len(choices))
        population = chosen(everybody, choice)
        name = f"neighbour-{number}-" if number else ""
        first = calibration_step(population, settings, model.backend)
        _keep(folder, name, first)
        if population.second is not None:
            _keep(folder, f"both-{name}", step_of_both(first))
            if not number:
                _keep(folder, "second-", step_of_second(first))


def _keep(folder: Path, name: str, step: CalibrationStep) -> None:
    if step.joint is not None:
        assert isinstance(step.population, Population)
        keep(folder, step.joint, step.population, step.backend, step.settings.bootstrap_draws, step.settings.seed, name)
