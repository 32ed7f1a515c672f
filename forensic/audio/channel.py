"""One simulator of recording channels, for training and for the conditions of a case.

A ``Channel`` is a chain of steps in the order in which speech passes them: room, noise, microphone level, line, codec.
Every random choice inside a step comes from the seed: the same speech, channel, sources and seed give the same samples.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfilt

from forensic.audio.codec import Codec, through_codec
from forensic.audio.shoebox import shoebox_response
from forensic.records import SAMPLE_RATE_HZ, Samples

Signal: TypeAlias = NDArray[np.floating]

_SILENT = 1e-10  # mean square; anything less counts as digital silence


@dataclass(frozen=True, slots=True)
class Sources:
    """Recorded material that channels draw from.

    Attributes:
        noises: stretches of noise, each of shape (n,), 16 kHz.
        rooms: impulse responses, each of shape (n,), 16 kHz.
        babble: stretches of speech of people who are in no comparison, each of shape (n,), 16 kHz.
    """

    noises: tuple[Samples, ...] = ()
    rooms: tuple[Samples, ...] = ()
    babble: tuple[Samples, ...] = ()


@dataclass(frozen=True, slots=True)
class Noise:
    """Noise added at a level below the speech.

    Attributes:
        snr_db: RMS level of the speech's active part over that of the noise.
        kind: "recorded", "babble" (a few people at once), "white" or "pink".
    """

    snr_db: float
    kind: str = "recorded"


@dataclass(frozen=True, slots=True)
class Room:
    """Reverberation.

    Attributes:
        t60_s: decay by 60 dB of a simulated room (exponentially decaying noise); None takes a recorded response.
        direct_to_reverberant_db: of a simulated room.
    """

    t60_s: float | None = None
    direct_to_reverberant_db: float = 3.0


@dataclass(frozen=True, slots=True)
class Shoebox:
    """Reverberation of a rectangular room of random size, the talker and the microphone at random places in it.

    Attributes:
        t60_s: decay by 60 dB.
        distance_m: from the talker to the microphone, 0.3 to 4.
    """

    t60_s: float
    distance_m: float


@dataclass(frozen=True, slots=True)
class Band:
    """What a line or microphone passes: a Butterworth band of order 4."""

    low_hz: float
    high_hz: float


@dataclass(frozen=True, slots=True)
class Tilt:
    """The frequency response of a microphone: a slope in dB per octave around 1 kHz."""

    db_per_octave: float


@dataclass(frozen=True, slots=True)
class Level:
    """Brings the active speech to an RMS level; samples beyond full scale clip."""

    dbfs: float


@dataclass(frozen=True, slots=True)
class PacketLoss:
    """Lost packets of 20 ms, in bursts, replaced by silence."""

    share: float


Step: TypeAlias = Noise | Room | Shoebox | Band | Tilt | Level | PacketLoss | Codec


@dataclass(frozen=True, slots=True)
class Channel:
    """A named chain of steps; without steps, the speech stays unchanged."""

    name: str
    steps: tuple[Step, ...] = ()


CASE_CHANNELS: tuple[Channel, ...] = (
    Channel("clean"),
    Channel("G.711", (Band(300, 3400), Codec("G.711 A-law"))),
    Channel("AMR-NB 12.2", (Codec("AMR-NB", 12_200),)),
    Channel("AMR-NB 5.9", (Codec("AMR-NB", 5_900),)),
    Channel("AMR-NB 5.9 + 10 dB noise", (Noise(10.0), Codec("AMR-NB", 5_900))),
    Channel("Opus 8k", (Codec("Opus narrowband", 8_000),)),
    Channel("MP3 16k", (Codec("MP3", 16_000),)),
    Channel("15 dB noise", (Noise(15.0),)),
    Channel("room", (Room(0.5, 0.0),)),
    Channel("room + AMR-NB 7.95", (Room(0.5, 0.0), Codec("AMR-NB", 7_950))),
)
"""Conditions in which models are measured."""


def simulate(samples: Samples, channel: Channel, sources: Sources, seed: int) -> Samples:
    """Speech as it comes out of a channel.

    Args:
        samples: shape (n,), 16 kHz, full scale 1.0.
        channel: its steps, in order.
        sources: recorded noises, rooms and babble; a step that needs a missing kind uses a synthetic one.
        seed: of every random choice.

    Returns:
        Shape (n,), float32, 16 kHz, aligned with the input.
    """
    for index, step in enumerate(channel.steps):
        rng = np.random.default_rng([seed, index])
        samples = _APPLY[type(step)](samples, step, sources, rng).astype(np.float32)
    return samples


def active_level(samples: Signal) -> float:
    """RMS of the stretches of 20 ms that are within 30 dB of the loudest tenth; 0 for digital silence."""
    size = SAMPLE_RATE_HZ // 50
    usable = samples[: len(samples) // size * size].reshape(-1, size)
    energy = np.mean(np.square(usable, dtype=np.float64), axis=1) if len(usable) else np.zeros(1)
    active = energy[energy >= 1e-3 * np.quantile(energy, 0.9)]
    return float(np.sqrt(active.mean())) if active.size else 0.0


_ROOM_ODDS, _NOISE_ODDS, _TILT_ODDS, _LEVEL_ODDS, _LOUD_ODDS = 0.4, 0.55, 0.3, 0.3, 0.15
_LINE_ODDS, _TANDEM_ODDS, _LOSS_ODDS, _STORED_AGAIN_ODDS, _MICROPHONE_BAND_ODDS = 0.6, 0.13, 0.1, 0.1, 0.4
_TELEPHONE = frozenset({"AMR-NB", "GSM", "G.711 A-law", "G.711 mu-law", "G.726"})


def draw_channel(rng: np.random.Generator) -> Channel:
    """A random channel, for training: room, noise, microphone, level and codec, each with its own probability."""
    steps: list[Step] = []
    if rng.random() < _ROOM_ODDS:
        steps.append(_draw_room(rng))
    if rng.random() < _NOISE_ODDS:
        kind = str(rng.choice(["recorded", "babble", "white", "pink"], p=[0.5, 0.25, 0.1, 0.15]))
        steps.append(Noise(float(rng.uniform(3, 25)), kind))
    if rng.random() < _TILT_ODDS:
        steps.append(Tilt(float(rng.uniform(-3, 3))))
    if rng.random() < _LEVEL_ODDS:
        loud = rng.random() < _LOUD_ODDS  # so loud that peaks clip
        steps.append(Level(float(rng.uniform(-12, -3) if loud else rng.uniform(-40, -12))))
    codec = _draw_codec(rng)
    if codec is not None:
        steps += _draw_line(codec, rng)
    elif rng.random() < _MICROPHONE_BAND_ODDS:
        steps.append(Band(float(rng.uniform(50, 200)), float(rng.uniform(3500, 7500))))
    return Channel("drawn", tuple(steps))


def _draw_room(rng: np.random.Generator) -> Room | Shoebox:
    kind = rng.choice(["shoebox", "decaying noise", "recorded"], p=[0.5, 0.25, 0.25])
    t60_s = float(rng.uniform(0.15, 0.9))
    if kind == "shoebox":
        return Shoebox(t60_s, float(rng.uniform(0.3, 4.0)))
    return Room(None if kind == "recorded" else t60_s, float(rng.uniform(-3, 10)))


def _draw_line(codec: Codec, rng: np.random.Generator) -> list[Step]:
    """A codec, and what may happen to a call before and after it."""
    steps: list[Step] = []
    if codec.name in _TELEPHONE and rng.random() < _LINE_ODDS:
        steps.append(Band(float(rng.uniform(100, 400)), float(rng.uniform(3000, 3800))))
    steps.append(codec)
    if codec.name in {"AMR-NB", "GSM"} and rng.random() < _TANDEM_ODDS:  # a call from one network to another
        beyond = ["AMR-NB"] if codec.name == "GSM" else ["GSM", "G.711 A-law", "G.711 mu-law"]
        steps.append(_telephone_codec(str(rng.choice(beyond)), rng))
    if rng.random() < _LOSS_ODDS:
        steps.append(PacketLoss(float(rng.uniform(0.01, 0.08))))
    if rng.random() < _STORED_AGAIN_ODDS:  # a call that was stored in another format
        steps.append(Codec("MP3", int(rng.choice([16_000, 24_000, 32_000]))))
    return steps


def _draw_codec(rng: np.random.Generator) -> Codec | None:
    odds: list[tuple[float, Codec | None]] = [
        (0.33, _telephone_codec("AMR-NB", rng)),
        (0.06, Codec("GSM")),
        (0.10, Codec("Opus narrowband", int(rng.choice([6_000, 8_000, 12_000])))),
        (0.07, Codec("Opus", int(rng.choice([10_000, 16_000, 24_000])))),
        (0.10, Codec("MP3", int(rng.choice([8_000, 16_000, 24_000, 32_000])))),
        (0.07, Codec("AAC", int(rng.choice([12_000, 16_000, 24_000])))),
        (0.09, Codec(str(rng.choice(["G.711 A-law", "G.711 mu-law"])))),
        (0.04, Codec("G.726", int(rng.choice([16_000, 24_000, 32_000])))),
        (0.02, Codec("G.722")),
        (0.12, None),
    ]
    return odds[int(rng.choice(len(odds), p=[p for p, _ in odds]))][1]


def _telephone_codec(name: str, rng: np.random.Generator) -> Codec:
    modes = [4_750, 5_150, 5_900, 6_700, 7_400, 7_950, 10_200, 12_200]
    return Codec(name, int(rng.choice(modes)) if name == "AMR-NB" else None)


def _add_noise(samples: Signal, step: Noise, sources: Sources, rng: np.random.Generator) -> Signal:
    noise: Signal = _noise(len(samples), step.kind, sources, rng)
    power = float(np.mean(np.square(noise, dtype=np.float64)))
    if power < _SILENT:
        noise, power = rng.standard_normal(len(samples)), 1.0
    gain = active_level(samples) / np.sqrt(power) * 10 ** (-step.snr_db / 20)
    noisy: Signal = samples + gain * noise
    return noisy


def _noise(length: int, kind: str, sources: Sources, rng: np.random.Generator) -> Signal:
    if kind == "recorded" and sources.noises:
        return _stretch(sources.noises[rng.integers(len(sources.noises))], length, rng)
    if kind == "babble" and sources.babble:
        voices = rng.integers(len(sources.babble), size=rng.integers(3, 8))
        together: Signal = np.sum([_stretch(sources.babble[voice], length, rng) for voice in voices], axis=0)
        return together
    white = rng.standard_normal(length).astype(np.float32)
    if kind == "pink":
        spectrum = np.fft.rfft(white)
        spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
        return np.fft.irfft(spectrum, length)
    return white


def _stretch(source: Samples, length: int, rng: np.random.Generator) -> Signal:
    """A stretch from a random place, which continues from the beginning at the end."""
    start = int(rng.integers(len(source)))
    return np.take(source, np.arange(start, start + length), mode="wrap")


def room_response(channel: Channel, sources: Sources, seed: int) -> Signal | None:
    """The impulse response that ``simulate`` convolves speech with, from the direct sound on, shape (n,).

    None where the channel has no room.

    Args:
        channel: whose first room is looked for.
        sources: responses that a room may be taken from.
        seed: as given to ``simulate``.
    """
    for index, step in enumerate(channel.steps):
        if isinstance(step, Room | Shoebox):
            response, direct = _response(step, sources, np.random.default_rng([seed, index]))
            return response[direct:]
    return None


def clarity_db(response: Signal) -> float:
    """C50: energy of the first 50 ms of an impulse response over that of what follows.

    Args:
        response: from the direct sound on, shape (n,), 16 kHz.

    Returns:
        Decibels; infinite where nothing follows.

    Source: ISO 3382-1.
    """
    energy = np.square(response, dtype=np.float64)
    early, late = (float(part.sum()) for part in np.split(energy, [SAMPLE_RATE_HZ // 20]))
    return 10.0 * float(np.log10(early / late)) if late > 0 else np.inf


def _response(step: Room | Shoebox, sources: Sources, rng: np.random.Generator) -> tuple[Signal, int]:
    """An impulse response, and the sample of its direct sound."""
    if isinstance(step, Shoebox):
        return shoebox_response(step.t60_s, step.distance_m, rng), 0
    if step.t60_s is None and sources.rooms:
        response: Signal = sources.rooms[rng.integers(len(sources.rooms))]
    else:
        response = _room(step.t60_s or 0.4, step.direct_to_reverberant_db, rng)
    return response, int(np.argmax(np.abs(response)))


def _reverberate(samples: Signal, step: Room | Shoebox, sources: Sources, rng: np.random.Generator) -> Signal:
    """Speech as loud as before, aligned with the direct sound."""
    before = active_level(samples)
    response, direct = _response(step, sources, rng)
    wet: Signal = fftconvolve(samples, response)[direct : direct + len(samples)]
    return wet * (before / max(active_level(wet), 1e-9))


def _room(t60_s: float, direct_to_reverberant_db: float, rng: np.random.Generator) -> Signal:
    """A direct path and a tail of noise that decays by 60 dB in ``t60_s``, after Polack (1988)."""
    length = int(t60_s * SAMPLE_RATE_HZ)
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    tail = rng.standard_normal(length) * 10 ** (-3 * time_s / t60_s)
    tail[: int(rng.uniform(0.001, 0.008) * SAMPLE_RATE_HZ)] = 0.0
    tail *= 10 ** (-direct_to_reverberant_db / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return tail


def _pass_band(samples: Signal, step: Band, _sources: Sources, _rng: np.random.Generator) -> Signal:
    band = [step.low_hz, min(step.high_hz, 0.49 * SAMPLE_RATE_HZ)]
    passed: Signal = sosfilt(butter(4, band, btype="bandpass", fs=SAMPLE_RATE_HZ, output="sos"), samples)
    return passed


def _tilt(samples: Signal, step: Tilt, _sources: Sources, _rng: np.random.Generator) -> Signal:
    frequency_hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
    octaves = np.log2(np.clip(frequency_hz, 60, None) / 1000)
    return np.fft.irfft(np.fft.rfft(samples) * 10 ** (step.db_per_octave * octaves / 20), len(samples))


def _set_level(samples: Signal, step: Level, _sources: Sources, _rng: np.random.Generator) -> Signal:
    gain = 10 ** (step.dbfs / 20) / max(active_level(samples), 1e-9)
    clipped: Signal = np.clip(samples * gain, -1.0, 1.0)
    return clipped


def _lose_packets(samples: Signal, step: PacketLoss, _sources: Sources, rng: np.random.Generator) -> Signal:
    size = SAMPLE_RATE_HZ // 50
    packets = -(-len(samples) // size)
    lost, burst = np.zeros(packets, bool), 2.0  # mean length of a burst, in packets
    starts = np.flatnonzero(rng.random(packets) < step.share / burst)
    for start, length in zip(starts, rng.geometric(1 / burst, len(starts)), strict=True):
        lost[start : start + length] = True
    return np.where(np.repeat(lost, size)[: len(samples)], 0.0, samples)


def _through_codec(samples: Signal, step: Codec, _sources: Sources, _rng: np.random.Generator) -> Signal:
    return through_codec(samples.astype(np.float32), step)


_APPLY: dict[type, Callable[..., Signal]] = {
    Noise: _add_noise,
    Room: _reverberate,
    Shoebox: _reverberate,
    Band: _pass_band,
    Tilt: _tilt,
    Level: _set_level,
    PacketLoss: _lose_packets,
    Codec: _through_codec,
}
