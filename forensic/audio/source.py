"""From the bytes of a container to chunks of samples at the recording's own rate.

What a file holds is decided by its content, never its name. FFmpeg reads through an open file and may use
only the demuxers named here, so a file cannot make it open another one or the network (playlists, image
sequences).

Nothing undecodable is passed over in silence: a recording is *damaged* where a frame cannot be decoded, bytes
had to be skipped, samples are not finite numbers, the format changes on the way, the container promises
clearly more audio than there is, or holds clearly more than its header or index leads to.
"""

import math
import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeAlias

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

from forensic.audio.headerless import opened_as
from forensic.audio.kinds import NO_AUDIO_FOUND, PLAY_IT
from forensic.audio.structure import Extent, bytes_behind, extent, has_mp3_frame_count, id3_bytes, ogg_is_damaged
from forensic.audio.timeline import TimeLine
from forensic.audio.views import View
from forensic.errors import DecodeError, cannot_read
from forensic.records import AudioFormat, Samples
from forensic.settings import RawFormat

av.logging.set_level(None)  # what matters arrives as an exception

_DEMUXERS = (
    "3gp,aa,aac,ac3,act,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dss,dts,dtshd,eac3,flac,flv,gsm,ilbc,ircam,"
    "loas,matroska,mov,mp3,mp4,mpc,mpc8,mpeg,mpegts,mxf,nistsphere,ogg,oma,pvf,qcp,rm,shn,sox,tak,tta,voc,w64,"
    "wav,webm,wtv,wv,xwma"
)
_TAG_LENGTH, _MOST_TAGS = 200, 40
_SAMPLE_RATES_HZ = range(4_000, 768_001)
_MOST_CHANNELS = 64
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
    "nistsphere": 0.05,
    "sox": 0.05,
    "wv": 0.05,
    "tta": 0.05,
    "ape": 0.3,
    "tak": 0.05,
    "avi": 0.5,
    "matroska": 0.5,
    "ogg": 0.3,
}
_PROMISE_SHARE = 1e-3
_CHECKSUMMED = frozenset({"flac", "wavpack", "tta"})  # FFmpeg checks only when told to
_PLAIN = frozenset({"wav", "au", "aiff", "nistsphere", "sox"})  # a shorter last packet is audio, too
_UNFRAMED = frozenset({"mp3", "aac", "ac3", "eac3", "amr", "amrnb", "amrwb", "dts", "gsm", "loas"})
_ORDERED = frozenset({"w64", "aiff", "au", "caf", "nistsphere", "sox", "asf", "wv", "voc", "tta"})
_LEFT_OUT_S, _LEFT_OUT_SHARE = 0.25, 0.02  # of audio that nothing leads to; less is padding
_DOUBTFUL_S = 1.0  # a file without a header that decodes for less is no audio
_ABSURD_SAMPLE = 2.0**17  # full scale is 1; some programs write floats as if it were 32768
_LOST_FLAC_S = 1e-3  # FFmpeg drops FLAC frames with a wrong checksum; all that tells is a jump in time
_MONO_MP3 = 3
_OFF, _MOST_LEAD_S = 0.05, 0.1  # what a header may count too little
_SYNC = (0xFF, 0xE0)  # eleven bits
_MAGIC_BYTES = 16  # of AMR, at most
_MOST_JUNK_BYTES = 4096  # before the first frame: silence that a program left, and a frame that only counts the others


_Piece: TypeAlias = AudioFrame | int  # or so many samples of silence


class Damage(Exception):  # noqa: N818 - whether it is an error depends on the settings
    """Why the audio cannot be decoded further."""


class UnknownContent(Exception):  # noqa: N818 - what it means depends on the file's name
    """The bytes are in no known format."""


