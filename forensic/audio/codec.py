"""Speech through a real codec and back, in memory, aligned with the input.

PyAV encodes, except for GSM full rate, which FFmpeg only decodes and libsndfile encodes. No installed library encodes
AMR-WB.
"""

import io
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import correlate, resample_poly

from forensic.errors import SettingsError
from forensic.records import SAMPLE_RATE_HZ, Samples


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec at one bit rate.

    Attributes:
        name: one of ``CODECS``.
        bit_rate: bits per second; None if the codec has only one.
    """

    name: str
    bit_rate: int | None = None


_LIBSNDFILE = "libsndfile"


@dataclass(frozen=True, slots=True)
class _Encoder:
    library: str
    container: str
    sample_rate_hz: int
    sample_format: str
    block: int | None = None  # samples per packet, for an encoder that takes any number


CODECS: dict[str, _Encoder] = {
    "AMR-NB": _Encoder("libopencore_amrnb", "amr", 8_000, "s16"),
    "Opus": _Encoder("libopus", "ogg", 16_000, "s16"),
    "Opus narrowband": _Encoder("libopus", "ogg", 8_000, "s16"),
    "MP3": _Encoder("libmp3lame", "mp3", 16_000, "s16p"),
    "AAC": _Encoder("aac", "adts", 16_000, "fltp"),
    "G.711 A-law": _Encoder("pcm_alaw", "wav", 8_000, "s16", 1_600),
    "G.711 mu-law": _Encoder("pcm_mulaw", "wav", 8_000, "s16", 1_600),
    "G.722": _Encoder("g722", "g722", 16_000, "s16", 1_600),
    "G.726": _Encoder("g726", "wav", 8_000, "s16", 1_600),
    "GSM": _Encoder(_LIBSNDFILE, "wav", 8_000, "s16"),
}
"""Codecs that the simulator can run, by name."""


def through_codec(samples: Samples, codec: Codec) -> Samples:
    """What is left of speech after a codec.

    Args:
        samples: shape (n,), 16 kHz, full scale 1.0; louder samples clip, as they would in an encoder.
        codec: which.

    Returns:
        Shape (n,), 16 kHz, aligned with ``samples`` to a sample at the codec's rate.
    """
    encoder = encoder_of(codec)
    narrow = at_codec_rate(samples, codec)
    decoded = _decode(encode(narrow, codec), encoder)
    aligned = _align(decoded, narrow)
    wide = aligned if encoder.sample_rate_hz == SAMPLE_RATE_HZ else resample_poly(aligned, 2, 1)
    return _fit(wide, len(samples)).astype(np.float32)


def at_codec_rate(samples: Samples, codec: Codec) -> Samples:
    """Samples brought to the rate at which the codec takes them, shape (n,) or (ceil(n / 2),).

    Args:
        samples: shape (n,), 16 kHz, full scale 1.0.
        codec: which.
    """
    if encoder_of(codec).sample_rate_hz == SAMPLE_RATE_HZ:
        return samples.astype(np.float32)
    halved: Samples = resample_poly(samples, 1, 2).astype(np.float32)
    return halved


def encode(samples: Samples, codec: Codec) -> bytes:
    """A file in the codec's usual container.

    Args:
        samples: shape (n,), at the codec's own rate (``at_codec_rate``).
        codec: which.
    """
    encoder = encoder_of(codec)
    pcm = np.clip(np.round(samples * 32768.0), -32768, 32767).astype(np.int16)
    return _gsm_file(pcm, encoder) if encoder.library == _LIBSNDFILE else _pyav_file(pcm, codec.bit_rate, encoder)


def encoder_of(codec: Codec) -> _Encoder:
    """How a codec is run.

    Raises:
        SettingsError: if it is unknown.
    """
    if codec.name not in CODECS:
        raise SettingsError(f"Unknown codec {codec.name!r}.", f"Use one of {', '.join(CODECS)}.")
    return CODECS[codec.name]


def _gsm_file(pcm: NDArray[np.int16], encoder: _Encoder) -> bytes:
    """GSM 06.10 full rate, 13 kbit/s, in a WAV file."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, pcm, encoder.sample_rate_hz, format="WAV", subtype="GSM610")
    return file.getvalue()


def _pyav_file(pcm: NDArray[np.int16], bit_rate: int | None, encoder: _Encoder) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=encoder.container) as container:
        stream: Any = container.add_stream(encoder.library, rate=encoder.sample_rate_hz)
        stream.codec_context.layout = "mono"
        stream.codec_context.format = encoder.sample_format
        if bit_rate is not None:
            stream.codec_context.bit_rate = bit_rate
        stream.codec_context.open()
        size = encoder.block or stream.codec_context.frame_size
        for start in range(0, len(pcm), size):
            container.mux(stream.encode(_frame(pcm[start : start + size], size, start, encoder)))
        container.mux(stream.encode(None))
    return file.getvalue()


def _frame(pcm: NDArray[np.int16], size: int, start: int, encoder: _Encoder) -> av.AudioFrame:
    padded = np.zeros(size, np.int16)
    padded[: len(pcm)] = pcm
    if encoder.sample_format == "fltp":
        frame = av.AudioFrame.from_ndarray(padded[None].astype(np.float32) / 32768.0, "fltp", "mono")
    else:
        frame = av.AudioFrame.from_ndarray(padded[None], encoder.sample_format, "mono")
    frame.sample_rate, frame.pts = encoder.sample_rate_hz, start
    return frame


def _decode(content: bytes, encoder: _Encoder) -> Samples:
    with av.open(io.BytesIO(content), "r", format=_DEMUXER.get(encoder.container, encoder.container)) as container:
        resampler = av.AudioResampler("fltp", "mono", encoder.sample_rate_hz)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)


_DEMUXER = {"adts": "aac"}
_LONGEST_DELAY_S = 0.2


def _align(decoded: Samples, reference: Samples) -> Samples:
    """Undo the codec's delay, found where the two correlate best."""
    reach = int(_LONGEST_DELAY_S * SAMPLE_RATE_HZ)
    probe = slice(0, min(len(reference), 8 * SAMPLE_RATE_HZ))
    similarity = correlate(_fit(decoded, len(reference))[probe], reference[probe], mode="full", method="fft")
    middle = probe.stop - 1
    first = max(0, middle - reach)
    delay = first + int(np.argmax(similarity[first : middle + reach + 1])) - middle
    return _fit(decoded[delay:] if delay >= 0 else np.pad(decoded, (-delay, 0)), len(reference))


def _fit(samples: Samples, length: int) -> Samples:
    """Cut or pad with zeros at the end."""
    return np.pad(samples[:length], (0, max(0, length - len(samples))))
