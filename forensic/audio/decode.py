"""From a file to 16 kHz audio, a stretch at a time, whatever its format.

What a file holds is decided by its content, never its name. FFmpeg reads through an open file and may use
only the demuxers named here, so a file cannot make it open another one or the network (playlists, image
sequences).

Nothing undecodable is passed over in silence: a recording is *damaged* where a frame cannot be decoded, bytes
had to be skipped, samples are not finite numbers, the format changes on the way, or the container promises
clearly more audio than there is.
"""

import math
import re
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn

import av
import av.logging
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Discard

from forensic.audio.resample import Resampler, make_resampler
from forensic.errors import DecodeError, FileReadError
from forensic.records import SAMPLE_RATE_HZ, AudioFormat, Block, Samples, Vector
from forensic.settings import AudioSettings

av.logging.set_level(None)  # what matters arrives as an exception

_DEMUXERS = (
    "3gp,aa,aac,ac3,act,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dss,dts,dtshd,eac3,flac,flv,gsm,ilbc,ircam,"
    "loas,matroska,mov,mp3,mp4,mpc,mpc8,mpeg,mpegts,mxf,nistsphere,ogg,oma,pvf,qcp,rm,shn,sox,tak,tta,voc,w64,"
    "wav,webm,wtv,wv,xwma"
)
_AUDIO_NAME = re.compile(
    r"\.(3g2|3ga|3gpp?|aac?|aax|ac3|adts|aif[cf]?|alaw|amr|ape|asf|au|avi|awb|bwf|caf|ds2|dsf|dss|dvf|eac3|flac|flv|"
    r"gsm|m4[abpv]|mk[av]|mov|mp[234c]|mpe?g|mpga|msv|nist|og[ag]|oma|opus|qcp|ra|rf64|rm|shn|snd|spx|sph|tak|tta|"
    r"ulaw|voc|w64|wave?|web[am]|wm[av]|wv)$",
    re.IGNORECASE,
)
_SIGNATURES = (
    b"fLaC",
    b"OggS",
    b"ID3",
    b"#!AMR",
    b"\x1aE\xdf\xa3",
    b"0&\xb2u\x8ef\xcf\x11",
    b"caff",
    b"wvpk",
)
_FORMS = {b"RIFF": (b"WAVE", b"AVI "), b"RF64": (b"WAVE",), b"FORM": (b"AIFF", b"AIFC")}
_STILL_IMAGE_BRANDS = (b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"crx ")

_TAG_LENGTH, _MOST_TAGS = 200, 40

_SAMPLE_RATES_HZ = range(4_000, 768_001)
_CHUNK_SAMPLES = 1 << 18
_FULL_SCALE = {"u8": 128.0, "s16": 32768.0, "s32": 2.0**31, "s64": 2.0**63}

# Containers whose header counts the audio, and by how many seconds they may miscount.
_PROMISES_S = {
    "w64": 0.05,
    "au": 0.05,
    "flac": 0.0,
    "aiff": 0.05,
    "caf": 0.3,
    "mov": 0.3,
    "mp3": 0.15,
    "asf": 0.5,
}
_PROMISE_SHARE = 1e-3
# A writer that cannot go back to its header leaves a size in here.
_STREAMED_WAV_BYTES = ((0x7FFF0000, 0x80000100), (0xFFFF0000, 0x1_0000_0100))
_CHECKSUMMED = frozenset({"flac", "wavpack", "tta"})  # FFmpeg checks only when told to
_PLAIN = frozenset({"wav", "au", "aiff"})  # a shorter last packet is audio, too
_UNFRAMED = frozenset({"mp3", "aac", "ac3", "eac3", "amr", "amrnb", "amrwb", "dts", "gsm", "loas"})
_MATROSKA_SEGMENT = 0x18538067
_WAV_SLACK_BYTES = 64  # some recorders count their header as audio
_OGG_HEADER_BYTES = 27
_OGG_PAGE_BYTES = _OGG_HEADER_BYTES + 255 + 255 * 255  # at most
_GAP_WORTH_A_NOTE_S = 0.5
# Where FFmpeg drops what has a wrong checksum, all that tells is a jump in time.
_GAPS_S = {"ogg": 0.2, "flac": 1e-3, "asf": 0.1}
_DOUBTFUL_S = 1.0  # a file without a header that decodes for less is no audio
_ABSURD_SAMPLE = 2.0**17  # full scale is 1; some programs write floats as if it were 32768

