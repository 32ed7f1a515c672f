"""Which channels of a recording hold something of their own, and which hold the same."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from forensic.errors import DecodeError
from forensic.records import Samples, Vector

# Channels hold the same where, in every second with signal, one is the other times a constant.
_DEAD_PEAK = 1e-4  # -80 dBFS: digital silence, after a lossy codec too
_DEAD_COMPANDED_PEAK = 3e-4  # the smallest steps of A-law and mu-law are 16 times as large as those of 16 bits
_DEAD_SHARE = 1e-3  # of the loudest channel, in a recording that is quiet in all
_SIGNAL_POWER = 1e-6  # -60 dBFS, per second
_SIGNAL_SHARE = 1e-3
_SAME_CORRELATION = 0.9  # lossy codecs take from one channel what they leave in the other
_SAME_LEVEL_DB = 3.0
_DIFFERENT_SECONDS = 3
_VOICE_HZ = 250.0  # offsets and hum below are common to channels of one device, and say nothing


class Chosen(NamedTuple):
    """A channel of the result: its number, and the channels of the file that are averaged into it."""

    number: int
    indices: tuple[int, ...]


def choose(count: int, choice: str, comparison: "ChannelComparison | None") -> tuple[tuple[Chosen, ...], list[str]]:
    """The channels of a track that are examined, and what the examiner should know of the choice.

    Args:
        count: of the channels in the track.
        choice: ``audio.channels``: "auto", "split", "mix", or a number that exists.
        comparison: of all channels, for "auto" with two channels or more.
    """
    everything = tuple(range(count))
    if count == 1 or choice == "mix":
        return (Chosen(0, everything),), []
    if comparison is not None:
        return _that_differ(count, comparison)
    chosen = everything if choice == "split" else (int(choice) - 1,)
    return tuple(Chosen(index + 1, (index,)) for index in chosen), []


def check_choice(count: int, choice: str) -> None:
    """See that the channel asked for exists.

    Raises:
        DecodeError: if it does not.
    """
    if choice.isdecimal() and not 1 <= int(choice) <= count:
        raise DecodeError(
            f"Channel {choice} was asked for, and the recording has {count}.",
            'Choose one that exists, or set audio.channels = "auto".',
        )


def mixed(chunk: Samples, channels: Sequence[Chosen]) -> Samples:
    """The chosen channels of a chunk, shape (channels of the file, n) to (chosen, n)."""
    parts = [
        chunk[one.indices[0]] if len(one.indices) == 1 else chunk[list(one.indices)].mean(axis=0) for one in channels
    ]
    return np.stack(parts).astype(np.float32, copy=False)


def _that_differ(channels: int, comparison: "ChannelComparison") -> tuple[tuple[Chosen, ...], list[str]]:
    live = comparison.live()
    notes = []
    if live and len(live) < channels:
        dead = [str(index + 1) for index in range(channels) if index not in live]
        what = f"Channel {dead[0]} is" if len(dead) == 1 else f"Channels {', '.join(dead)} are"
        notes.append(f"{what} digitally silent throughout and left out.")
    if len(live) == 1:
        return (Chosen(live[0] + 1, (live[0],)),), notes
    if live and comparison.differ(live):
        return tuple(Chosen(index + 1, (index,)) for index in live), notes
    if live:
        notes.append(f"{len(live)} channels hold the same signal and were mixed.")
    return (Chosen(0, tuple(live) or tuple(range(channels))),), notes


class ChannelComparison:
    """Second by second, whether each channel is alive, and is the first live one times a constant.

    Args:
        channels: how many.
        is_companded: whether the codec is A-law or mu-law, whose silence may be a constant or a smallest step.
    """

    def __init__(self, channels: int, *, is_companded: bool = False) -> None:
        self._dead_peak = _DEAD_COMPANDED_PEAK if is_companded else _DEAD_PEAK
        self._highest = np.full(channels, -np.inf)
        self._lowest = np.full(channels, np.inf)
        self._rest = np.zeros((channels, 0), np.float32)
        self._rate_hz = 0
        self._products: list[Vector] = []  # of channels i and j, averaged over each second: shape (channels, channels)

    @property
    def is_decided(self) -> bool:
        """Whether every channel is alive and differs, whatever may follow."""
        return len(self.live()) == len(self._highest) and self.differ(self.live(), at_least=_DIFFERENT_SECONDS)

    def add(self, chunk: Samples, sample_rate_hz: int) -> None:
        """Take the next chunk, shape (channels, n)."""
        if not chunk.shape[1]:
            return
        self._highest = np.maximum(self._highest, chunk.max(axis=1))
        self._lowest = np.minimum(self._lowest, chunk.min(axis=1))
        if sample_rate_hz != self._rate_hz:
            self._rest, self._rate_hz = self._rest[:, :0], sample_rate_hz
        samples = np.concatenate([self._rest, chunk], axis=1)
        whole = samples.shape[1] // sample_rate_hz * sample_rate_hz
        seconds = samples[:, :whole].reshape(len(samples), -1, sample_rate_hz).swapaxes(0, 1)
        self._rest = samples[:, whole:]
        self._products.extend(_products(seconds, sample_rate_hz))

    def live(self) -> list[int]:
        """Channels that are not digitally silent; an offset that stands is silence."""
        swing = (self._highest - self._lowest) / 2.0
        limit = min(self._dead_peak, _DEAD_SHARE * float(swing.max(initial=0.0)))
        return [int(index) for index in np.flatnonzero(swing > limit)]

    def differ(self, live: Sequence[int], at_least: int = 1) -> bool:
        """Whether, of the given channels, one is not the first times a constant.

        Args:
            live: channels, from 0.
            at_least: seconds of difference that are needed; three are, and fewer in a short recording.
        """
        last = _products(self._rest[None], self._rate_hz) if self._rest.shape[1] else []
        products = np.array([*self._products, *last])[:, live][:, :, live]
        power = np.einsum("sii->si", products) + 1e-30
        loudest = power.max(axis=1)
        relative = _SIGNAL_SHARE * loudest.max(initial=0.0)
        is_quiet = loudest.max(initial=0.0) < _SIGNAL_POWER
        products, power = (
            those[loudest > (relative if is_quiet else max(_SIGNAL_POWER, relative))] for those in (products, power)
        )
        if not len(power):
            return False
        correlation = products[:, 0] / np.sqrt(power[:, :1] * power)
        level_db = 10.0 * np.log10(power / power[:, :1])
        same = (correlation > _SAME_CORRELATION) & (np.abs(level_db - np.median(level_db, axis=0)) < _SAME_LEVEL_DB)
        few = max(1, len(power) // 10)
        return int((~same.all(axis=1)).sum()) >= max(at_least, min(_DIFFERENT_SECONDS, few))


def _products(seconds: Samples, rate_hz: int) -> list[Vector]:
    """Mean products of every two channels in the voice's band, by second, of shape (seconds, channels, n)."""
    found = []
    for second in seconds:
        size = max(1, second.shape[1])
        window = np.hanning(size).astype(np.float32) if size > 2 else np.ones(size, np.float32)  # noqa: PLR2004
        spectrum = np.fft.rfft((second - second.mean(axis=1, keepdims=True)) * window, axis=1)
        voice = spectrum[:, int(_VOICE_HZ * size / max(1, rate_hz)) :]
        product = 2.0 * (voice @ voice.conj().T).real / size / max(float(np.square(window).sum()), 1e-9)
        found.append(product.astype(np.float64))
    return found
