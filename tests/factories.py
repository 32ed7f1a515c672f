"""Synthetic voices, and files of every kind that a case may hold; seeded, no recording of anyone."""

import struct
import wave
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Waveform = NDArray[np.float32]

FORMANTS_HZ = (
    (730, 1090, 2440, 3400),
    (270, 2290, 3010, 3700),
    (570, 840, 2410, 3300),
    (440, 1020, 2240, 3250),
)
BANDWIDTHS_HZ = (80, 100, 140, 200)


def voice(
    seconds: float,
    sample_rate_hz: int = 16_000,
    *,
    seed: int = 0,
    pitch_hz: float = 120.0,
    pauses: bool = True,
) -> Waveform:
    """Vowels of 0.15 to 0.35 s, hisses and the closures of stops; phrases of two seconds, pauses of 0.6 s between.

    Args:
        seconds: length.
        sample_rate_hz: rate.
        seed: of everything random; another seed says other vowels.
        pitch_hz: mean fundamental frequency.
        pauses: whether there are any.

    Returns:
        Shape (n,), peak 0.5; pauses hold noise 60 dB below.
    """
    random = np.random.default_rng(seed)
    count = round(seconds * sample_rate_hz)
    pieces: list[NDArray[np.float64]] = []
    length = since_pause = 0
    phase = 0.0
    while length < count:
        size = round(random.uniform(0.15, 0.35) * sample_rate_hz)
        if pauses and since_pause > 2 * sample_rate_hz:
            size, since_pause = round(0.6 * sample_rate_hz), 0
            piece = np.zeros(size)
        elif random.random() < 0.2:
            piece = np.diff(random.standard_normal(size // 2 + 1)) * 0.05
        elif random.random() < 0.3:
            piece = np.zeros(size // 3)
        else:
            piece, phase = _vowel(random, size, sample_rate_hz, pitch_hz, phase)
        pieces.append(piece)
        length += len(piece)
        since_pause += len(piece)
    samples = np.concatenate(pieces)[:count]
    samples *= 0.5 / np.abs(samples).max()
    return (samples + 0.5e-3 * 0.3 * random.standard_normal(count)).astype(np.float32)


def _vowel(
    random: np.random.Generator, size: int, sample_rate_hz: int, pitch_hz: float, phase: float
) -> tuple[NDArray[np.float64], float]:
    pitch = pitch_hz * np.exp(random.normal(0, 0.08) + 0.05 * np.sin(np.linspace(0, np.pi, size)))
    phases = phase + np.cumsum(pitch / sample_rate_hz)
    pulses = np.diff(np.floor(phases), prepend=np.floor(phase)) + 0.003 * random.standard_normal(size)
    samples = lfilter([1.0], [1.0, -0.96], pulses)
    for formant_hz, bandwidth_hz in zip(FORMANTS_HZ[random.integers(len(FORMANTS_HZ))], BANDWIDTHS_HZ, strict=True):
        if formant_hz < 0.45 * sample_rate_hz:
            radius = np.exp(-np.pi * bandwidth_hz / sample_rate_hz)
            angle = 2 * np.pi * formant_hz / sample_rate_hz
            samples = lfilter([1 - radius], [1, -2 * radius * np.cos(angle), radius**2], samples)
    fade = np.minimum(1.0, np.minimum(np.arange(size), np.arange(size)[::-1]) / (0.02 * sample_rate_hz))
    samples = np.diff(samples, prepend=0.0) * fade
    return samples / (np.abs(samples).max() + 1e-9) * random.uniform(0.5, 1.0), phases[-1] % 1.0


def write_audio(
    path: Path,
    samples: Waveform,
    sample_rate_hz: int = 16_000,
    *,
    codec: str = "pcm_s16le",
    container: str | None = None,
    bit_rate: int | None = None,
    options: dict[str, str] | None = None,
) -> Path:
    """Encode with FFmpeg.

    Args:
        path: where to.
        samples: shape (n,) or (channels, n), full scale 1.0.
        sample_rate_hz: their rate.
        codec: FFmpeg's name of the encoder.
        container: FFmpeg's name of the container; by default what the path's name says.
        bit_rate: in bit/s.
        options: of the encoder.
    """
    channels = np.atleast_2d(samples).astype(np.float32)
    layout = {1: "mono", 2: "stereo", 4: "quad", 6: "5.1"}[len(channels)]
    with av.open(str(path), "w", format=container) as output:
        stream = output.add_stream(codec, rate=sample_rate_hz, layout=layout, options=options or {})
        if bit_rate:
            stream.bit_rate = bit_rate
        stream.codec_context.open()
        resampler = av.AudioResampler(
            stream.codec_context.format,
            layout,
            sample_rate_hz,
            frame_size=stream.codec_context.frame_size or 1024,
        )
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(channels), "fltp", layout)
        frame.sample_rate = sample_rate_hz
        for piece in (*resampler.resample(frame), *resampler.resample(None)):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return path


def write_wav(path: Path, samples: Waveform, sample_rate_hz: int = 16_000) -> Path:
    """16-bit WAV by the standard library, which knows nothing of FFmpeg."""
    channels = np.atleast_2d(samples)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(sample_rate_hz)
        file.writeframes(np.round(np.clip(channels, -1, 1) * 32767).astype("<i2").T.tobytes())
    return path


def write_call(path: Path, left: Waveform, right: Waveform) -> Path:
    """A recording of two channels at 16 kHz, a speaker in each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((np.stack([left, right], axis=1) * 32767).astype("<i2").tobytes())
    return path


def write_float_wav(path: Path, samples: Waveform, sample_rate_hz: int = 16_000) -> Path:
    """32-bit float WAV, sample by sample as given: NaN and infinity too."""
    data = samples.astype("<f4").tobytes()
    form = struct.pack("<HHIIHH", 3, 1, sample_rate_hz, 4 * sample_rate_hz, 4, 32)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    return path


FORMATS: dict[str, tuple[str, dict[str, object]]] = {
    # name: (file name, arguments of write_audio)
    "wav 8 bit": ("a.wav", {"codec": "pcm_u8"}),
    "wav 16 bit": ("a.wav", {"codec": "pcm_s16le"}),
    "wav 24 bit": ("a.wav", {"codec": "pcm_s24le"}),
    "wav 32 bit": ("a.wav", {"codec": "pcm_s32le"}),
    "wav float": ("a.wav", {"codec": "pcm_f32le"}),
    "wav double": ("a.wav", {"codec": "pcm_f64le"}),
    "wav a-law": ("a.wav", {"codec": "pcm_alaw"}),
    "wav mu-law": ("a.wav", {"codec": "pcm_mulaw"}),
    "wav ima adpcm": ("a.wav", {"codec": "adpcm_ima_wav"}),
    "wav ms adpcm": ("a.wav", {"codec": "adpcm_ms"}),
    "w64": ("a.wav", {"codec": "pcm_s16le", "container": "w64"}),
    "aiff": ("a.aiff", {"codec": "pcm_s16be"}),
    "au": ("a.au", {"codec": "pcm_s16be"}),
    "caf": ("a.caf", {"codec": "pcm_s16le"}),
    "flac": ("a.flac", {"codec": "flac"}),
    "mp3": ("a.mp3", {"codec": "libmp3lame", "bit_rate": 64_000}),
    "ogg opus": ("a.opus", {"codec": "libopus", "bit_rate": 32_000}),
    "ogg vorbis": ("a.ogg", {"codec": "vorbis", "options": {"strict": "experimental"}, "channels": 2}),
    "webm": ("a.webm", {"codec": "libopus", "bit_rate": 32_000}),
    "m4a": ("a.m4a", {"codec": "aac", "bit_rate": 64_000, "container": "ipod"}),
    "adts aac": ("a.aac", {"codec": "aac", "bit_rate": 64_000, "container": "adts"}),
    "mp4": ("a.mp4", {"codec": "aac", "bit_rate": 64_000}),
    "mkv": ("a.mkv", {"codec": "aac", "bit_rate": 64_000}),
    "wma": ("a.wma", {"codec": "wmav2", "bit_rate": 64_000, "container": "asf"}),
    "amr": ("a.amr", {"codec": "libopencore_amrnb", "bit_rate": 12_200, "rate": 8_000}),
    "3gp": ("a.3gp", {"codec": "libopencore_amrnb", "bit_rate": 12_200, "rate": 8_000}),
    "wav g722": ("a.wav", {"codec": "g722"}),
}
"""Every format that this FFmpeg can write; GSM and AMR-WB it can only read."""


def write_format(folder: Path, name: str, seconds: float = 6.0, seed: int = 0) -> Path:
    """A voice in one of ``FORMATS``."""
    file_name, wanted = FORMATS[name]
    arguments = dict(wanted)
    rate = int(str(arguments.pop("rate", 16_000)))
    channels = int(str(arguments.pop("channels", 1)))
    samples = np.tile(voice(seconds, rate, seed=seed), (channels, 1))
    return write_audio(folder / file_name, samples, rate, **arguments)  # type: ignore[arg-type]


ODD_NAMES: Sequence[str] = (
    "it's.wav",
    'the "call".wav',
    "[draft] {1}*.wav",
    "two\nlines.wav",
    "-rf.wav",
    "file:concat:|.wav",
    "%03d.wav",
    "naïve - запись.wav",
    " leading and trailing .wav",
    b"undecodable \xff\xfe.wav".decode(errors="surrogateescape"),
)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("Dear Sir or Madam, please find the recording attached.\n" * 40)


def _noise_bytes(path: Path) -> None:
    path.write_bytes(np.random.default_rng(1).bytes(300_000))


def _truncated(name: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        whole = write_format(path.parent, name).read_bytes()
        path.write_bytes(whole[: int(len(whole) * 0.6) + 1])

    return write


def _not_finite(value: float) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        samples = voice(6.0)
        samples[48_000] = value
        write_float_wav(path, samples)

    return write


BAD_FILES: dict[str, tuple[str, Callable[[Path], None]]] = {
    # name: (file name, how to write it)
    "empty": ("empty.wav", _empty),
    "text": ("text.wav", _text),
    "random bytes": ("random.mp3", _noise_bytes),
    "truncated wav": ("cut.wav", _truncated("wav 16 bit")),
    "truncated flac": ("cut.flac", _truncated("flac")),
    "truncated mp3": ("cut.mp3", _truncated("mp3")),
    "truncated mp4": ("cut.mp4", _truncated("mp4")),
    "truncated opus": ("cut.opus", _truncated("ogg opus")),
    "truncated wma": ("cut.wma", _truncated("wma")),
    "truncated amr": ("cut.amr", _truncated("amr")),
    "truncated mkv": ("cut.mkv", _truncated("mkv")),
    "NaN": ("nan.wav", _not_finite(float("nan"))),
    "infinity": ("infinity.wav", _not_finite(float("-inf"))),
}
"""Files that must be refused."""


def write_bad(folder: Path, name: str) -> Path:
    """One of ``BAD_FILES``."""
    file_name, write = BAD_FILES[name]
    write(folder / file_name)
    return folder / file_name


def write_language_model(folder: Path, **changes: object) -> Path:
    """A model of three languages of the real kind, small and untrained, that names everything.

    Args:
        folder: made.
        changes: tables and strings of the card that differ; ``decision`` and ``coverage`` are merged with the usual.
    """
    import torch

    from forensic.language.network import Architecture, LanguageNetwork
    from forensic.speaker.extractor import default_model_folder
    from forensic.storage.cards import read_card, write_card
    from forensic.training.model_folder import save_model

    torch.manual_seed(1)
    network = LanguageNetwork(Architecture(read_size=8, uppers=2, hidden_size=8, embedding_size=8, classes=3)).eval()
    bundled = read_card(default_model_folder())
    body = {"model": bundled["name"], "sha256": bundled["weights"]["sha256"], "layers": [1, 2, 3]}
    decision = {
        "log_scale": 0.0,
        "log_scale_slope": 0.0,
        "min_speech_s": 2.0,
        "least_probability": 0.0,
        "max_error": 0.4,
    }
    facts = {"name": folder.name, "task": "language", "licence": "CC0", "data": "none", "classes": ["de", "en", "fa"]}
    validated = {"decision": decision, "coverage": {"de": 0.1, "en": 0.2, "fa": 0.4}}
    save_model(folder, network, facts, {"body": body} | validated)
    card = read_card(folder)
    for table in ("decision", "coverage"):
        card[table] |= changes.pop(table, {})
    write_card(folder, card | changes)
    return folder
