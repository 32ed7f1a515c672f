"""Who speaks when, in files: RTTM, and the label tracks of Audacity; written by a scan, or corrected by an examiner.

An RTTM file has one line per turn: ``SPEAKER recording channel start duration <NA> <NA> speaker <NA> <NA>``, times in
seconds; the speaker's name is between the seventh field and the last two, and may have blanks. A label track has
``start<TAB>end<TAB>speaker``; where it reads ``channel 2: speaker``, the turn is of that channel, else of every
channel. A label file stands for the recording that has its name, with or without the recording's own suffix; one RTTM
file may name several recordings.

Source: NIST (2009), "The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan", appendix A.
"""

import dataclasses
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forensic.case.discovery import discover
from forensic.errors import CaseError
from forensic.records import Failure, Labels, Turn
from forensic.storage.table_file import plain_name
from forensic.storage.tables import write_text

SUFFIXES = (".rttm", ".txt")

_CHANNEL = re.compile(r"^channel (\d+): *(.*)$", re.IGNORECASE)
_RTTM_FIELDS = 8  # at least
_MOST_NAME_BYTES = 200  # of 255, so that suffixes and what a temporary file adds still fit


@dataclass(frozen=True, slots=True)
class _Label:
    """A line of a label file; channel None: of every channel."""

    recording: str
    channel: int | None
    start_s: float
    end_s: float
    name: str


@dataclass(frozen=True, slots=True)
class FoundLabels:
    """What label files hold.

    Attributes:
        by_recording: an examiner's turns, by the recording that they are for.
        strays: label files, each with a recording that it names and that is not there.
    """

    by_recording: Mapping[Path, Labels]
    strays: tuple[tuple[Path, str], ...]


def read_labels(chosen: Path, recordings: Sequence[Path], others: Collection[Path] = ()) -> FoundLabels:
    """An examiner's turns.

    Args:
        chosen: a label file, or a folder of them in any depth.
        recordings: that may be meant.
        others: that may be meant as well, and are not asked about: labels for them are no strays.

    Raises:
        CaseError: if there is no label file, one cannot be read, fits several recordings or is one of two for the same,
            or nothing fits any recording.
    """
    files = (
        [path for path in discover([chosen]).files if path.suffix.lower() in SUFFIXES] if chosen.is_dir() else [chosen]
    )
    if not files:
        raise CaseError(f"{chosen} holds no label file.", f"Let their names end in {' or '.join(SUFFIXES)}.")
    found: dict[Path, Labels] = {}
    lines: list[_Label] = []
    strays: list[tuple[Path, str]] = []
    for file in files:
        content = _bytes(file)
        lines = _parse(file, content)
        for name in dict.fromkeys(line.recording for line in lines):
            recording = _recording(name, file, chosen, recordings)
            if recording is None:
                if not _fitting(name, others):
                    strays.append((file, name))
                continue
            if recording in found:
                raise CaseError(
                    f"{found[recording].path} and {file} are both for {recording}.", "Keep one of the two label files."
                )
            own = [line for line in lines if line.recording == name]
            found[recording] = _labels(file, hashlib.sha256(content).hexdigest(), own)
    if not found:
        raise CaseError(
            f"No recording fits the labels in {chosen}, which are for {lines[0].recording if lines else 'none'}.",
            "Give a label file the name of its recording, such as call.txt for call.wav.",
        )
    return FoundLabels(found, tuple(strays))


def stray_problems(strays: Sequence[tuple[Path, str]]) -> list[tuple[Path, Failure]]:
    """What to say of labels for recordings that are not there."""
    return [
        (
            file,
            Failure(
                "labels",
                f"It has turns for {name!r}, and no recording of that name is scanned.",
                "Correct the name, or remove these turns.",
            ),
        )
        for file, name in strays
    ]


def write_labels(folder: Path, name: str, turns: Mapping[int, Sequence[Turn]]) -> None:
    """Write ``rttm/NAME.rttm`` and ``audacity/NAME.txt``.

    Args:
        folder: of both; made where it is missing.
        name: of the recording, perhaps with folders before it.
        turns: by channel, 0 where the channels were mixed; a speaker without a name is "speaker 1" and so on.
    """
    folder_name, _, own_name = name.rpartition("/")
    name = "/".join(filter(None, (folder_name, label_name(own_name))))
    recording = _without_blanks(own_name)
    rttm, track = [], []
    for channel, own in sorted(turns.items()):
        for turn in _joined(own):
            speaker = turn.name or f"speaker {turn.speaker}"
            rttm.append(
                f"SPEAKER {recording} {max(1, channel)} {turn.start_s:.3f} {turn.duration_s:.3f} "
                f"<NA> <NA> {_without_blanks(speaker)} <NA> <NA>"
            )
            track.append(f"{turn.start_s:.3f}\t{turn.end_s:.3f}\t{f'channel {channel}: ' * bool(channel)}{speaker}")
    for kind, lines, suffix in (("rttm", rttm, ".rttm"), ("audacity", track, ".txt")):
        path = folder / kind / f"{name}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, "\n".join(lines) + "\n")


def label_name(name: str) -> str:
    """What a recording's label files are called, less their suffix: its name, cut where it is too long for more."""
    encoded = name.encode("utf-8", "surrogateescape")
    if len(encoded) <= _MOST_NAME_BYTES:
        return name
    kept = encoded[: _MOST_NAME_BYTES - 9].decode("utf-8", "ignore")
    return f"{kept}~{hashlib.sha256(encoded).hexdigest()[:8]}"