class Source:
    """One audio stream of a container, decoded in chunks at its own rate.

    Args:
        view: the file, or a part of it.
        container: opened on it.
        stream: of it.
        extent_of_it: what the container's structure says.
        most_channels: that any of its packets has, if that was found before; it may take a pass over the file.
        limit_s: more seconds of audio than these are refused.
    """

    def __init__(
        self,
        view: View,
        container: InputContainer,
        stream: AudioStream,
        extent_of_it: Extent,
        most_channels: int | None,
        limit_s: float,
    ) -> None:
        self.view, self.extent = view, extent_of_it
        self._container, self._stream, self._limit_s = container, stream, limit_s
        self.audio_format = _audio_format(container, stream)
        self.sample_rate_hz = self.audio_format.sample_rate_hz
        self.demuxer = self.audio_format.container
        self.channels = most_channels or _channels(view, self.audio_format)
        self._is_alone = len(container.streams) == 1
        self._time = TimeLine(_base_s(container, self.demuxer, extent_of_it), _stated_end_s(container, stream))
        self._decoded = self._silence = self._given = self._packet_bytes = 0
        self._packets_end = self._lead = 0
        self._places = deque([0], maxlen=3)  # of the last packets
        self._has_mono_stretches = False
        self._first_frame = 0
        self._longest_frame = _longest_flac_frame(stream.codec_context)

    @property
    def given_s(self) -> float:
        """Length of what ``chunks`` gave so far."""
        return self._given / self.sample_rate_hz

    @property
    def decoded_s(self) -> float:
        """Length of what was decoded so far, silence in gaps included; part of it may wait to be given."""
        return self._decoded / self.sample_rate_hz

    @property
    def packets_end(self) -> int:
        """Where the last packet ended, in bytes."""
        return self._packets_end

    @property
    def bytes_per_s(self) -> float:
        """Of the packets that were decoded."""
        return max(1, self._packet_bytes) / max(self.decoded_s, 1e-3)

    @property
    def is_doubtful(self) -> bool:
        """Whether the few frames that were decoded may be chance: any bytes can look like MP3."""
        return self.demuxer in _UNFRAMED and self.given_s < _DOUBTFUL_S

    def chunks(self) -> Iterator[Samples]:
        """Chunks of shape (channels, n), full scale 1.0.

        Raises:
            Damage: where decoding cannot go on, or what was decoded is not what the container holds.
            DecodeError: if there is more audio than the limit.
            FileReadError: if the bytes cannot be read.
        """
        for chunk in self._queued():
            possible = (np.abs(chunk) < _ABSURD_SAMPLE).all(axis=0)  # false for NaN, too
            sound = chunk.shape[1] if possible.all() else int(possible.argmin())
            self._given += sound
            yield chunk[:, :sound]
            if sound < chunk.shape[1]:
                raise Damage(f"the sample at {self.given_s:.2f} s is no sound (not a number, or out of all bounds)")
        self._check_promise()

    def notes(self) -> list[str]:
        """What the examiner should know; complete once all is decoded."""
        notes = self._time.notes()
        is_stated = self.demuxer == "wav" or self._counts_its_audio()
        stated_s = self.audio_format.stated_duration_s if is_stated else None
        if stated_s is not None and self._sound_s > (1 + _OFF) * stated_s + _MOST_LEAD_S:
            notes.append(f"The header counts {stated_s:.2f} s; all {self._sound_s:.2f} s of sound were examined.")
        if junk := self._bytes_before_frames():
            notes.append(f"The file starts with {junk:,} bytes that are no audio: it may be a piece of a longer one.")
        if self._has_mono_stretches:
            notes.append("The number of channels changes on the way; stretches of one channel are in all of them.")
        return notes

    def _bytes_before_frames(self) -> int:
        """Bytes before the first MP3 or AAC frame that are neither a tag nor a frame that only counts the others."""
        start = id3_bytes(self.view)
        if self.demuxer not in {"mp3", "aac"} or self._first_frame <= start:
            return 0
        self.view.seek(start)
        head = self.view.read(2) or b""
        is_frame = len(head) > 1 and head[0] == _SYNC[0] and head[1] >= _SYNC[1]
        return 0 if is_frame else self._first_frame - start

    @property
    def _sound_s(self) -> float:
        return (self._decoded - self._silence) / self.sample_rate_hz

    def _queued(self) -> Iterator[Samples]:
        fifo, layout = AudioFifo(), None
        damage = None
        try:
            for piece in self._pieces():
                shape = None if isinstance(piece, int) else (piece.layout.nb_channels, piece.format.name)
                if layout is not None and shape != layout:
                    yield from self._rest(fifo)
                    fifo = AudioFifo()
                layout = shape
                if isinstance(piece, int):
                    yield from _silence(self.channels, piece)
                    continue
                fifo.write(piece)
                if fifo.samples >= _CHUNK_SAMPLES:
                    yield self._as_channels(fifo.read())
        except Damage as found:
            damage = found
        yield from self._rest(fifo)
        if damage is not None:
            raise damage

    def _rest(self, fifo: AudioFifo) -> Iterator[Samples]:
        if fifo.samples:
            yield self._as_channels(fifo.read())

    def _as_channels(self, frame: AudioFrame | None) -> Samples:
        samples = _as_float(frame)
        return samples if len(samples) == self.channels else np.repeat(samples, self.channels, axis=0)

    def _pieces(self) -> Iterator[_Piece]:
        next_byte = -1  # not known yet
        try:
            for packet in self._container.demux(self._stream):
                next_byte = self._checked(packet, next_byte)
                for frame in packet.decode():
                    yield from self._placed(frame, packet)
                if packet.pos is not None and packet.pos != self._places[-1]:
                    self._places.append(packet.pos)
        except FFmpegError as error:
            raise Damage(f"decoding fails at {self.decoded_s:.2f} s ({error.strerror})") from error
        except OSError as error:
            cannot_read(error)

    def _checked(self, packet: "av.Packet[AudioStream]", next_byte: int) -> int:
        """See that a packet is whole and follows the one before; returns where the next one should start."""
        at = f"at {self.decoded_s:.2f} s"
        if packet.is_corrupt and self.demuxer not in _PLAIN:
            raise Damage(f"a packet is incomplete {at}")
        if self._longest_frame and packet.size > self._longest_frame + _MOST_JUNK_BYTES:
            raise Damage(f"{packet.size - self._longest_frame} bytes are no audio {at}")
        if self.demuxer in _UNFRAMED and packet.size and packet.pos is not None:
            if next_byte < 0:
                self._first_frame = packet.pos
                next_byte = id3_bytes(self.view) + (_MOST_JUNK_BYTES if self.demuxer == "mp3" else _MAGIC_BYTES)
            if packet.pos > next_byte:
                raise Damage(f"{packet.pos - next_byte} bytes are no audio {at}")
            next_byte = packet.pos + packet.size
        self._packet_bytes += packet.size
        self._packets_end = max(self._packets_end, (packet.pos or 0) + packet.size)
        return next_byte

    def _placed(self, frame: AudioFrame, packet: "av.Packet[AudioStream]") -> Iterator[_Piece]:
        """The frame, after the silence of a gap before it."""
        if frame.is_corrupt:
            raise Damage(f"a frame is corrupt at {self.decoded_s:.2f} s")
        channels = frame.layout.nb_channels
        if frame.sample_rate != self.sample_rate_hz or channels not in {1, self.channels}:
            raise Damage(f"the sample rate or the number of channels changes at {self.decoded_s:.2f} s")
        self._has_mono_stretches |= channels != self.channels
        if frame.pts is not None and frame.time_base is not None:
            silence = self._silence_before(float(frame.pts * frame.time_base), packet)
            if silence:
                self._count(silence)
                yield silence
        frame.pts = None  # the queue would insist on time stamps without gaps
        self._count(frame.samples)
        yield frame

    def _silence_before(self, start_s: float, packet: "av.Packet[AudioStream]") -> int:
        try:
            gap_s = self._time.gap_before(start_s, self.decoded_s)
        except ValueError as error:
            raise Damage(f"{error} at {self.decoded_s:.2f} s") from error
        is_first = self._decoded == 0
        if self.demuxer == "flac" and start_s - self._time.base_s - self.decoded_s > _LOST_FLAC_S:
            raise Damage(f"{start_s - self._time.base_s - self.decoded_s:.2f} s are lost at {self.decoded_s:.2f} s")
        if not gap_s:
            return 0
        if (
            self.demuxer == "ogg"
            and not is_first
            and ogg_is_damaged(self.view, self._places[0], packet.pos or self.view.size)
        ):
            raise Damage(f"{gap_s:.2f} s are lost at {self.decoded_s:.2f} s")
        silence = round(gap_s * self.sample_rate_hz)
        self._lead = silence if is_first else self._lead
        self._silence += silence
        return silence

    def _count(self, samples: int) -> None:
        self._decoded += samples
        if self.decoded_s > self._limit_s:
            raise DecodeError(
                f"The file of {self.view.size:,} bytes holds more than {self._limit_s / 3600:.1f} h of audio, "
                "the limit for files of its size.",
                "Export the part that matters as WAV or FLAC, and scan that.",
            )

    def _check_promise(self) -> None:
        """Raise, if the file's structure says clearly that audio is missing, or that some was not reached."""
        if self.extent.broken:
            raise Damage(f"{self.extent.broken} at {self.decoded_s:.2f} s")
        left_out = self._bytes_left_out()
        left_out_s = left_out / self.bytes_per_s
        if left_out_s > max(_LEFT_OUT_S, _LEFT_OUT_SHARE * self.decoded_s):
            raise Damage(
                f"its header or index leads to {self.decoded_s:.2f} s of audio; {left_out:,} more bytes, as many as "
                f"{left_out_s:.2f} s would take, belong to nothing"
            )
        promised_s = self.audio_format.stated_duration_s
        if promised_s is None or not self._counts_its_audio():
            return
        tolerance_s = _PROMISES_S[self.demuxer]
        if tolerance_s:
            tolerance_s += _PROMISE_SHARE * promised_s
        missing_s = promised_s - (self._decoded - self._lead) / self.sample_rate_hz
        if missing_s > tolerance_s + 0.5 / self.sample_rate_hz:
            raise Damage(f"the file should last {promised_s:.2f} s and breaks off at {self.decoded_s:.2f} s")

    def _bytes_left_out(self) -> int:
        """How many bytes are where audio should be, and were not read as such."""
        if not self._is_alone or not self._packet_bytes:
            return 0
        if self.extent.audio_bytes is not None:
            tags = self.extent.audio_bytes - self._packet_bytes if self.demuxer == "flac" else 0
            if tags and not bytes_behind(self.view, self.view.size - tags):
                return 0
            return self.extent.audio_bytes - self._packet_bytes
        if self.extent.audio_end is not None:
            return min(self.extent.audio_end, self.view.size) - self._packets_end
        if self.extent.end is None and self.demuxer in _UNFRAMED | _ORDERED:
            return bytes_behind(self.view, self._packets_end) if self._packets_end else 0
        return 0

    def _counts_its_audio(self) -> bool:
        """Whether the stated duration is in the file, rather than being FFmpeg's guess from its size."""
        if self.demuxer in {"matroska", "ogg"}:
            return self._is_alone
        if self.demuxer not in _PROMISES_S or self._stream.duration is None:
            return False
        return self.demuxer != "mp3" or has_mp3_frame_count(self.view)


