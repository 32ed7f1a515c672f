"""What a container says of its own extent, by its structure alone: where it ends, and where its audio ends.

FFmpeg reads what the first header counts and is silent about the rest. Here it shows that a file breaks off, that
another recording follows in the same file, or that its bytes go on although its header has ended.
"""

import io
import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from forensic.audio.kinds import HEAD_BYTES, looks_like_audio
from forensic.audio.views import View

_MOST_ELEMENTS = 200_000
_WAV_SLACK_BYTES = 64  # some recorders count their header as audio
_BUFFER_BYTES = 1 << 16
# A writer that cannot go back to its header leaves a size in here.
_STREAMED_WAV_BYTES = ((0x7FFF0000, 0x80000100), (0xFFFF0000, 0x1_0000_0100))
_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_UNKNOWN_32 = 0xFFFFFFFF
_OGG_HEADER_BYTES = 27
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_HEAD_BYTES = 24
_ASF_BROADCAST = 1
_NEXT_HEADER = re.compile(
    rb"fLaC\x00\x00\x00\x22|RIFF....WAVE|FORM....AIF|OggS\x00\x02\x00{8}|\x00\x00\x00.ftyp[A-Za-z0-9 ]{4}", re.DOTALL
)
_TRAILING_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3")
_BREAKS_OFF = "the file breaks off"
_TOO_LONG = "an element is longer than the file that holds it"
_TS_SYNC = 0x47
_TS_PACKETS = (188, 192, 204)


@dataclass(frozen=True, slots=True)
class Extent:
    """Where a container and its audio end, in bytes from the start of the file.

    Attributes:
        end: where the container ends by its own count, which may be behind the file's end; None if it does not say.
        audio_end: where the audio (of all its streams) ends; None if the structure does not say.
        audio_bytes: of all that holds audio; None if the structure does not say.
        more: pieces of audio behind the one that FFmpeg reads: start and length.
        broken: what else shows that the file breaks off or has been spliced; empty if nothing does.
        is_fragmented: whether an MP4 comes in fragments, as live streams do.
    """

    end: int | None = None
    audio_end: int | None = None
    audio_bytes: int | None = None
    more: tuple[tuple[int, int], ...] = ()
    broken: str = ""
    is_fragmented: bool = False


def extent(view: View, demuxer: str) -> Extent:
    """What the structure of a file says.

    Args:
        view: the file.
        demuxer: FFmpeg's name of its format.
    """
    read = _READERS.get(demuxer)
    if read is None or view.prefix:
        return Extent()
    try:
        return read(io.BufferedReader(View(view.file, view.start, view.size), _BUFFER_BYTES), view.size)
    except (struct.error, ValueError, IndexError, OverflowError):  # cut off, or no such structure after all
        return Extent()


def next_recording(view: View, end: int) -> int | None:
    """Where another recording starts behind the end of the first: there, or after padding; None if there is none."""
    view.seek(end)
    head = view.read(_BUFFER_BYTES) or b""
    for skipped in (0, len(head) - len(head.lstrip(b"\0"))):
        first = head[skipped : skipped + HEAD_BYTES]
        if looks_like_audio(first) and not first.startswith(_TRAILING_TAGS):
            return end + skipped
    return None


def bytes_behind(view: View, end: int) -> int:
    """How many bytes follow the end of a recording, but for zeros and the tags that may stand there."""
    view.seek(end)
    head = view.read(_BUFFER_BYTES) or b""
    if head.lstrip(b"\0\n\r ").startswith(_TRAILING_TAGS):
        return 0
    position, last = end, end
    while head:
        kept = len(head.rstrip(b"\0"))
        if kept:
            last = position + kept
        position += len(head)
        head = view.read(_BUFFER_BYTES) or b""
    return last - end


def ogg_is_damaged(view: View | BinaryIO, first: int, last: int) -> bool:
    """Whether a page of an Ogg file that starts between two places has a wrong checksum, or is missing its mark."""
    view.seek(max(0, first))
    data = view.read(max(0, last - max(0, first))) or b""
    at = 0
    while at + _OGG_HEADER_BYTES <= len(data):
        if data[at : at + 4] != b"OggS":
            return True
        lacing = data[at + 26]
        length = _OGG_HEADER_BYTES + lacing + sum(data[at + 27 : at + 27 + lacing])
        page = bytearray(data[at : at + length])
        if len(page) < length:
            return True
        stated = bytes(page[22:26])
        page[22:26] = bytes(4)
        if _ogg_checksum(page).to_bytes(4, "little") != stated:
            return True
        at += length
    return False


