"""``forensic compare --population``: people of the relevant population in the conditions of a case.

The measured conditions of each side become a channel of the simulator. It is tuned on a few people until the conditions
measured of their speech agree. The speech of all people then passes through it, cut to the net speech of the case's
speaker. The embeddings are kept, by people, conditions and model, so that another comparison with the same conditions
needs no simulation.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl

from forensic import engine
from forensic.audio.channel import Band, Channel, Noise, Room, Sources, Step
from forensic.audio.codec import Codec
from forensic.errors import CalibrationError, RecordingError
from forensic.examination.bank import LONGEST_KNOWN_S, bank_row, described, sources_beside, sources_identity
from forensic.examination.people import (
    Person,
    check_disjoint,
    embed_pieces,
    pass_channel,
    read_people,
)
from forensic.likelihood_ratio.population import Population, join_populations, load_population, save_population
from forensic.progress import Watch, unwatched
from forensic.quantities import CLEAN_SNR_DB, DRY_C50_DB, LOWEST_EDGE_HZ
from forensic.records import KNOWN, QUESTIONED, Conditions, Quality, Role, Samples
from forensic.speaker.extractor import SpeakerModel, load_model
from forensic.speaker.features import FRAMES_PER_S

LONGEST_S = {KNOWN: LONGEST_KNOWN_S, QUESTIONED: 20.0}  # of net speech; beyond, scores hardly move
_PIECES = {KNOWN: 1, QUESTIONED: 3}
_SHARE = {KNOWN: 0.7, QUESTIONED: 0.95}  # of the case's net speech that a person must have
_SPLIT = "population"  # where a manifest has splits
_FORMAT = 1

_SNR_GRID_DB, _C50_GRID_DB, _EDGE_GRID_OCTAVES, _SPEECH_GRID_OCTAVES = 2.0, 2.0, 0.125, 0.25
_TELEPHONE_HZ = 4600.0  # a recording with a lower upper edge had a sample rate of 8 kHz
_WIDE_HZ = 7000.0
_LINE_HZ = 180.0  # a lower edge above this comes from a telephone line
_EDGE_BIAS = 0.8  # measured edge of a Butterworth band over its nominal edge
_LINE_TOP_HZ = 3400.0
_T60_S = (0.3, 0.5, 0.8, 1.2, 2.0)
_MOST_REVERBERANT = 4.0  # tail over direct sound
_LOWEST_C50_DB = -2.0
_TUNING_PEOPLE = 8
_TUNINGS = 2
_BATCH = 4  # people


@dataclass(frozen=True, slots=True)
class CasePopulationRequest:
    """What to simulate, and where to keep the embeddings.

    Attributes:
        source: people, a manifest or a folder (see ``read_people``); of a manifest with splits, only "population".
        model_folder: embeds.
        cache: folder of embeddings already made.
        workers: processes.
        seed: of every channel.
    """

    source: Path
    model_folder: Path
    cache: Path
    workers: int
    seed: int = 1


@dataclass(frozen=True, slots=True)
class SimulatedSide:
    """The conditions of one side of a comparison, rounded so that similar recordings share them.

    Attributes:
        side: of it.
        conditions: rounded.
    """

    side: Role
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class _Task:
    """The speech of one person for one side, to pass through a channel and be measured, or also embedded."""

    person: Person
    side: SimulatedSide
    channel: Channel
    embeds: bool


@dataclass(frozen=True, slots=True)
class _Spoken:
    """Rows and embeddings of one person for one side, and what was measured; empty if the speech cannot be used."""

    quality: Quality | None = None
    rows: Sequence[dict[str, object]] = ()
    embeddings: Sequence[Samples] = ()


_Team: TypeAlias = engine.Workers[_Task, _Spoken]


def rounded(conditions: Conditions, side: Role) -> SimulatedSide:
    """The conditions of a case recording on a grid much finer than the steps of a distance."""
    speech_s = min(conditions.net_speech_s, LONGEST_S[side])
    low_hz = conditions.low_edge_hz
    return SimulatedSide(
        side,
        Conditions(
            net_speech_s=min(_on_octaves(speech_s, _SPEECH_GRID_OCTAVES), LONGEST_S[side]),
            snr_db=_on_grid(conditions.snr_db, CLEAN_SNR_DB, _SNR_GRID_DB),
            bandwidth_hz=_on_octaves(conditions.bandwidth_hz, _EDGE_GRID_OCTAVES),
            low_edge_hz=_on_octaves(max(low_hz, LOWEST_EDGE_HZ), _EDGE_GRID_OCTAVES) if low_hz is not None else None,
            c50_db=_on_grid(conditions.c50_db, DRY_C50_DB, _C50_GRID_DB),
        ),
    )


def _on_grid(value: float | None, most: float, step: float) -> float | None:
    return None if value is None else min(most, round(value / step) * step)


def _on_octaves(value: float, step: float) -> float:
    return float(2 ** (round(math.log2(value) / step) * step))


def channel_of(conditions: Conditions) -> Channel:
    """A channel of the simulator that gives speech about these conditions: room, noise, line and codec, in order."""
    steps: list[Step] = []
    if conditions.c50_db is not None and conditions.c50_db < DRY_C50_DB:
        steps.append(room_of(conditions.c50_db))
    if conditions.snr_db is not None and conditions.snr_db < CLEAN_SNR_DB:
        steps.append(Noise(conditions.snr_db))
    steps += _line_of(conditions)
    return Channel(_name(steps), tuple(steps))


def room_of(c50_db: float) -> Room:
    """A room of decaying noise with this clarity: the shortest decay whose tail is not far above the direct sound."""
    ratio = 10 ** (max(c50_db, _LOWEST_C50_DB) / 10)
    for t60_s in _T60_S:
        late = 10 ** (-6 * 0.05 / t60_s)  # of the tail's energy, after 50 ms
        denominator = ratio * late - (1 - late)
        if denominator > 0 and 1 / denominator <= _MOST_REVERBERANT:
            break
    return Room(t60_s, 10 * math.log10(denominator))


def _line_of(conditions: Conditions) -> list[Step]:
    is_narrow = conditions.bandwidth_hz < _TELEPHONE_HZ
    low_hz = conditions.low_edge_hz or 0.0
    steps: list[Step] = []
    if low_hz > _LINE_HZ:
        steps.append(Band(low_hz / _EDGE_BIAS, _LINE_TOP_HZ if is_narrow else conditions.bandwidth_hz))
    elif not is_narrow and conditions.bandwidth_hz < _WIDE_HZ:
        steps.append(Band(50.0, conditions.bandwidth_hz))
    return [*steps, Codec("G.711 A-law")] if is_narrow else steps


def _name(steps: Sequence[Step]) -> str:
    texts = []
    for step in steps:
        match step:
            case Room():
                texts.append(f"room, T60 {step.t60_s:.1f} s at {step.direct_to_reverberant_db:.0f} dB")
            case Noise():
                texts.append(f"noise at {step.snr_db:.0f} dB")
            case Band():
                texts.append(f"{step.low_hz:.0f} to {step.high_hz:.0f} Hz")
            case Codec():
                texts.append(f"{step.name} {step.bit_rate / 1000:g}k" if step.bit_rate else step.name)
    return " + ".join(texts) or "clean"


def tuned(channel: Channel, wanted: Conditions, measured: Sequence[Quality]) -> Channel:
    """The channel with its noise and room changed by the difference between the wanted and the median measured values.

    A channel without noise or room keeps none, even if the measured speech is cleaner or drier than wanted.
    """
    steps: list[Step] = []
    for step in channel.steps:
        if isinstance(step, Noise) and wanted.snr_db is not None:
            missing = wanted.snr_db - _median([quality.snr_db for quality in measured], CLEAN_SNR_DB)
            steps.append(replace(step, snr_db=step.snr_db + missing))
        elif isinstance(step, Room) and wanted.c50_db is not None:
            missing = wanted.c50_db - _median([quality.c50_db for quality in measured], DRY_C50_DB)
            steps.append(room_of(_clarity(step) + missing))
        else:
            steps.append(step)
    return Channel(_name(steps), tuple(steps))


def _clarity(room: Room) -> float:
    """C50 of a room as ``room_of`` makes it."""
    tail = 10 ** (-room.direct_to_reverberant_db / 10)
    late = 10 ** (-6 * 0.05 / (room.t60_s or _T60_S[0]))
    return 10 * math.log10((1 + tail * (1 - late)) / (tail * late))


def _median(values: Sequence[float | None], most: float) -> float:
    return float(np.median([most if value is None else min(value, most) for value in values])) if values else most


def simulate_case_population(
    questioned: Iterable[Conditions],
    known: Iterable[Conditions],
    request: CasePopulationRequest,
    watch: Watch,
    reading: Watch = unwatched,
) -> Population:
    """People of the population in the conditions of each side of a case.

    Args:
        questioned: conditions of the questioned recordings.
        known: conditions of the suspects' recordings, pooled by suspect.
        request: people, model and cache.
        watch: called with conditions done and conditions in all.
        reading: called with how many lengths of people's recordings are known, and how many recordings there are.

    Returns:
        A population with a cell for each of the conditions; equal conditions share one.

    Raises:
        TrainingError: if the people cannot be read.
        ModelError: if the model, or what was kept, cannot be loaded.
        CalibrationError: if nobody has enough speech for some conditions.
    """
    model = load_model(request.model_folder)
    people, licences = read_people(request.source, (_SPLIT,), watch=reading)
    is_disjoint = check_disjoint(people, request.model_folder)
    sides = list(
        dict.fromkeys(
            [rounded(one, QUESTIONED) for one in questioned] + [rounded(one, KNOWN) for one in known]  # in this order
        )
    )
    identity = _identity(people, request, model)
    folders = {side: request.cache / _digest([identity, side.side, asdict(side.conditions)]) for side in sides}
    missing = [side for side in sides if not (folders[side] / "population.toml").exists()]
    watch(len(sides) - len(missing), len(sides))
    if missing:
        with engine.one_thread(), engine.Workers(_Start(request), _give_up, request.workers) as team:
            for done, side in enumerate(missing, 1):
                rows, embeddings = _simulate(side, people, team, request)
                save_population(
                    folders[side],
                    rows,
                    embeddings,
                    model_sha256=model.identity.sha256,
                    data=described(rows, is_disjoint=is_disjoint),
                    licences={corpus: licences[corpus] for corpus in rows["corpus"].unique()},
                )
                watch(len(sides) - len(missing) + done, len(sides))
    return join_populations([load_population(folders[side], model.identity.sha256) for side in sides])


def _identity(people: Sequence[Person], request: CasePopulationRequest, model: SpeakerModel) -> str:
    files = [
        [person.name, [[p.name, p.stat().st_size] for p in (*person.known, *person.questioned)]] for person in people
    ]
    return _digest([_FORMAT, request.seed, model.identity.sha256, sources_identity(request.source), files])


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:24]


def _simulate(
    side: SimulatedSide, people: Sequence[Person], team: _Team, request: CasePopulationRequest
) -> tuple[pl.DataFrame, Samples]:
    """Rows and embeddings of one side's conditions."""
    channel = channel_of(side.conditions)
    few = [people[index] for index in np.linspace(0, len(people) - 1, min(_TUNING_PEOPLE, len(people))).astype(int)]
    for _ in range(_TUNINGS):
        if any(isinstance(step, Noise | Room) for step in channel.steps):
            found = team.map([_Task(person, side, channel, embeds=False) for person in few])
            channel = tuned(channel, side.conditions, [one.quality for one in found if one.quality is not None])
    rows: list[dict[str, object]] = []
    embeddings: list[Samples] = []
    for spoken in team.map([_Task(person, side, channel, embeds=True) for person in people], _BATCH):
        rows += spoken.rows
        embeddings += spoken.embeddings
    if not rows:
        raise CalibrationError(
            f"Nobody in {request.source} has {side.conditions.net_speech_s:.0f} s of speech on the {side.side} side.",
            "Use longer recordings of the population, or compare without --population.",
        )
    return pl.DataFrame(rows, infer_schema_length=None), np.stack(embeddings)