# Channels hold the same where, in every second with signal, one is the other times a constant.
_DEAD_PEAK = 1e-4  # -80 dBFS: digital silence, after a lossy codec too
_SIGNAL_POWER = 1e-6  # -60 dBFS, per second
_SAME_CORRELATION = 0.9  # lossy codecs take from one channel what they leave in the other
_SAME_LEVEL_DB = 3.0
_DIFFERENT_SECONDS = 3

_NOT_AUDIO = "Convert it with the software that made it, or leave it out if it is no recording."
_NO_AUDIO_FOUND = "The file holds no audio that can be read, or its header or index is damaged."
_PLAY_IT = "Play it in another program to see whether it is intact; if it is, convert it to WAV or FLAC."
_DAMAGED = 'Obtain an intact copy, or set audio.damaged = "use" to examine what comes before the damage.'


class OpenRecording:
    """A file being decoded.

    Attributes:
        audio_format: what the container and codec state.
    """

    def __init__(self, source: "_Source", settings: AudioSettings) -> None:
        self.audio_format = source.audio_format
        self._source, self._settings = source, settings
        self._notes = list(source.notes)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the examiner should know of the decoding; complete once ``blocks`` is exhausted."""
        return tuple(self._notes)

    def blocks(self) -> Iterator[Block]:
        """The audio, once: stretches of ``settings.block_s`` seconds, each in every chosen channel in turn.

        Every channel gives at least one block, and its last one says so.

        Raises:
            DecodeError: if the audio is damaged, there is none, or the channel asked for does not exist.
            FileReadError: if the bytes cannot be read.
        """
        tracks = self._choose_tracks()
        length = self._settings.block_s * SAMPLE_RATE_HZ
        waiting = np.zeros((len(tracks), 0), np.float32)
        start = 0
        for piece in self._resampled(tracks):
            waiting = np.concatenate([waiting, piece], axis=1)
            while waiting.shape[1] > length:
                yield from _blocks(tracks, start, waiting[:, :length], is_last=False)
                waiting, start = waiting[:, length:], start + length
        yield from _blocks(tracks, start, waiting, is_last=True)

    def _resampled(self, tracks: Sequence["_Track"]) -> Iterator[Samples]:
        source = self._source
        resampler: Resampler | None = None
        try:
            for chunk in source.chunks():
                resampler = resampler or make_resampler(source.sample_rate_hz, len(tracks))
                yield resampler.push(np.stack([_of_track(chunk, track) for track in tracks]))
        except _Damage as damage:
            if resampler is None or self._settings.damaged != "use" or source.is_doubtful:
                raise DecodeError(f"The recording is damaged: {damage}.", _DAMAGED) from damage
            self._notes.append(f"Damaged, and used only up to {source.given_s:.2f} s: {damage}.")
        if resampler is None:
            raise DecodeError("The file holds no audio samples.", "Repeat the export, or obtain another copy.")
        self._notes.extend(source.closing_notes())
        yield resampler.finish()

    def _choose_tracks(self) -> tuple["_Track", ...]:
        count = self.audio_format.channels
        everything = tuple(range(count))
        choice = self._settings.channels
        if choice.isdecimal() and not 1 <= int(choice) <= count:
            raise DecodeError(
                f"Channel {choice} was asked for, and the recording has {count}.",
                'Choose one that exists, or set audio.channels = "auto".',
            )
        if count == 1:
            return (_Track(0, everything),)
        if choice == "auto":
            tracks, notes = _tracks_that_differ(self._source.path, count)
            self._notes.extend(notes)
            return tracks
        if choice == "mix":
            return (_Track(0, everything),)
        chosen = everything if choice == "split" else (int(choice) - 1,)
        return tuple(_Track(index + 1, (index,)) for index in chosen)


@contextmanager
def open_recording(path: Path, settings: AudioSettings) -> Iterator[OpenRecording]:
    """Open a file for decoding.

    Args:
        path: of the file.
        settings: which channels to give, how long a block is, and what to do with damage.

    Raises:
        DecodeError: if the file is empty, holds no audio, or audio that cannot be read.
        FileReadError: if the bytes cannot be read.
    """
    with _opened(path) as source:
        yield OpenRecording(source, settings)


def decode_blocks(path: Path, settings: AudioSettings) -> Iterator[Block]:
    """The blocks of ``OpenRecording.blocks`` for callers who need no notes.

    Args:
        path: of the file.
        settings: as for ``open_recording``.
    """
    with open_recording(path, settings) as recording:
        yield from recording.blocks()


def probe(path: Path) -> AudioFormat:
    """What the container and codec state, without decoding to the end.

    Raises:
        DecodeError: if the file is empty, holds no audio, or audio that cannot be read.
        FileReadError: if the bytes cannot be read.
    """
    with _opened(path) as source:
        return source.audio_format


def is_meant_as_audio(path: Path) -> bool:
    """Whether a file that cannot be decoded is a recording that failed, rather than something else to skip.

    It is, if its name ends like that of an audio or video file, or its first bytes are those of one.
    """
    if _AUDIO_NAME.search(path.name):
        return True
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        return False
    if head[4:8] == b"ftyp":
        return head[8:12] not in _STILL_IMAGE_BRANDS
    return head.startswith(_SIGNATURES) or head[8:12] in _FORMS.get(head[:4], ())


class _Track(NamedTuple):
    """A channel of the result: its number, and the channels of the file that are averaged into it."""

    number: int
    indices: tuple[int, ...]


class _Damage(Exception):  # noqa: N818 - whether it is an error depends on the settings
    """Why the audio cannot be decoded further."""


class _Source:
    """A container and its audio stream, decoded in chunks at the stream's own rate."""

    def __init__(self, path: Path, container: InputContainer, stream: AudioStream) -> None:
        self.path = path
        self._container, self._stream = container, stream
        self.audio_format = _audio_format(container, stream)
        self.notes = _stream_notes(container, stream)
        self.sample_rate_hz = self.audio_format.sample_rate_hz
        self._demuxer = self.audio_format.container
        self._shape: tuple[int, int, str] | None = None
        self._decoded = self._given = 0
        self._first_s: float | None = None
        self._end_s = 0.0

    @property
    def given_s(self) -> float:
        """Length of what ``chunks`` gave so far."""
        return self._given / self.sample_rate_hz

    @property
    def decoded_s(self) -> float:
        """Length of what was decoded so far, part of which may wait to be given."""
        return self._decoded / self.sample_rate_hz

    def chunks(self) -> Iterator[Samples]:
        """Chunks of shape (channels, n), full scale 1.0.

        Raises:
            _Damage: where decoding cannot go on, or fell short of what the container promises.
            FileReadError: if the bytes cannot be read.
        """
        for chunk in self._queued():
            possible = (np.abs(chunk) < _ABSURD_SAMPLE).all(axis=0)  # false for NaN, too
            sound = chunk.shape[1] if possible.all() else int(possible.argmin())
            self._given += sound
            yield chunk[:, :sound]
            if sound < chunk.shape[1]:
                raise _Damage(f"the sample at {self.given_s:.2f} s is no sound (not a number, or out of all bounds)")
        self._check_promise()

    @property
    def is_doubtful(self) -> bool:
        """Whether the few frames that were decoded may be chance: any bytes can look like MP3."""
        return self._demuxer in _UNFRAMED and self.given_s < _DOUBTFUL_S

    def closing_notes(self) -> list[str]:
        """What shows only once all is decoded: gaps in the time stamps, and bytes that nothing counts."""
        notes = []
        gap_s = self._span_s() - self.decoded_s
        if gap_s >= _GAP_WORTH_A_NOTE_S:
            notes.append(f"The file's time stamps leave out {gap_s:.1f} s; times are counted without these gaps.")
        if self._demuxer == "wav" and _bytes_after_wav_data(self.path) > (self.audio_format.bit_rate or 0) / 8:
            notes.append(
                f"The header counts {self.decoded_s:.2f} s; what follows may be audio of a recorder that was "
                "cut off, and was not examined."
            )
        return notes

    def _queued(self) -> Iterator[Samples]:
        fifo = AudioFifo()
        damage = None
        try:
            for frame in self._frames():
                fifo.write(frame)
                if fifo.samples >= _CHUNK_SAMPLES:
                    yield _as_float(fifo.read())
        except _Damage as found:
            damage = found
        if self._shape is not None and fifo.samples:
            yield _as_float(fifo.read())
        if damage is not None:
            raise damage

    def _frames(self) -> Iterator[AudioFrame]:
        expected = None
        try:
            for packet in self._container.demux(self._stream):
                if packet.is_corrupt and self._demuxer not in _PLAIN:
                    raise _Damage(f"a packet is incomplete at {self.decoded_s:.2f} s")
                if self._demuxer in _UNFRAMED and packet.size and packet.pos is not None:
                    if expected is not None and packet.pos > expected:
                        raise _Damage(f"{packet.pos - expected} bytes are no audio at {self.decoded_s:.2f} s")
                    expected = packet.pos + packet.size
                for frame in packet.decode():
                    self._count(frame)
                    yield frame
        except FFmpegError as error:
            raise _Damage(f"decoding fails at {self.decoded_s:.2f} s ({error.strerror})") from error
        except OSError as error:
            _cannot_read(error)

    def _count(self, frame: AudioFrame) -> None:
        if frame.is_corrupt:
            raise _Damage(f"a frame is corrupt at {self.decoded_s:.2f} s")
        shape = (frame.sample_rate, frame.layout.nb_channels, frame.format.name)
        self._shape = self._shape or shape
        if shape != self._shape or shape[:2] != (self.sample_rate_hz, self.audio_format.channels):
            raise _Damage(f"the sample rate or the number of channels changes at {self.decoded_s:.2f} s")
        if frame.pts is not None and frame.time_base is not None:
            start_s = float(frame.pts * frame.time_base)
            if self._first_s is not None and start_s - self._end_s > _GAPS_S.get(self._demuxer, math.inf):
                raise _Damage(f"{start_s - self._end_s:.2f} s are lost at {self.decoded_s:.2f} s")
            self._first_s = start_s if self._first_s is None else self._first_s
            self._end_s = start_s
        self._end_s += frame.samples / frame.sample_rate
        frame.pts = None  # the queue would insist on time stamps without gaps
        self._decoded += frame.samples

    def _span_s(self) -> float:
        return 0.0 if self._first_s is None else self._end_s - self._first_s

    def _check_promise(self) -> None:
        """Raise, if the file's structure says clearly that audio is missing at its end."""
        breaks_off = _BREAKS_OFF.get(self._demuxer)
        if breaks_off is not None and breaks_off(self.path):
            raise _Damage(f"the file breaks off at {self.decoded_s:.2f} s")
        promised_s = self.audio_format.stated_duration_s
        if promised_s is None or not self._counts_its_audio():
            return
        tolerance_s = _PROMISES_S[self._demuxer]
        if tolerance_s:
            tolerance_s += _PROMISE_SHARE * promised_s
        missing_s = promised_s - (max(self.decoded_s, self._span_s()) if tolerance_s else self.decoded_s)
        if missing_s > tolerance_s + 0.5 / self.sample_rate_hz:
            raise _Damage(f"the file should last {promised_s:.2f} s and breaks off at {self.decoded_s:.2f} s")

    def _counts_its_audio(self) -> bool:
        """Whether the stated duration is in the file, rather than being FFmpeg's guess from its size."""
        if self._demuxer not in _PROMISES_S or self._stream.duration is None:
            return False
        if self._demuxer == "mp3":
            return _has_mp3_frame_count(self.path)
        return True