def _ogg_table() -> list[int]:
    table = []
    for index in range(256):
        value = index << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
        table.append(value & 0xFFFFFFFF)
    return table


_OGG_TABLE = _ogg_table()


def _ogg_checksum(page: bytearray) -> int:
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ _OGG_TABLE[value >> 24 ^ byte]
    return value


# RIFF and its relatives -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk: its name, where its content starts, and how long it says it is."""

    name: bytes
    start: int
    length: int


def riff_chunks(file: BinaryIO | View, size: int, start: int = 12, order: str = "<") -> Iterator[Chunk]:
    """The chunks of a RIFF, RF64 or FORM file from a place on, as far as their names can be names."""
    at = start
    long_data = None  # in RF64, where 32 bits do not hold it
    for _ in range(_MOST_ELEMENTS):
        if at + 8 > size:
            return
        file.seek(at)
        name, length = struct.unpack(f"{order}4sI", file.read(8) or b"")
        if not re.fullmatch(rb"[ -~]{4}", name):
            return
        if name == b"ds64":
            long_data = int.from_bytes((file.read(16) or b"")[8:], "little")
        if name == b"data" and long_data is not None and length == _UNKNOWN_32:
            length = long_data
        yield Chunk(name, at + 8, length)
        at += 8 + length
        if length % 2:
            file.seek(at)
            pad = file.read(2) or b""
            at += not (pad[:1].isalnum() and pad[1:].isalnum())  # some writers forget the byte of padding


def is_streamed(length: int) -> bool:
    """Whether the size of a WAV's audio was never written."""
    return length == 0 or any(low <= length <= high for low, high in _STREAMED_WAV_BYTES)


def _wav(file: BinaryIO, size: int) -> Extent:
    end, audio_end, more = 12, None, []
    for chunk in riff_chunks(file, size):
        if chunk.name in {b"RIFF", b"RF64", b"RIFX"}:
            break
        if chunk.name == b"data":
            if audio_end is None:
                if is_streamed(chunk.length):
                    return Extent(size, size, size - chunk.start)
                audio_end = chunk.start + chunk.length
            elif chunk.length:
                more.append((chunk.start, min(chunk.length, size - chunk.start)))
        end = chunk.start + chunk.length
    end += end % 2
    if audio_end is None:  # a chunk without a name hides the audio, but the header states the length of the file
        file.seek(4)
        stated = int.from_bytes(file.read(4), "little")
        is_short = not is_streamed(stated) and stated + 8 > size + _WAV_SLACK_BYTES
        return Extent(broken=_BREAKS_OFF if is_short else "")
    broken = ""
    if audio_end > size + _WAV_SLACK_BYTES:
        broken = _BREAKS_OFF
    return Extent(min(end, size), audio_end, None, tuple(more), broken)


def _w64(file: BinaryIO, size: int) -> Extent:
    file.seek(16)
    end = int.from_bytes(file.read(8), "little")
    return Extent(min(end, size) or None)


def _aiff(file: BinaryIO, size: int) -> Extent:
    audio_end = end = None
    for chunk in riff_chunks(file, size, order=">"):
        if chunk.name in {b"FORM", b"RIFF"}:
            break
        end = chunk.start + chunk.length
        end += end % 2
        if chunk.name == b"SSND":
            audio_end = chunk.start + chunk.length
    return Extent(end, audio_end, None, (), "" if audio_end is None or audio_end <= size + 1 else _BREAKS_OFF)


def _avi(file: BinaryIO, size: int) -> Extent:
    end = 0
    for chunk in riff_chunks(file, size, start=0):
        if chunk.name != b"RIFF" and chunk.name not in {b"JUNK", b"idx1"}:
            break
        if chunk.name == b"RIFF" and end:
            file.seek(chunk.start)
            if file.read(4) != b"AVIX":
                break
        end = chunk.start + chunk.length
        end += end % 2
    return Extent(end or None)