def _without_blanks(name: str) -> str:
    """A name as a field of RTTM, whose fields are separated by blanks."""
    return re.sub(r"\s", "_", name)


def _joined(turns: Sequence[Turn]) -> list[Turn]:
    """Turns of one speaker that touch, as one."""
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].speaker == turn.speaker and turn.start_s <= joined[-1].end_s + 1e-6:
            joined[-1] = dataclasses.replace(joined[-1], end_s=max(joined[-1].end_s, turn.end_s))
        else:
            joined.append(turn)
    return joined


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CaseError(f"The label file {file} cannot be read: {error.strerror}.", "Check the path.") from error


def _parse(file: Path, content: bytes) -> list[_Label]:
    labels = []
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise CaseError(f"The label file {file} is not UTF-8: {error}.", "Store it as UTF-8.") from error
    first: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines, 1):
        is_rttm = file.suffix.lower() == ".rttm"
        if not line.strip() or line.startswith(("\\", ";;")) or (is_rttm and line.split()[0] != "SPEAKER"):
            continue  # a comment, or the frequency range of a spectral selection
        try:
            label = _rttm_line(line) if is_rttm else _track_line(line, file.stem)
        except (ValueError, IndexError) as error:
            raise CaseError(
                f"Line {number} of the label file {file} is no turn: {line.strip()!r}.",
                "Write SPEAKER recording channel start duration <NA> <NA> speaker <NA> <NA>, seconds with a point and "
                "the recording without blanks."
                if is_rttm
                else "Write start, end and speaker with a tabulator between them, seconds with a point.",
            ) from error
        if not 0.0 <= label.start_s < label.end_s < float("inf"):
            raise CaseError(
                f"Line {number} of the label file {file} ends where it starts, or before.", "Correct its times."
            )
        earlier, name = first.setdefault(label.name.casefold(), (number, label.name))
        if name != label.name:
            raise CaseError(
                f"Lines {earlier} and {number} of the label file {file} name the speakers {name!r} and {label.name!r}, "
                "which differ in capital letters alone.",
                "Write one speaker's name in one way, and two speakers' names in two.",
            )
        labels.append(label)
    return labels


def _rttm_line(line: str) -> _Label:
    fields = line.split()
    name = fields[_RTTM_FIELDS - 1 :]
    for _ in range(2):  # the confidence, and the look-ahead time of the newer form
        if len(name) > 1 and _is_no_name(name[-1]):
            name.pop()
    is_unsure = len(fields) == _RTTM_FIELDS + 1 and fields[-1].isdecimal()  # "Officer 1", or a speaker and a confidence
    if not name or is_unsure or (len(name) > 1 and len(fields) - len(name) < _RTTM_FIELDS):
        raise ValueError(line)
    start_s = float(fields[3])
    return _Label(fields[1], int(fields[2]), start_s, start_s + float(fields[4]), plain_name(" ".join(name)))


def _is_no_name(field: str) -> bool:
    """Whether a field of RTTM is a confidence, from 0 to 1, or not stated."""
    try:
        return field == "<NA>" or 0.0 <= float(field) <= 1.0
    except ValueError:
        return False


def _track_line(line: str, recording: str) -> _Label:
    start, end, *rest = line.split("\t")
    if len(rest) > 1 and any(part.strip() for part in rest[1:]):
        raise ValueError(line)
    name = plain_name(rest[0]) if rest else ""
    channel = _CHANNEL.match(name)
    return _Label(
        recording, int(channel[1]) if channel else None, float(start), float(end), channel[2] if channel else name
    )


def _called(path: Path) -> tuple[str, ...]:
    """What label files may call a recording."""
    return path.stem, path.name, _without_blanks(path.name), label_name(path.name)


def _fitting(name: str, recordings: Iterable[Path]) -> list[Path]:
    """The recordings of that name; those with its suffix, if there are any, else those without."""
    wanted = plain_name(name)
    fitting = [
        path
        for path in recordings
        if wanted in {plain_name(each) for each in _called(path)} and path.suffix.lower() not in SUFFIXES
    ]
    return [path for path in fitting if wanted != plain_name(path.stem)] or fitting


def _recording(name: str, file: Path, chosen: Path, recordings: Sequence[Path]) -> Path | None:
    """The recording of that name; of several, the one in a folder like the label file's."""
    fitting = _fitting(name, recordings)
    if len(fitting) > 1 and chosen.is_dir():
        below = file.parent.relative_to(chosen).parts
        fitting = [path for path in fitting if not below or path.parent.parts[-len(below) :] == below]
    if len(fitting) > 1:
        raise CaseError(
            f"The label file {file} fits several recordings: {fitting[0]} and {fitting[1]}.",
            "Name it after the recording with its suffix, such as call.wav.txt, in a folder like the recording's.",
        )
    return fitting[0] if fitting else None


def _labels(file: Path, sha256: str, lines: Sequence[_Label]) -> Labels:
    names = list(dict.fromkeys(line.name for line in lines))
    turns: dict[int | None, tuple[Turn, ...]] = {}
    for channel in dict.fromkeys(line.channel for line in lines):
        own = sorted((line for line in lines if line.channel == channel), key=lambda line: line.start_s)
        turns[channel] = tuple(
            Turn(line.start_s, line.end_s, 1 + names.index(line.name), name=line.name) for line in own
        )
    return Labels(str(file), sha256, turns, dict(enumerate(names, 1)))