@contextmanager
def opened(view: View, declared: RawFormat | None = None) -> Iterator[tuple[InputContainer, View]]:
    """Open a container, and give what it was opened on: the view, or the part of it that is its audio.

    Raises:
        UnknownContent: if the bytes are in no known format.
        DecodeError: if the file is empty, or in a format that is known and cannot be read.
        FileReadError: if the bytes cannot be read.
    """
    if not view.size:
        raise DecodeError("The file is empty (0 bytes).", "Obtain another copy; the transfer may have failed.")
    try:
        shown, demuxer, options = opened_as(view, declared)
        container = av.open(
            _Readable(shown.twin()),
            mode="r",
            format=demuxer,
            options={"format_whitelist": demuxer or _DEMUXERS, "protocol_whitelist": "none"} | options,
            metadata_errors="replace",
            io_open=_refuse,
        )
    except FFmpegError as error:
        raise UnknownContent from error
    except OSError as error:
        cannot_read(error)
    with container:
        view.is_pcm = demuxer_of(container) == "wav" and all(
            stream.codec_context.name.startswith("pcm_") for stream in container.streams.audio
        )
        yield container, shown


def open_source(
    view: View,
    container: InputContainer,
    track: int,
    limit_s: float,
    extent_of_it: Extent | None = None,
    most_channels: int | None = None,
) -> Source:
    """A stream of an open container, ready to be decoded; others are not read.

    Args:
        view: what the container was opened on.
        container: open.
        track: which of its audio streams, from 0.
        limit_s: of ``Source``.
        extent_of_it: of ``Source``, if it was found before; it may take a pass over the file.
        most_channels: of ``Source``.

    Raises:
        Damage: if there is no such stream.
        DecodeError: if the codec is unknown or encrypted, or the rate absurd.
    """
    if track >= len(container.streams.audio):
        raise Damage(f"audio track {track + 1} is missing")
    stream = container.streams.audio[track]
    codec_context = stream.codec_context
    if codec_context is None:
        raise DecodeError(
            "The audio is in a codec that cannot be decoded; it may be protected (rights management).",
            "Ask whoever supplied it for an unprotected copy, or convert it with the software that made it.",
        )
    channels = codec_context.layout.nb_channels
    if codec_context.sample_rate not in _SAMPLE_RATES_HZ or not 1 <= channels <= _MOST_CHANNELS:
        raise DecodeError(
            f"The file states a sample rate of {codec_context.sample_rate} Hz and {channels} channels, "
            "which no recorder gives.",
            "Its header is damaged, or it is no recording: obtain another copy.",
        )
    codec_context.thread_count = 1  # recordings run in parallel, not frames
    if codec_context.codec.canonical_name in _CHECKSUMMED:
        codec_context.options = {"err_detect": "crccheck+explode"}
    for other in container.streams:
        if other.index != stream.index:
            other.discard = Discard.all
    if extent_of_it is None:
        extent_of_it = extent(view, demuxer_of(container))
    return Source(view, container, stream, extent_of_it, most_channels, limit_s)