def _caf(file: BinaryIO, size: int) -> Extent:
    at, audio_end = 8, None
    while at + 12 <= size:
        file.seek(at)
        name, length = struct.unpack(">4sq", file.read(12))
        if name == b"caff" or not re.fullmatch(rb"[ -~]{4}", name):
            break
        if name == b"data" and length < 0:
            return Extent(size, size)
        if length < 0:
            break
        at += 12 + length
        if name == b"data":
            audio_end = at
    return Extent(at, audio_end, None, (), _BREAKS_OFF if at > size else "")


def _au(file: BinaryIO, size: int) -> Extent:
    _, start, length = struct.unpack(">4sII", file.read(12))
    if length in {_UNKNOWN_32, 0}:
        return Extent(size, size)
    return Extent(start + length, start + length)


# Headers in text ------------------------------------------------------------------------------------------------------


def sphere_header(file: BinaryIO | View) -> dict[str, str]:
    """The fields of a NIST SPHERE header, and its length under ``header_bytes``."""
    file.seek(0)
    first = file.read(16) or b""
    length = int(first[8:16])
    text = (file.read(max(0, min(length, 1 << 16) - 16)) or b"").decode("ascii", "replace")
    fields = {"header_bytes": str(length)}
    for line in text.splitlines():
        if line.strip() == "end_head":
            break
        name, _, rest = line.partition(" ")
        fields[name] = rest.partition(" ")[2].strip()
    return fields


def _sphere(file: BinaryIO, size: int) -> Extent:
    fields = sphere_header(file)
    count = int(fields["sample_count"]) * int(fields.get("channel_count", "1")) * int(fields.get("sample_n_bytes", "2"))
    end = int(fields["header_bytes"]) + count
    return Extent(end, end, None, (), _BREAKS_OFF if end > size else "")


def _sox(file: BinaryIO, size: int) -> Extent:
    head = file.read(16)
    order = "<" if head.startswith(b".SoX") else ">"
    header, samples = struct.unpack(f"{order}IQ", head[4:16])
    if not samples:
        return Extent(size, size)
    end = 4 + header + 4 * samples  # of 32 bits, of all channels
    return Extent(end, end, None, (), _BREAKS_OFF if end > size + 4 else "")


# Boxes, elements, objects, pages --------------------------------------------------------------------------------------


def _mov(file: BinaryIO, size: int) -> Extent:
    at = audio_bytes = 0
    seen: set[bytes] = set()
    for _ in range(_MOST_ELEMENTS):
        if at + 8 > size:
            break
        file.seek(at)
        length, name = struct.unpack(">I4s", file.read(8))
        head = 8
        if length == 1:
            length, head = int.from_bytes(file.read(8)), 16
        if length == 0 and name != bytes(4):
            length = size - at
        is_new_file = name == b"ftyp" and b"ftyp" in seen and seen & {b"moov", b"moof"}
        if length < head or not re.fullmatch(rb"[ -~\xa9]{4}", name) or is_new_file:
            break
        if at + length > size:
            return Extent(at + length, None, audio_bytes, (), _BREAKS_OFF)
        seen.add(name)
        if name == b"mdat":
            audio_bytes += length - head
        at += length
    return Extent(at, None, audio_bytes, is_fragmented=b"moof" in seen)


def _matroska(file: BinaryIO, size: int) -> Extent:
    while True:
        element, length = _ebml_number(file, keep_marker=True), _ebml_number(file, keep_marker=False)
        if element is None or length is None:
            return Extent()
        if element == _SEGMENT:
            break
        if file.tell() + length > size:
            return Extent(broken=_TOO_LONG)
        file.seek(length, io.SEEK_CUR)
    end = file.tell() + length
    audio_end = None
    for _ in range(_MOST_ELEMENTS):
        if file.tell() >= min(end, size):
            break
        element, length = _ebml_number(file, keep_marker=True), _ebml_number(file, keep_marker=False)
        if element is None or length is None:
            audio_end = None
            break
        if file.tell() + length > min(end, size):
            return Extent(end, None, None, (), _BREAKS_OFF if end > size else _TOO_LONG)
        if element == _CLUSTER:
            audio_end = file.tell() + length
        file.seek(length, io.SEEK_CUR)
    return Extent(end, audio_end, None, (), _BREAKS_OFF if end > size else "")


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