@dataclass(frozen=True, slots=True)
class _Start:
    """Loads model, noises and rooms in whichever process simulates."""

    request: CasePopulationRequest

    def __call__(self) -> engine.Step[_Task, _Spoken]:
        engine.settle_in()
        model, sources = load_model(self.request.model_folder), sources_beside(self.request.source)
        return lambda tasks: [_speak(task, self.request.seed, model, sources) for task in tasks]


def _give_up(_: _Task) -> _Spoken:
    """Leave out a person whose recordings kill the process that reads them, as if they could not be decoded."""
    return _Spoken()


def _speak(task: _Task, seed: int, model: SpeakerModel, sources: Sources) -> _Spoken:
    side = task.side.side
    try:
        examined = pass_channel(task.person, side, task.channel, sources, seed)
    except RecordingError:
        return _Spoken()
    if not task.embeds:
        return _Spoken(examined.quality)
    nominal_s = task.side.conditions.net_speech_s
    size = int(nominal_s * FRAMES_PER_S)
    cut = [examined.features[piece * size : (piece + 1) * size] for piece in range(_PIECES[side])]
    kept = [frames for frames in cut if len(frames) >= _SHARE[side] * size]
    rows = [
        bank_row(task.person, side, task.channel.name, nominal_s, piece, len(frames), examined.quality)
        for piece, frames in enumerate(kept)
    ]
    return _Spoken(examined.quality, rows, embed_pieces(kept, model))