def audio_tracks(container: InputContainer) -> int:
    """How many audio streams there are.

    Raises:
        DecodeError: if there is none.
    """
    if not len(container.streams):
        raise DecodeError(NO_AUDIO_FOUND, PLAY_IT)
    if not container.streams.audio:
        raise DecodeError("The file holds no audio, only video, pictures or data.", "Leave it out.")
    return len(container.streams.audio)


class _Readable:
    """A view without its name, by which FFmpeg would guess the format."""

    def __init__(self, view: View) -> None:
        self.read, self.seek, self.tell = view.read, view.seek, view.tell


def _refuse(*_: Any) -> NoReturn:
    raise PermissionError("a recording may not open another file")


def demuxer_of(container: InputContainer) -> str:
    """FFmpeg's name of the format."""
    return container.format.name.split(",")[0]


def _base_s(container: InputContainer, demuxer: str, extent_of_it: Extent) -> float:
    """The time stamp at which a player's clock is 0: 0 in MP4, in others where the first stream starts."""
    if demuxer == "mov" and not extent_of_it.is_fragmented:
        return 0.0
    return (container.start_time or 0) / av.time_base


def _stated_end_s(container: InputContainer, stream: AudioStream) -> float | None:
    """The end of the file on its own clock, as it states it; None where it does not."""
    ends = []
    if container.duration is not None:
        ends.append(((container.start_time or 0) + container.duration) / av.time_base)
    if stream.duration is not None and stream.time_base is not None:
        ends.append(float(((stream.start_time or 0) + stream.duration) * stream.time_base))
    return max(ends, default=None)