def _asf(file: BinaryIO, size: int) -> Extent:
    at, audio_end, stated, packet, is_broadcast = 0, None, 0, 0, False
    for _ in range(_MOST_ELEMENTS):
        if at + 24 > size:
            break
        file.seek(at)
        name, length = file.read(16), int.from_bytes(file.read(8), "little")
        if at == 0:
            header = file.read(min(length, 1 << 20))
            place = header.find(_ASF_FILE)
            if place >= 0:
                stated = int.from_bytes(header[place + 40 : place + 48], "little")
                is_broadcast = bool(header[place + 88] & _ASF_BROADCAST)
                packet = int.from_bytes(header[place + 92 : place + 96], "little")
        elif name == _ASF_HEADER:
            break
        if length < _ASF_HEAD_BYTES or (at and length > size):
            if at and name == _ASF_DATA:
                at += length
                audio_end = at
            break
        at += length
        if name == _ASF_DATA:
            audio_end = at
    if is_broadcast or audio_end is None:
        return Extent()
    is_broken = max(audio_end, stated) > size
    return Extent(at, audio_end - packet, None, (), _BREAKS_OFF if is_broken else "")


def _ogg(file: BinaryIO, size: int) -> Extent:
    at = last = 0
    while at < size:
        file.seek(at)
        head = file.read(_OGG_HEADER_BYTES)
        if not head.startswith(b"OggS"):
            if looks_like_audio(head[:HEAD_BYTES]) or not head.strip(b"\0"):
                break
            return Extent(broken="a page is damaged")
        if len(head) < _OGG_HEADER_BYTES:
            return Extent(broken=_BREAKS_OFF)
        lacing = file.read(head[26])
        last, at = at, at + _OGG_HEADER_BYTES + head[26] + sum(lacing)
        if len(lacing) < head[26] or at > size:
            return Extent(broken=_BREAKS_OFF)
    return Extent(at, broken="a page is damaged" if ogg_is_damaged(file, last, at) else "")


def _wavpack(file: BinaryIO, size: int) -> Extent:
    at = 0
    while at + 32 <= size:
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        if name != b"wvpk":
            break
        at += 8 + length
    return Extent(at, at, None, (), _BREAKS_OFF if at > size else "")


def _flac(file: BinaryIO, size: int) -> Extent:
    """The header of another recording ends it; FFmpeg would take that for a frame that is damaged."""
    at = 4
    is_last = False
    while not is_last and at + 4 <= size:
        file.seek(at)
        head = file.read(4)
        is_last = bool(head[0] & 0x80)
        at += 4 + int.from_bytes(head[1:])
    first = at
    rest = b""
    file.seek(at)
    while data := file.read(1 << 20):
        found = _NEXT_HEADER.search(rest + data)
        if found:
            end = at - len(rest) + found.start()
            return Extent(end, None, end - first)
        rest = (rest + data)[-HEAD_BYTES:]
        at += len(data)
    return Extent(None, None, size - first)


def _mpegts(file: BinaryIO, size: int) -> Extent:
    start = file.read(1 << 12)
    for length in _TS_PACKETS:
        first = length % 188 if length == 192 else 0  # noqa: PLR2004 - a time code of four bytes before each packet
        marks = {start[place] for place in range(first, first + 3 * length, length) if place < len(start)}
        if marks == {_TS_SYNC}:
            return Extent(broken=_BREAKS_OFF if size % length else "")
    return Extent()


def has_mp3_frame_count(view: View) -> bool:
    """Whether the first frame of an MP3 file counts the frames (Xing, Info or VBRI header)."""
    view.seek(id3_bytes(view))
    head = view.read(1024) or b""
    return any(mark in head for mark in (b"Xing", b"Info", b"VBRI"))


def id3_bytes(view: View) -> int:
    """How long the ID3 tags at the start of a file are."""
    at = 0
    while True:
        view.seek(at)
        head = view.read(10) or b""
        if len(head) < 10 or not head.startswith(b"ID3"):  # noqa: PLR2004
            return at
        length = 0
        for byte in head[6:10]:  # seven bits a byte
            length = length << 7 | byte & 0x7F
        at += 10 + length


_READERS: dict[str, Callable[[BinaryIO, int], Extent]] = {
    "wav": _wav,
    "w64": _w64,
    "aiff": _aiff,
    "avi": _avi,
    "caf": _caf,
    "au": _au,
    "nistsphere": _sphere,
    "sox": _sox,
    "mov": _mov,
    "matroska": _matroska,
    "asf": _asf,
    "ogg": _ogg,
    "wv": _wavpack,
    "flac": _flac,
    "mpegts": _mpegts,
}
