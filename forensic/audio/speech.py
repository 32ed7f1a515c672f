"""Waveform to speech segments, with the silero voice activity detector (an LSTM), run on many streams at once.

The detector's own package steps through one stream in Python, 32 ms at a time, so only its weights are used (they are
in ``models/``). Here the convolutions run over all frames of all streams, then one LSTM over all streams side by side.

Source: Silero Team, silero-vad 6 (MIT licence), its 16 kHz network.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from forensic.errors import ModelError
from forensic.records import SAMPLE_RATE_HZ, Samples, SpeechSegment
from forensic.settings import SpeechSettings
from forensic.storage.shipped import shipped

FRAME = 512
"""Samples per decision: 32 ms."""

_CONTEXT = 64  # samples of the frame before, which the network sees as well
_STREAM_FRAMES = 1250  # longer recordings are cut to streams of 40 s, so that a batch has many
_WARM_UP_FRAMES = 96  # 3 s heard before a stream's own first frame
_CONVOLUTION_BATCH = 1024  # frames at once; more would not stay in the processor's caches
_HYSTERESIS = 0.15  # speech ends this far below the threshold at which it starts


class _Detector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stft_conv = nn.Conv1d(1, 258, 256, stride=128, bias=False)
        self.conv1 = nn.Conv1d(129, 128, 3, padding=1)
        self.conv2 = nn.Conv1d(128, 64, 3, stride=2, padding=1)
        self.conv3 = nn.Conv1d(64, 64, 3, stride=2, padding=1)
        self.conv4 = nn.Conv1d(64, 128, 3, padding=1)
        self.lstm = nn.LSTM(128, 128, batch_first=True)
        self.final_conv = nn.Conv1d(128, 1, 1)

    def encode(self, frames: Tensor) -> Tensor:
        """Frames with context, shape (n, 576), to features, shape (n, 128)."""
        padded = functional.pad(frames[:, None], (0, _CONTEXT), mode="reflect")
        spectrum = self.stft_conv(padded)
        magnitude = torch.sqrt(spectrum[:, :129] ** 2 + spectrum[:, 129:] ** 2)
        hidden = torch.relu(self.conv2(torch.relu(self.conv1(magnitude))))
        features: Tensor = torch.relu(self.conv4(torch.relu(self.conv3(hidden)))).squeeze(-1)
        return features

    def decide(self, features: Tensor) -> Tensor:
        """Features of streams, shape (streams, frames, 128), to probabilities, shape (streams, frames)."""
        hidden, _ = self.lstm(features)
        return torch.sigmoid(self.final_conv(torch.relu(hidden).transpose(1, 2))).squeeze(1)


@cache
def _detector() -> _Detector:
    path = detector_folder() / "weights.safetensors"
    try:
        detector = _Detector()
        detector.load_state_dict(load_file(path), strict=True)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"The speech detector cannot be loaded from {path}: {error}.", "Install forensic again."
        ) from error
    return detector.eval().requires_grad_(requires_grad=False)


def detector_folder() -> Path:
    """The bundled speech detector."""
    return shipped("models") / "silero-vad-6"


@torch.inference_mode()
def speech_probability(waveforms: Sequence[Samples]) -> list[NDArray[np.float32]]:
    """How likely each frame of 32 ms is speech, for several waveforms at once.

    Args:
        waveforms: each of shape (n,), 16 kHz.

    Returns:
        For each waveform shape (ceil(n / 512),), 0 to 1.
    """
    detector = _detector()
    encoded = _encode(detector, waveforms)
    streams = [
        (index, start, features[max(0, start - _WARM_UP_FRAMES) : start + _STREAM_FRAMES])
        for index, features in enumerate(encoded)
        for start in range(0, len(features), _STREAM_FRAMES)
    ]
    probabilities = [np.empty(len(features), np.float32) for features in encoded]
    if not streams:
        return probabilities
    padded = nn.utils.rnn.pad_sequence([features for _, _, features in streams], batch_first=True)
    decided = detector.decide(padded).numpy()
    for (index, start, features), row in zip(streams, decided, strict=True):
        own = row[min(start, _WARM_UP_FRAMES) : len(features)]
        probabilities[index][start : start + len(own)] = own
    return probabilities


def _encode(detector: _Detector, waveforms: Sequence[Samples]) -> tuple[Tensor, ...]:
    """Features of each waveform's frames, shape (frames, 128) each; the frames of all go through together."""
    frames = [_frames(samples) for samples in waveforms]
    together = torch.cat([torch.empty(0, FRAME + _CONTEXT), *frames])
    features = torch.cat(
        [
            torch.empty(0, 128),
            *(detector.encode(part) for part in torch.split(together, _CONVOLUTION_BATCH) if len(part)),
        ]
    )
    return torch.split(features, [len(part) for part in frames])


def _frames(samples: Samples) -> Tensor:
    """Frames of 512 samples, each after the 64 before it, shape (frames, 576)."""
    count = -(-len(samples) // FRAME)
    padded = torch.zeros(_CONTEXT + count * FRAME)
    padded[_CONTEXT : _CONTEXT + len(samples)] = torch.from_numpy(np.ascontiguousarray(samples, np.float32))
    return padded.unfold(0, FRAME + _CONTEXT, FRAME) if count else torch.empty(0, FRAME + _CONTEXT)


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
