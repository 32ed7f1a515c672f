"""What computed a result, for its report: program, model, settings, machine."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import forensic
from forensic.case.provenance import library_versions, machine
from forensic.engine import processors
from forensic.likelihood_ratio.envelope import Envelope
from forensic.likelihood_ratio.population import Population, PopulationCard
from forensic.likelihood_ratio.real_calls import RealResult, load_real_results
from forensic.likelihood_ratio.relevant import People, people_of
from forensic.likelihood_ratio.score_list import ScoreList
from forensic.settings import Settings
from forensic.speaker.extractor import SpeakerModel
from forensic.speaker.second import SecondCard
from forensic.storage.release import check_release

PopulationKind: TypeAlias = Literal["bank", "simulated", "own recordings", "own scores"]
"""The model's bank, people simulated in the conditions of the case, or a laboratory's own calibration from recordings
or from scores."""


_GROUPS_SHOWN = 8

_BY = {
    "corpus": "By corpus: {0}.",
    "language": "By language: {0}.",
    "age": "By age group: {0}.",
    "sex": "By sex: {0}.",
}

_COUNTS = re.compile(r"Speakers by corpus \(and language\): [^.]*\. ?")
"""What a bank's card says of all its people; those who were taken are counted apart."""


Whom: TypeAlias = Population | PopulationCard | ScoreList
"""What LRs were calibrated on."""


SEED = "bootstrap and cross-validation"
"""What the seed is of."""


@dataclass(frozen=True, slots=True)
class Method:
    """What computed the results, in full, so that another laboratory can compute them again.

    Attributes:
        software_version: version of ``forensic``.
        model_name: name on the model's card.
        model_sha256: SHA-256 of its weights.
        model_licence: licence of its weights.
        model_training_data: what it was trained on, in a sentence.
        model_started_from: the network that its training started from, and what that was trained on; empty for none.
        score: how two embeddings are scored, in words.
        score_identity: SHA-256 of the backend that scores them; "cosine" where there is none.
        settings: every setting in force.
        settings_sha256: hash of the settings.
        hardware: processor, cores, accelerator.
        operating_system: its name and version.
        python_version: such as "3.11.9".
        libraries: version by name.
        seeds: seed by what it seeds.
        command_line: the command that was given.
        duration_s: how long the comparison took.
        population: who the reference population is, in a few sentences.
        population_sha256: of it.
        population_kind: where it comes from; None where there was none.
        envelope: the conditions outside which no LR is issued; None if there was no such limit.
        model_started_from: the weights that the model descends from, and what they were trained on.
        model_teachers: the networks whose embeddings it learnt from.
        second: the second model, whose scores are given beside those of the first; None without one.
        real_calls: what LRs of the model's bank were worth on real calls, by opinion; empty for another population.
        audit_head: SHA-256 of the last line of the case's audit log before the results; empty without a log.
        release_sha256: of the manifest of the release; all that ships was as it says.
    """

    software_version: str
    model_name: str
    model_sha256: str
    model_licence: str
    model_training_data: str
    score: str
    score_identity: str
    settings: Settings
    settings_sha256: str
    hardware: str
    operating_system: str
    python_version: str
    libraries: Mapping[str, str]
    seeds: Mapping[str, int]
    command_line: str
    duration_s: float
    population: str = ""
    population_sha256: str = ""
    population_kind: PopulationKind | None = None
    envelope: Envelope | None = None
    model_started_from: str = ""
    model_teachers: str = ""
    second: SecondCard | None = None
    audit_head: str = ""
    release_sha256: str = ""
    real_calls: Mapping[str, RealResult] = field(default_factory=dict)


