"""Waveform to speech segments, with the silero voice activity detector (an LSTM), run on many streams at once.

The detector's own package steps through one stream in Python, 32 ms at a time, so only its weights are used (they are
in ``models/``). Here its encoder runs over all frames of all streams, then one LSTM over all streams side by side.

Source: Silero Team, silero-vad 6 (MIT licence), its 16 kHz network.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from forensic.inference import Graph
from forensic.records import SAMPLE_RATE_HZ, Samples, SpeechSegment
from forensic.settings import SpeechSettings
from forensic.storage.cards import named_file, read_card
from forensic.storage.shipped import shipped

FRAME = 512
"""Samples per decision: 32 ms."""

BINS, SPECTRA = 129, 4
"""Of a spectrum, and how many spectra the detector takes of a frame."""

_CONTEXT = 64  # samples of the frame before, which the network sees as well
_STREAM_FRAMES = 1250  # longer recordings are cut to streams of 40 s, so that a batch has many
_WARM_UP_FRAMES = 96  # 3 s heard before a stream's own first frame
_SPECTRUM, _HOP = 256, 128  # samples
_FRAMES_AT_ONCE = 1024  # more would not stay in the processor's caches
_LOUD_SHARE = 0.995  # of the frames are no louder than the level by which a waveform counts as quiet
_QUIET, _RAISED = 10.0 ** (-50 / 20), 10.0 ** (-30 / 20)  # RMS of a frame, full scale 1
_FEATURES = 128
_HYSTERESIS = 0.15  # speech ends this far below the threshold at which it starts


@dataclass(frozen=True, slots=True)
class _Detector:
    """The two halves of the network: of frames alone, and of frames in their order."""

    encoder: Graph
    decider: Graph


@cache
def _detector() -> _Detector:
    folder = detector_folder()
    card = read_card(folder)
    return _Detector(*(Graph(named_file(folder, card, name), folder / name) for name in ("encoder", "decider")))


def detector_folder() -> Path:
    """The bundled speech detector."""
    return shipped("models") / "silero-vad-6"


def speech_probability(waveforms: Sequence[Samples]) -> list[NDArray[np.float32]]:
    """How likely each frame of 32 ms is speech, for several waveforms at once.

    The detector learned from speech of usual levels, so a waveform that is quiet throughout is heard louder.

    Args:
        waveforms: each of shape (n,), 16 kHz.

    Returns:
        For each waveform shape (ceil(n / 512),), 0 to 1.
    """
    detector = _detector()
    encoded = _encode(detector, [_audible(samples) for samples in waveforms])
    streams = [
        (index, start, features[max(0, start - _WARM_UP_FRAMES) : start + _STREAM_FRAMES])
        for index, features in enumerate(encoded)
        for start in range(0, len(features), _STREAM_FRAMES)
    ]
    probabilities = [np.empty(len(features), np.float32) for features in encoded]
    if not streams:
        return probabilities
    padded = np.zeros((len(streams), max(len(features) for _, _, features in streams), _FEATURES), np.float32)
    for row, (_, _, features) in zip(padded, streams, strict=True):
        row[: len(features)] = features
    (decided,) = detector.decider("probability", features=padded)
    for (index, start, features), row in zip(streams, decided, strict=True):
        own = row[min(start, _WARM_UP_FRAMES) : len(features)]
        probabilities[index][start : start + len(own)] = own
    return probabilities


def _audible(samples: Samples) -> Samples:
    """A waveform whose loudest frames are below -50 dBFS is raised to -30 dBFS, with no sample beyond full scale."""
    if len(samples) < FRAME:
        return samples
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    level = float(np.quantile(np.sqrt(np.einsum("fn,fn->f", frames, frames) / FRAME), _LOUD_SHARE))
    peak = float(np.abs(samples).max())
    if level >= _QUIET or level <= 0.0:
        return samples
    louder: Samples = samples * np.float32(min(_RAISED / level, 1.0 / peak))
    return louder


def _encode(detector: _Detector, waveforms: Sequence[Samples]) -> list[Samples]:
    """Features of each waveform's frames, shape (frames, 128) each; the frames of all go through together."""
    frames = [_frames(samples) for samples in waveforms]
    together = np.concatenate([np.empty((0, FRAME + _CONTEXT), np.float32), *frames])
    features = np.empty((len(together), _FEATURES), np.float32)
    for first in range(0, len(together), _FRAMES_AT_ONCE):
        part = slice(first, first + _FRAMES_AT_ONCE)
        (features[part],) = detector.encoder("features", magnitudes=_magnitudes(together[part]))
    return np.split(features, np.cumsum([len(part) for part in frames])[:-1])


def _frames(samples: Samples) -> Samples:
    """Frames of 512 samples, each after the 64 before it, a view of shape (frames, 576)."""
    count = -(-len(samples) // FRAME)
    padded = np.zeros(_CONTEXT + count * FRAME, np.float32)
    padded[_CONTEXT : _CONTEXT + len(samples)] = samples
    if not count:
        return np.empty((0, FRAME + _CONTEXT), np.float32)
    return np.lib.stride_tricks.sliding_window_view(padded, FRAME + _CONTEXT)[::FRAME]


def _magnitudes(frames: Samples) -> Samples:
    """Of the spectra in each frame and its last 64 samples mirrored, shape (frames, SPECTRA, BINS)."""
    mirrored = np.concatenate([frames, frames[:, -2 : -2 - _CONTEXT : -1]], axis=1)
    pieces = np.lib.stride_tricks.sliding_window_view(mirrored, _SPECTRUM, axis=1)[:, ::_HOP]
    magnitudes: Samples = np.abs(fft.rfft(pieces * _window()))
    return magnitudes


@cache
def _window() -> Samples:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_SPECTRUM) / _SPECTRUM)).astype(np.float32)


def find_speech(probability: NDArray[np.float32], samples: int, settings: SpeechSettings) -> tuple[SpeechSegment, ...]:
    """Stretches of speech: each starts above the threshold and ends 0.15 below it; short ones are dropped.

    Args:
        probability: one value per frame of 512 samples, as ``speech_probability`` gives it.
        samples: length of the waveform.
        settings: thresholds and durations.

    Returns:
        Segments in order, apart from each other, times from the waveform's start in seconds.
    """
    end_below = settings.threshold - _HYSTERESIS
    silence_frames = settings.min_silence_s * SAMPLE_RATE_HZ / FRAME
    found: list[tuple[int, int]] = []
    start = silent_since = None
    for frame, value in enumerate(probability):
        if value >= settings.threshold:
            start = frame if start is None else start
            silent_since = None
        elif start is not None and value < end_below:
            silent_since = frame if silent_since is None else silent_since
            if frame - silent_since >= silence_frames:
                found.append((start, silent_since))
                start = silent_since = None
    if start is not None:
        found.append((start, len(probability)))
    shortest, pad, total_s = settings.min_speech_s, settings.pad_s, samples / SAMPLE_RATE_HZ
    segments: list[SpeechSegment] = []
    for first, last in found:
        start_s, end_s = first * FRAME / SAMPLE_RATE_HZ, min(total_s, last * FRAME / SAMPLE_RATE_HZ)
        if end_s - start_s < shortest:
            continue
        start_s, end_s = max(0.0, start_s - pad), min(total_s, end_s + pad)
        if segments and start_s <= segments[-1].end_s:
            start_s = segments.pop().start_s
        segments.append(SpeechSegment(start_s, end_s))
    return tuple(segments)
