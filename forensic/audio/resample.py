"""Resampling to 16 kHz, band-limited, in pieces of any size.

The filter is a windowed sinc (Kaiser) as torchaudio makes it, tuned so that nothing above the new Nyquist frequency
survives: 0.3 dB down at 7.4 kHz, 3 dB at 7.6 kHz, more than 100 dB from 8.2 kHz. Its polyphase kernel grows
with the reduced ratio of the two rates; odd rates (7,999 Hz) would need hundreds of megabytes, and go through
FFmpeg's swresample instead, with the same width, roll-off and window.
"""

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np

from forensic.records import SAMPLE_RATE_HZ, Samples

if TYPE_CHECKING:
    from av import AudioFrame

_FILTER_WIDTH = 48  # zero crossings on either side
_ROLLOFF = 0.96
_KAISER_BETA = 10.0
_MAX_KERNEL_ENTRIES = 4_000_000
_SWR_OPTIONS = {
    "filter_size": f"{2 * _FILTER_WIDTH}",
    "cutoff": f"{_ROLLOFF}",
    "kaiser_beta": f"{_KAISER_BETA:.0f}",
}
_STEPS_AT_ONCE = 256  # more would leave the processor's caches
_MIN_PHASES = 64  # with fewer output phases per step the convolution is slow, so several steps are computed at once


class Resampler(Protocol):
    """Resamples a signal that arrives in pieces to 16 kHz, with the same result as for the whole signal."""

    def push(self, samples: Samples) -> Samples:
        """Take the next piece; return what can be computed so far, shape (channels, m).

        Args:
            samples: shape (channels, n), at the rate of the signal.
        """

    def finish(self) -> Samples:
        """The rest, shape (channels, m); the whole is as long as the input, rounded up to a sample."""