@contextmanager
def _opened(path: Path) -> Iterator[_Source]:
    try:
        file = path.open("rb")
    except OSError as error:
        _cannot_read(error)
    with file:
        try:
            if not file.read(1):
                raise DecodeError("The file is empty (0 bytes).", "Obtain another copy; the transfer may have failed.")
            file.seek(0)
            container = av.open(
                _Nameless(file),
                mode="r",
                options={"format_whitelist": _DEMUXERS, "protocol_whitelist": "none"},
                metadata_errors="replace",
                io_open=_refuse,
            )
        except FFmpegError as error:
            raise _not_audio(path) from error
        except OSError as error:
            _cannot_read(error)
        with container:
            yield _Source(path, container, _audio_stream(container))


class _Nameless:
    """An open file without its name, by which FFmpeg would guess the format."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def _refuse(*_: Any) -> NoReturn:
    raise PermissionError("a recording may not open another file")


def _cannot_read(error: OSError) -> NoReturn:
    raise FileReadError(
        f"The file cannot be read: {error.strerror or error}.",
        "Check that it still exists, that you may read it, and that its disk is sound.",
    ) from error


def _not_audio(path: Path) -> DecodeError:
    if is_meant_as_audio(path):
        return DecodeError(_NO_AUDIO_FOUND, _PLAY_IT)
    return DecodeError("The content of the file is not audio in a known format.", _NOT_AUDIO)


def _audio_stream(container: InputContainer) -> AudioStream:
    """The audio stream to use: FFmpeg's choice of the best.

    Raises:
        DecodeError: if there is none, its codec is unknown or encrypted, or its rate is absurd.
    """
    if not len(container.streams):
        raise DecodeError(_NO_AUDIO_FOUND, _PLAY_IT)
    if not container.streams.audio:
        raise DecodeError("The file holds no audio, only video, pictures or data.", "Leave it out.")
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):  # no stream that can be decoded
        stream = container.streams.audio[0]
    codec_context = stream.codec_context
    if codec_context is None:
        raise DecodeError(
            "The audio is in a codec that cannot be decoded; it may be protected (rights management).",
            "Ask whoever supplied it for an unprotected copy, or convert it with the software that made it.",
        )
    if codec_context.sample_rate not in _SAMPLE_RATES_HZ or codec_context.layout.nb_channels < 1:
        raise DecodeError(
            f"The file states a sample rate of {codec_context.sample_rate} Hz and "
            f"{codec_context.layout.nb_channels} channels, which no recorder gives.",
            "Its header is damaged, or it is no recording: obtain another copy.",
        )
    codec_context.thread_count = 1  # recordings run in parallel, not frames
    if codec_context.codec.canonical_name in _CHECKSUMMED:
        codec_context.options = {"err_detect": "crccheck+explode"}
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    return stream


def _audio_format(container: InputContainer, stream: AudioStream) -> AudioFormat:
    codec_context = stream.codec_context
    duration_s = None
    if stream.duration is not None and stream.time_base is not None:
        duration_s = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        duration_s = container.duration / av.time_base
    return AudioFormat(
        container=container.format.name.split(",")[0],
        codec=codec_context.codec.canonical_name,
        sample_rate_hz=codec_context.sample_rate,
        channels=codec_context.layout.nb_channels,
        bit_rate=stream.bit_rate or container.bit_rate or None,
        bits_per_sample=_bits_per_sample(codec_context),
        stated_duration_s=duration_s,
        tags=_tags(container, stream),
    )


def _tags(container: InputContainer, stream: AudioStream) -> tuple[str, ...]:
    """What the file says of its making; the stream's word goes before the container's."""
    stated = container.metadata | stream.metadata
    return tuple(f"{name}={value[:_TAG_LENGTH]}" for name, value in sorted(stated.items())[:_MOST_TAGS] if value)


def _bits_per_sample(codec_context: AudioCodecContext) -> int | None:
    """Depth of the stored samples; None for codecs that store no samples."""
    codec = codec_context.codec.canonical_name
    if codec in {"pcm_alaw", "pcm_mulaw"}:
        return 8
    if codec == "flac" and codec_context.extradata:  # a field of five bits in STREAMINFO
        return (int.from_bytes(codec_context.extradata[12:14]) >> 4 & 0x1F) + 1
    depth = re.match(r"pcm_[suf](\d+)", codec)
    return int(depth[1]) if depth else None


def _stream_notes(container: InputContainer, stream: AudioStream) -> list[str]:
    streams = container.streams.audio
    if len(streams) == 1:
        return []
    number = [other.index for other in streams].index(stream.index) + 1
    return [f"The file holds {len(streams)} audio streams; only stream {number} was examined."]


def _as_float(frame: AudioFrame | None) -> Samples:
    """The samples of a frame, shape (channels, n)."""
    assert frame is not None
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    full_scale = _FULL_SCALE.get(frame.format.packed.name)
    with np.errstate(over="ignore"):  # what overflows is refused as absurd
        result = np.array(samples, np.float32, order="C")
    if full_scale is not None:
        if frame.format.packed.name == "u8":
            result -= np.float32(full_scale)
        result *= np.float32(1.0 / full_scale)
    return result


def _of_track(chunk: Samples, track: _Track) -> Samples:
    if len(track.indices) == 1:
        only: Samples = chunk[track.indices[0]]
        return only
    result: Samples = np.mean(chunk[list(track.indices)], axis=0, dtype=np.float32)
    return result


def _blocks(tracks: Sequence[_Track], start: int, samples: Samples, *, is_last: bool) -> Iterator[Block]:
    for track, channel in zip(tracks, samples, strict=True):
        yield Block(track.number, start / SAMPLE_RATE_HZ, np.ascontiguousarray(channel), is_last)


def _tracks_that_differ(path: Path, channels: int) -> tuple[tuple[_Track, ...], list[str]]:
    """Which channels to keep apart: a first pass over the recording, ended once all are seen to differ."""
    comparison = _ChannelComparison(channels)
    with _opened(path) as source:
        try:
            for chunk in source.chunks():
                comparison.add(chunk, source.sample_rate_hz)
                if comparison.is_decided:
                    break
        except _Damage:
            pass  # the second pass meets it again, and says so
    live = comparison.live()
    notes = []
    if live and len(live) < channels:
        dead = [str(index + 1) for index in range(channels) if index not in live]
        what = f"Channel {dead[0]} is" if len(dead) == 1 else f"Channels {', '.join(dead)} are"
        notes.append(f"{what} digitally silent throughout and left out.")
    if len(live) == 1:
        return (_Track(live[0] + 1, (live[0],)),), notes
    if live and comparison.differ(live):
        return tuple(_Track(index + 1, (index,)) for index in live), notes
    if live:
        notes.append(f"{len(live)} channels hold the same signal and were mixed.")
    return (_Track(0, tuple(live) or tuple(range(channels))),), notes


class _ChannelComparison:
    """Second by second, whether each channel is alive, and is the first live one times a constant."""

    def __init__(self, channels: int) -> None:
        self._peak = np.zeros(channels)
        self._rest = np.zeros((channels, 0), np.float32)
        self._products: list[Vector] = []  # of channels i and j, averaged over each second: shape (channels, channels)

    @property
    def is_decided(self) -> bool:
        """Whether every channel is alive and differs, whatever may follow."""
        return len(self.live()) == len(self._peak) and self.differ(self.live(), at_least=_DIFFERENT_SECONDS)

    def add(self, chunk: Samples, sample_rate_hz: int) -> None:
        """Take the next chunk, shape (channels, n)."""
        self._peak = np.maximum(self._peak, np.abs(chunk).max(axis=1, initial=0.0))
        samples = np.concatenate([self._rest, chunk], axis=1)
        whole = samples.shape[1] // sample_rate_hz * sample_rate_hz
        seconds = samples[:, :whole].reshape(len(samples), -1, sample_rate_hz).swapaxes(0, 1)
        self._rest = samples[:, whole:]
        self._products.extend(_products(seconds))

    def live(self) -> list[int]:
        """Channels that are not digitally silent."""
        return [int(index) for index in np.flatnonzero(self._peak > _DEAD_PEAK)]

    def differ(self, live: Sequence[int], at_least: int = 1) -> bool:
        """Whether, of the given channels, one is not the first times a constant.

        Args:
            live: channels, from 0.
            at_least: seconds of difference that are needed; three are, and fewer in a short recording.
        """
        products = np.array([*self._products, *_products(self._rest[None])])[:, live][:, :, live]
        power = np.einsum("sii->si", products) + 1e-20
        loudest = power.max(axis=1)
        products, power = (those[loudest > max(_SIGNAL_POWER, loudest.max() / 1000.0)] for those in (products, power))
        if not len(power):
            return False
        correlation = products[:, 0] / np.sqrt(power[:, :1] * power)
        level_db = 10.0 * np.log10(power / power[:, :1])
        same = (correlation > _SAME_CORRELATION) & (np.abs(level_db - np.median(level_db, axis=0)) < _SAME_LEVEL_DB)
        few = max(1, len(power) // 10)
        return int((~same.all(axis=1)).sum()) >= max(at_least, min(_DIFFERENT_SECONDS, few))


def _products(seconds: Samples) -> Vector:
    """Mean products of every two channels: (seconds, channels, n) becomes (seconds, channels, channels)."""
    sums: Vector = (seconds @ seconds.swapaxes(1, 2)).astype(np.float64)
    sums /= max(1, seconds.shape[2])
    return sums


def _breaks_off_in_ogg_page(path: Path) -> bool:
    """Whether an Ogg file ends inside a page."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _OGG_PAGE_BYTES))
        tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0:
        return False
    page = tail[at:]
    if len(page) < _OGG_HEADER_BYTES:
        return True
    body = _OGG_HEADER_BYTES + page[_OGG_HEADER_BYTES - 1]  # the header's last byte counts the lacing values after it
    return len(page) < body or len(page) < body + sum(page[_OGG_HEADER_BYTES:body])