def method_of(
    model: SpeakerModel | None,
    settings: Settings,
    command_line: str,
    duration_s: float,
    population: Whom | None = None,
    simulated_from: Path | None = None,
    own: Path | None = None,
    envelope: Envelope | None = None,
    second: SecondCard | None = None,
    audit_head: str = "",
) -> Method:
    """The method, in full.

    Args:
        model: that embedded and scored; None if only scores were given.
        settings: of every step.
        command_line: as it was given.
        duration_s: how long it took.
        population: whom LRs were calibrated on, or the card of the bank, or own scores; None if there was none of them.
        simulated_from: the people that it was simulated from for this case; None if it was not simulated.
        own: folder of the laboratory's own calibration that it is in; None if it is the model's bank.
        envelope: outside which no LR was issued; None if there was no such limit.
        second: the second model; None without one.
        audit_head: of the case's log; empty without one.
    """
    computer = machine()
    return Method(
        software_version=forensic.__version__,
        model_name=model.identity.name if model else "",
        model_sha256=model.identity.sha256 if model else "",
        model_licence=str(model.card.get("licence", "")) if model else "",
        model_training_data=str(model.card.get("data", "")) if model else "",
        score=model.backend.description if model else "",
        score_identity=model.backend.identity if model else "",
        settings=settings,
        settings_sha256=hashlib.sha256(json.dumps(dataclasses.asdict(settings), sort_keys=True).encode()).hexdigest(),
        hardware=f"{computer['processor']}, {processors()} processors, no accelerator used",
        operating_system=computer["operating_system"],
        python_version=computer["python"],
        libraries=library_versions(),
        seeds={SEED: settings.comparison.seed},
        command_line=command_line,
        duration_s=duration_s,
        population=_population(population, simulated_from, own) if population else "",
        population_sha256=_sha256(population) if population else "",
        population_kind=_kind(population, simulated_from, own) if population else None,
        envelope=envelope,
        model_started_from=str(model.card.get("started_from", "")) if model else "",
        model_teachers=str(model.card.get("teachers", "")) if model else "",
        second=second,
        audit_head=audit_head,
        release_sha256=check_release(),
        real_calls=load_real_results(model.folder) if model and _is_the_bank(population, simulated_from, own) else {},
    )


def _is_the_bank(population: Whom | None, simulated_from: Path | None, own: Path | None) -> bool:
    return population is not None and _kind(population, simulated_from, own) == "bank"


def _kind(population: Whom, simulated_from: Path | None, own: Path | None) -> PopulationKind:
    if isinstance(population, ScoreList):
        return "own scores"
    if simulated_from:
        return "simulated"
    return "own recordings" if own else "bank"


def _population(population: Whom, simulated_from: Path | None, own: Path | None) -> str:
    if isinstance(population, ScoreList):
        return f"own scores of {population.pairs.speakers} speakers, {population.source}, from the calibration {own}."
    made = {
        "bank": "the model's bank",
        "simulated": f"simulated from {simulated_from} in the conditions of this case",
        "own recordings": f"from the calibration {own}",
    }[_kind(population, simulated_from, own)]
    if isinstance(population, PopulationCard):
        return " ".join([_size(population.speakers, population.rows, made), population.data])
    people = people_of(population)
    size = _size(people.count, population.card.rows, made)
    return " ".join([size, who(people), _COUNTS.sub("", population.card.data)]).strip()


def _size(speakers: int, rows: int, made: str) -> str:
    return f"{speakers} speakers, {rows} embeddings, {made}."


def who(people: People) -> str:
    """Who a population is, in a few sentences: people by corpus, language, age group and sex, real lines and days."""
    parts = []
    for name, sentence in _BY.items():
        counts = people.by[name]
        shown = [f"{value or 'not stated'} {count}" for value, count in list(counts.items())[:_GROUPS_SHOWN]]
        rest = len(counts) - len(shown)
        parts.append(sentence.format(", ".join([*shown, *([f"others {rest}"] if rest > 0 else [])])))
    parts.append(f"{people.real} of them are on real lines." if people.real else "None of them is on a real line.")
    parts.append(
        f"{people.several_days} have same-speaker pairs of different days; those of all others are of one sitting."
    )
    return " ".join(parts)


def _sha256(population: Whom) -> str:
    if isinstance(population, ScoreList):
        return population.sha256
    return (population if isinstance(population, PopulationCard) else population.card).parquet_sha256
