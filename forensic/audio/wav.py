"""Speech as a file that any player plays: WAV to keep, Opus inside a page."""

import io
import wave

import numpy as np

from forensic.audio.codec import Codec, encode
from forensic.records import SAMPLE_RATE_HZ, Samples

_OPUS_BIT_RATE = 24_000


def wav_bytes(samples: Samples) -> bytes:
    """A WAV file, 16 bit, 16 kHz, mono.

    Args:
        samples: shape (n,), 16 kHz, full scale 1.0; louder samples clip.
    """
    pcm = np.clip(np.round(samples * 32767.0), -32768, 32767).astype("<i2")
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(pcm.tobytes())
    return content.getvalue()


def opus_bytes(samples: Samples) -> bytes:
    """An Ogg Opus file of 24 kbit/s, which browsers play.

    Args:
        samples: shape (n,), 16 kHz, full scale 1.0; louder samples clip.
    """
    return encode(samples, Codec("Opus", _OPUS_BIT_RATE))