class _Chunk(NamedTuple):
    """A chunk of a RIFF or RF64 file: its name, where its content starts, and how long it says it is."""

    name: bytes
    start: int
    length: int


def _riff_chunks(path: Path) -> list[_Chunk]:
    chunks: list[_Chunk] = []
    with path.open("rb") as file:
        size = file.seek(0, 2)
        at = 12
        data_bytes = None  # in RF64, where 32 bits do not hold it
        while at + 8 <= size:
            file.seek(at)
            name, length = struct.unpack("<4sI", file.read(8))
            if name == b"ds64":
                data_bytes = int.from_bytes(file.read(16)[8:], "little")
            if name == b"data" and data_bytes is not None:
                length = data_bytes
            chunks.append(_Chunk(name, at + 8, length))
            at += 8 + length + length % 2
    return chunks


def _is_streamed(data: _Chunk) -> bool:
    return data.length == 0 or any(low <= data.length <= high for low, high in _STREAMED_WAV_BYTES)


def _breaks_off_in_wav_data(path: Path) -> bool:
    """Whether the audio of a WAV file is shorter than its header says, unless that was never written."""
    data = next((chunk for chunk in _riff_chunks(path) if chunk.name == b"data"), None)
    return (
        data is not None
        and not _is_streamed(data)
        and data.start + data.length > path.stat().st_size + _WAV_SLACK_BYTES
    )