def _channels(view: View, audio_format: AudioFormat) -> int:
    """Of an MP3 file that starts with one channel, whether frames with two follow."""
    if audio_format.container != "mp3" or audio_format.channels != 1:
        return audio_format.channels
    with opened(view) as (container, _):
        for packet in container.demux(container.streams.audio[0]):
            if packet.size >= 4 and bytes(packet)[3] >> 6 != _MONO_MP3:  # noqa: PLR2004 - a header of 32 bits
                return 2
    return 1


def _audio_format(container: InputContainer, stream: AudioStream) -> AudioFormat:
    codec_context = stream.codec_context
    duration_s = None
    if stream.duration is not None and stream.time_base is not None:
        duration_s = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        duration_s = container.duration / av.time_base
    return AudioFormat(
        container=demuxer_of(container),
        codec=codec_context.codec.canonical_name,
        sample_rate_hz=codec_context.sample_rate,
        channels=codec_context.layout.nb_channels,
        bit_rate=stream.bit_rate or container.bit_rate or None,
        bits_per_sample=_bits_per_sample(codec_context),
        stated_duration_s=duration_s if duration_s is None or math.isfinite(duration_s) else None,
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


def _longest_flac_frame(codec_context: AudioCodecContext) -> int:
    """Bytes of the longest frame, as the header of a FLAC file states it; 0 if it does not, or for other codecs."""
    if codec_context.codec.canonical_name != "flac" or not codec_context.extradata:
        return 0
    return int.from_bytes(codec_context.extradata[7:10])


def _silence(channels: int, samples: int) -> Iterator[Samples]:
    for start in range(0, samples, _CHUNK_SAMPLES):
        yield np.zeros((channels, min(_CHUNK_SAMPLES, samples - start)), np.float32)


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
