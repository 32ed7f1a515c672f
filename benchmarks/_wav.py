"""WAV files for the benchmarks."""

import wave
from pathlib import Path

import numpy as np


def write_wav(path: Path, samples: np.ndarray) -> None:
    """Write samples of full scale 1.0, shape (n,) or (n, channels), as 16 bit at 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1 if samples.ndim == 1 else samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