def make_resampler(sample_rate_hz: int, channels: int) -> Resampler:
    """The resampler from one rate to 16 kHz that is exact and needs little enough memory.

    Args:
        sample_rate_hz: of the signal.
        channels: how many it has.
    """
    if sample_rate_hz == SAMPLE_RATE_HZ:
        return _Unchanged(channels)
    divisor = math.gcd(sample_rate_hz, SAMPLE_RATE_HZ)
    orig, new = sample_rate_hz // divisor, SAMPLE_RATE_HZ // divisor
    if new * (orig + 2 * _FILTER_WIDTH * max(1, orig // new)) > _MAX_KERNEL_ENTRIES:
        return _SwrResampler(sample_rate_hz, channels)
    return _SincResampler(sample_rate_hz, channels)


def resample(samples: Samples, sample_rate_hz: int) -> Samples:
    """A whole signal at 16 kHz.

    Args:
        samples: shape (n,) or (channels, n).
        sample_rate_hz: its rate.

    Returns:
        The same number of channels; ceil(n * 16000 / sample_rate_hz) samples.
    """
    piece = np.atleast_2d(samples)
    resampler = make_resampler(sample_rate_hz, len(piece))
    result = np.concatenate([resampler.push(piece), resampler.finish()], axis=1)
    return result if samples.ndim > 1 else result[0]


def output_length(samples: int, sample_rate_hz: int) -> int:
    """How many samples at 16 kHz a signal of that many samples becomes.

    Args:
        samples: how many there are.
        sample_rate_hz: their rate, above 0.

    >>> output_length(44_101, 44_100)   # a part of a sample counts as one
    16001
    """
    return -(-samples * SAMPLE_RATE_HZ // sample_rate_hz)


class _Unchanged:
    def __init__(self, channels: int) -> None:
        self._channels = channels

    def push(self, samples: Samples) -> Samples:
        return samples

    def finish(self) -> Samples:
        return np.zeros((self._channels, 0), np.float32)


class _SincResampler:
    """The kernel, applied so that every output sample sees its whole context.

    Step b of the convolution reads input b * stride - width to (b + 1) * stride + width, and writes as many
    samples as the kernel has phases.
    """

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        divisor = math.gcd(sample_rate_hz, SAMPLE_RATE_HZ)
        orig, new = sample_rate_hz // divisor, SAMPLE_RATE_HZ // divisor
        kernel, width = _kernel(orig, new)
        self._rate_hz = sample_rate_hz
        self._kernel = _several_steps_at_once(kernel, orig, steps=-(-_MIN_PHASES // new))
        self._phases = self._kernel.shape[1]
        self._stride = self._phases // new * orig
        self._pending = np.zeros((channels, width), np.float32)  # before the first sample there is silence
        self._taken = 0
        self._given = 0

    def push(self, samples: Samples) -> Samples:
        self._taken += samples.shape[1]
        return self._convolve(samples)

    def finish(self) -> Samples:
        missing = output_length(self._taken, self._rate_hz) - self._given
        silence = self._kernel.shape[0] + -(-missing // self._phases) * self._stride
        return self._convolve(np.zeros((len(self._pending), silence), np.float32))[:, :missing]

    def _convolve(self, samples: Samples) -> Samples:
        pending = np.concatenate([self._pending, samples], axis=1)
        length = self._kernel.shape[0]
        steps = max(0, (pending.shape[1] - length) // self._stride + 1)
        self._pending = pending[:, steps * self._stride :].copy()
        self._given += steps * self._phases
        if steps == 0:
            return np.zeros((len(pending), 0), np.float32)
        seen = np.lib.stride_tricks.sliding_window_view(pending, length, axis=1)[:, :: self._stride][:, :steps]
        result = np.empty((len(pending), steps, self._phases), np.float32)
        for first in range(0, steps, _STEPS_AT_ONCE):
            part = slice(first, first + _STEPS_AT_ONCE)
            result[:, part] = seen[:, part] @ self._kernel
        return result.reshape(len(pending), -1)


def _kernel(orig: int, new: int) -> tuple[Samples, int]:
    """A filter for each phase of the output, shape (length, phases), and how many samples it reads before a step's own.

    Source: torchaudio.functional.resample, with ``sinc_interp_kaiser``.
    """
    passed = min(orig, new) * _ROLLOFF
    width = math.ceil(_FILTER_WIDTH * orig / passed)
    times = np.arange(-width, width + orig)[:, None] / orig - np.arange(new) / new
    times = np.clip(times * passed, -_FILTER_WIDTH, _FILTER_WIDTH)
    window = np.i0(_KAISER_BETA * np.sqrt(1.0 - (times / _FILTER_WIDTH) ** 2)) / np.i0(_KAISER_BETA)
    return (np.sinc(times) * window * passed / orig).astype(np.float32), width


def _several_steps_at_once(kernel: Samples, orig: int, steps: int) -> Samples:
    """The kernel, shape (length, phases), with copies of itself shifted by ``orig`` each: faster."""
    length, phases = kernel.shape
    wide = np.zeros((length + (steps - 1) * orig, steps * phases), np.float32)
    for step in range(steps):
        wide[step * orig : step * orig + length, step * phases : (step + 1) * phases] = kernel
    return wide


class _SwrResampler:
    """FFmpeg's swresample, one per channel."""

    def __init__(self, sample_rate_hz: int, channels: int) -> None:
        import av  # all of FFmpeg, which the usual rates need in the decoding process alone

        self._rate_hz = sample_rate_hz
        self._swr = [
            av.AudioResampler(format="fltp", layout="mono", rate=SAMPLE_RATE_HZ, options=_SWR_OPTIONS)
            for _ in range(channels)
        ]
        self._taken = 0
        self._given = 0

    def push(self, samples: Samples) -> Samples:
        if samples.shape[1] == 0:
            return np.zeros((len(self._swr), 0), np.float32)
        from av import AudioFrame

        out = []
        for channel, swr in zip(samples, self._swr, strict=True):
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(channel[None]), "fltp", "mono")
            frame.sample_rate = self._rate_hz
            frame.pts = None
            out.append(_joined(swr.resample(frame)))
        self._taken += samples.shape[1]
        self._given += out[0].shape[0]
        return np.stack(out)

    def finish(self) -> Samples:
        missing = output_length(self._taken, self._rate_hz) - self._given
        if not self._taken:
            return np.zeros((len(self._swr), 0), np.float32)
        rest = np.stack([_joined(swr.resample(None)) for swr in self._swr])[:, : max(missing, 0)]
        return np.pad(rest, ((0, 0), (0, max(0, missing - rest.shape[1]))))


def _joined(frames: "list[AudioFrame]") -> Samples:
    return np.concatenate([np.zeros(0, np.float32), *(frame.to_ndarray()[0] for frame in frames)])
