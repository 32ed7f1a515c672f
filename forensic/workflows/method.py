"""What computed a result, for its report: program, model, settings, machine."""

import dataclasses
import hashlib
import json
import os
from pathlib import Path

import forensic
from forensic.case.provenance import library_versions, machine
from forensic.likelihood_ratio.population import PopulationCard
from forensic.report.content.inputs import Method
from forensic.settings import Settings
from forensic.speaker.extractor import SpeakerModel


def method_of(
    model: SpeakerModel | None,
    settings: Settings,
    command_line: str,
    duration_s: float,
    population: PopulationCard | None = None,
    simulated_from: Path | None = None,
) -> Method:
    """The method, in full.

    Args:
        model: that embedded and scored; None where only scores were given.
        settings: of every step.
        command_line: as it was given.
        duration_s: how long it took.
        population: card of the reference population; None where there was none.
        simulated_from: the people that it was simulated from for this case; None where it is the model's bank.
    """
    computer = machine()
    tables = {field.name: dataclasses.asdict(getattr(settings, field.name)) for field in dataclasses.fields(Settings)}
    return Method(
        software_version=forensic.__version__,
        model_name=model.identity.name if model else "",
        model_sha256=model.identity.sha256 if model else "",
        model_licence=str(model.card.get("licence", "")) if model else "",
        model_training_data=str(model.card.get("data", "")) if model else "",
        score=model.backend.description if model else "",
        score_identity=model.backend.identity if model else "",
        settings=tables,
        settings_sha256=hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest(),
        hardware=f"{computer['processor']}, {len(os.sched_getaffinity(0))} processors, no accelerator used",
        operating_system=computer["operating_system"],
        python_version=computer["python"],
        libraries=library_versions(),
        seeds={"bootstrap and cross-validation": settings.comparison.seed},
        command_line=command_line,
        duration_s=duration_s,
        population=_population(population, simulated_from) if population else "",
        population_sha256=population.parquet_sha256 if population else "",
    )


def _population(card: PopulationCard, simulated_from: Path | None) -> str:
    made = f"simulated from {simulated_from} in the conditions of this case" if simulated_from else "the model's bank"
    return f"{card.speakers} speakers, {card.rows} embeddings, {made}. {card.data}"
