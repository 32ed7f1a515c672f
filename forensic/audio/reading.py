"""A whole file, piece by piece: all its audio tracks, all recordings that follow each other in it, their channels.

Each track is a source of its own, and so is each of the recordings that follow each other in one file (WAV after WAV,
M4A after M4A, a WAV with two ``data`` chunks). Their channels are numbered through: where the first track has two
channels, the second track's first channel is 3. Times count from the start of each.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, TypeAlias

from av.container import InputContainer

from forensic.audio.channels import ChannelComparison, check_choice, choose, mixed
from forensic.audio.source import Damage, Source, UnknownContent, audio_tracks, demuxer_of, open_source, opened
from forensic.audio.structure import Extent, bytes_behind, extent, next_recording, riff_chunks
from forensic.audio.views import View
from forensic.errors import DecodeError
from forensic.records import AudioFormat, Samples
from forensic.settings import RawFormat

_MOST_PARTS = 10_000
_LEAST_REST_S = 0.25
_DAMAGED = 'Obtain an intact copy, or set audio.damaged = "use" to examine what comes before the damage.'


@dataclass(frozen=True, slots=True)
class Begin:
    """What follows is of these channels and this rate, until the next ``Begin``.

    Attributes:
        channels: their numbers.
        sample_rate_hz: of the chunks.
    """

    channels: tuple[int, ...]
    sample_rate_hz: int


Step: TypeAlias = Begin | Samples


@dataclass(frozen=True, slots=True)
class _Track:
    """One audio track of one of the recordings in a file.

    Attributes:
        part: the recording's bytes.
        extent: what their structure says.
        index: which of its audio tracks, from 0.
        audio_format: of it.
        before: channels of the tracks before it.
        called: what notes call it; empty if it is the only one.
        is_last: whether bytes behind it belong to nothing.
    """

    part: View
    extent: Extent
    index: int
    audio_format: AudioFormat
    before: int
    called: str
    is_last: bool


class Reading:
    """A file being read.

    Args:
        file: open for reading in binary; nobody else may read it meanwhile.
        declared: what it holds where it has no header.
        channels: as ``audio.channels``.
        damaged: as ``audio.damaged``.
        limit_s: more seconds of audio in a track are refused.

    Raises:
        UnknownContent: if the bytes are in no known format.
        DecodeError: if there is no audio, or none that can be read.
        FileReadError: if the bytes cannot be read.
    """

    def __init__(self, file: BinaryIO, declared: RawFormat | None, channels: str, damaged: str, limit_s: float) -> None:
        self._declared, self._choice, self._damaged, self._limit_s = declared, channels, damaged, limit_s
        self.notes: list[str] = []
        parts, self._rest = _parts(View(file), declared)
        self._tracks = self._all_tracks(parts)
        first, last = self._tracks[0].audio_format, self._tracks[-1]
        self.audio_format = replace(first, channels=last.before + last.audio_format.channels)

    def steps(self) -> Iterator[Step]:
        """The audio, once, track by track: a ``Begin``, then chunks of shape (channels, n), full scale 1.0.

        Raises:
            DecodeError: if the audio is damaged, there is none, or the channel asked for does not exist.
            FileReadError: if the bytes cannot be read.
        """
        check_choice(self.audio_format.channels, self._choice)
        given = 0
        for track in self._tracks:
            wanted = self._wanted(track.before, track.audio_format.channels)
            if wanted is not None:
                given += yield from self._steps_of(track, wanted)
        if not given:
            raise DecodeError("The file holds no audio samples.", "Repeat the export, or obtain another copy.")

    def _all_tracks(self, parts: Sequence[View]) -> list[_Track]:
        found: list[_Track] = []
        before = 0
        for number, part in enumerate(parts, 1):
            with opened(part, self._declared) as (container, shown):
                count = audio_tracks(container)
                found_extent = extent(shown, demuxer_of(container))
                for index in range(count):
                    source = open_source(shown, container, index, self._limit_s, found_extent)
                    audio_format = replace(source.audio_format, channels=source.channels)
                    names = [f"recording {number}"] * (len(parts) > 1) + [f"track {index + 1}"] * (count > 1)
                    is_last = number == len(parts) and index == 0
                    found.append(_Track(part, found_extent, index, audio_format, before, ", ".join(names), is_last))
                    before += source.channels
        if len(found) > 1:
            where = ", ".join(f"{track.called} is {_channels(track)}" for track in found)
            what = f"{len(parts)} recordings, one after the other" if len(parts) > 1 else f"{len(found)} audio tracks"
            self.notes.append(f"The file holds {what}: {where}.")
        if len(parts) > 1:
            self.notes.append("The times of each recording count from its own start.")
        return found

    def _wanted(self, before: int, count: int) -> str | None:
        """The choice of channels within a track; None where it is in another one."""
        if not self._choice.isdecimal():
            return self._choice
        number = int(self._choice) - before
        return str(number) if 1 <= number <= count else None

    def _steps_of(self, track: _Track, choice: str) -> Generator[Step, None, int]:
        """The steps of a track; returns how many chunks it gave."""
        count = track.audio_format.channels
        comparison = self._comparison(track) if count > 1 and choice == "auto" else None
        channels, notes = choose(count, choice, comparison)
        place = f"{track.called[0].upper()}{track.called[1:]}: " if track.called else ""
        self.notes += [place + note for note in notes]
        numbers = tuple(track.before + max(1, one.number) if track.called else one.number for one in channels)
        chunks = 0
        source = None
        try:
            with opened(track.part, self._declared) as (container, shown):
                source = self._opened(shown, container, track)
                yield Begin(numbers, source.sample_rate_hz)
                for chunk in source.chunks():
                    chunks += 1
                    yield mixed(chunk, channels)
                if track.is_last:
                    self._check_rest(source)
        except (Damage, UnknownContent) as damage:
            what = str(damage) or "it cannot be read"
            if not chunks or source is None or self._damaged != "use" or source.is_doubtful:
                raise DecodeError(f"The recording is damaged: {place}{what}.", _DAMAGED) from damage
            self.notes.append(f"{place}Damaged, and used only up to {source.given_s:.2f} s: {what}.")
        self.notes += [place + note for note in source.notes()]
        return chunks

    def _opened(self, shown: View, container: InputContainer, track: _Track) -> Source:
        return open_source(shown, container, track.index, self._limit_s, track.extent, track.audio_format.channels)

    def _check_rest(self, source: Source) -> None:
        """Raise, if bytes follow the last recording that are no part of it."""
        rest = min(self._rest, source.view.size - source.packets_end)  # FFmpeg reads on behind some headers' count
        rate = source.bytes_per_s
        if rest > _LEAST_REST_S * rate:
            raise Damage(
                f"its header counts {source.decoded_s:.2f} s of audio; {rest:,} more bytes follow, as many as "
                f"{rest / rate:.2f} s would take"
            )

    def _comparison(self, track: _Track) -> ChannelComparison:
        """A first pass over a track, ended once all channels are seen to differ."""
        is_companded = track.audio_format.codec in {"pcm_alaw", "pcm_mulaw"}
        comparison = ChannelComparison(track.audio_format.channels, is_companded=is_companded)
        try:
            with opened(track.part, self._declared) as (container, shown):
                source = self._opened(shown, container, track)
                for chunk in source.chunks():
                    comparison.add(chunk, source.sample_rate_hz)
                    if comparison.is_decided:
                        break
        except (Damage, UnknownContent):
            pass  # the second pass meets it again, and says so
        return comparison


def _channels(track: _Track) -> str:
    first, last = track.before + 1, track.before + track.audio_format.channels
    return f"channel {first}" if first == last else f"channels {first} to {last}"


def _parts(whole: View, declared: RawFormat | None) -> tuple[list[View], int]:
    """The recordings that follow each other in a file, and how many bytes follow the last."""
    parts: list[View] = []
    start = 0
    while len(parts) < _MOST_PARTS:
        view = View(whole.file, start)
        try:
            with opened(view, declared) as (container, shown):
                found = extent(shown, demuxer_of(container)) if shown.start == view.start else Extent()
        except UnknownContent:
            if not parts:
                raise
            return parts, whole.size - start
        end = found.end if found.end is not None and found.end < view.size else None
        following = None if end is None else next_recording(view, end)
        length = following if following is not None else view.size
        if found.more and found.audio_end is not None:
            length = found.audio_end  # FFmpeg would take the last of several data chunks
        parts.append(View(whole.file, start, length))
        parts[-1].is_pcm = view.is_pcm
        parts += [_second_data(view, first, size) for first, size in found.more]
        if following is None or following <= 0:
            return parts, 0 if end is None else bytes_behind(view, end)
        start += following
    return parts, whole.size - start


def _second_data(view: View, first: int, size: int) -> View:
    """A further ``data`` chunk of a WAV file, behind the file's own header."""
    header = b""
    for chunk in riff_chunks(view, view.size):
        if chunk.name == b"data":
            view.seek(0)
            header = (view.read(chunk.start - 4) or b"") + size.to_bytes(4, "little")
            break
    return View(view.file, view.start + first, size, header)