def _bytes_after_wav_data(path: Path) -> int:
    """How many bytes follow the audio of a WAV file and are no chunk of their own."""
    chunks = _riff_chunks(path)
    place = next((place for place, chunk in enumerate(chunks) if chunk.name == b"data"), len(chunks))
    if place == len(chunks) or _is_streamed(chunks[place]):
        return 0
    for chunk in chunks[place + 1 :]:
        if not re.fullmatch(rb"[\w ]{4}", chunk.name):
            return path.stat().st_size - (chunk.start - 8)
    return 0


def _breaks_off_in_matroska_segment(path: Path) -> bool:
    """Whether a Matroska or WebM file is shorter than its segment says."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        while True:
            element = _ebml_number(file, keep_marker=True)
            length = _ebml_number(file, keep_marker=False)
            if element is None or length is None:
                return False
            if element == _MATROSKA_SEGMENT:
                return file.tell() + length > size
            file.seek(length, 1)


def _ebml_number(file: BinaryIO, *, keep_marker: bool) -> int | None:
    """An element's name, with the marker of its length, or size; None if there is none or it is unknown."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    width = 9 - first[0].bit_length()
    number = int.from_bytes(first + file.read(width - 1))
    if keep_marker:
        return number
    number -= 1 << 7 * width
    return None if number == (1 << 7 * width) - 1 else number


_BREAKS_OFF = {
    "wav": _breaks_off_in_wav_data,
    "ogg": _breaks_off_in_ogg_page,
    "matroska": _breaks_off_in_matroska_segment,
}


def _has_mp3_frame_count(path: Path) -> bool:
    """Whether the first frame of an MP3 file counts the frames (Xing, Info or VBRI header)."""
    with path.open("rb") as file:
        head = file.read(10)
        if head[:3] == b"ID3":  # its size has seven bits a byte
            tag_bytes = 0
            for byte in head[6:10]:
                tag_bytes = tag_bytes << 7 | byte
            file.seek(10 + tag_bytes)
            head = b""
        head += file.read(1024)
    return any(mark in head for mark in (b"Xing", b"Info", b"VBRI"))
