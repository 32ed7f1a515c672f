"""``forensic turns``: who speaks when, as it was found or set: to list, to hear, and to correct."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from forensic.audio.excerpt import write_excerpt
from forensic.case.folder import CaseFolder
from forensic.case.labels import label_name, write_labels
from forensic.case.store import EVIDENCE_KEY, stored_path
from forensic.errors import CaseError
from forensic.records import SpeechSegment, Turn
from forensic.report.case.exhibits import common_folder
from forensic.report.shared.labels import channel_label
from forensic.settings import AudioSettings

_UNSAFE = re.compile(r"[^\w .()-]")
"""In the name of a file that any system should take."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One speaker in one channel of a recording.

    Attributes:
        path: of the recording.
        channel: 0 where the channels were mixed.
        number: of the speaker, from 1, the one with the most speech first.
        speakers: how many there are in the channel.
        name: what an examiner calls the speaker; empty where the program found them.
        net_speech_s: speech that the embedding was made from; 0 where there was too little.
        turns: when the speaker speaks, in order; empty where nobody else was found and nothing was set by hand.
        speech: the stretches behind the embedding, in order.
        labels_path: file in which an examiner set the turns; empty where the program found them.
    """

    path: Path
    channel: int
    number: int
    speakers: int
    name: str
    net_speech_s: float
    turns: tuple[Turn, ...]
    speech: tuple[SpeechSegment, ...]
    labels_path: str

    @property
    def label(self) -> str:
        """Which part of the recording it is, such as "channel 2 speaker 1 of 2 (Rossi)"; empty for the whole of it."""
        number = self.number if self.speakers > 1 else 0
        return channel_label("", self.channel, number, self.speakers, self.name).strip()


def find_turns(case: CaseFolder) -> list[Voice]:
    """Every voice of the questioned and known recordings of a case, as the latest scan of each has it.

    Raises:
        CaseError: if nothing was scanned, or a table cannot be read.
    """
    recordings = case.evidence.read("recordings").unique("sha256", keep="last", maintain_order=True)
    if recordings.is_empty():
        raise CaseError("No recording was scanned.", "Run `forensic scan DIR` first.")
    latest = recordings.select("sha256", "model_sha256", "settings_sha256", "labels_sha256", "labels_path")
    key = [name for name in EVIDENCE_KEY if name != "channel"] + ["labels_sha256"]
    quality, segments, turns = (
        case.evidence.read(name).join(latest, on=key, how="inner") for name in ("quality", "segments", "turns")
    )
    files = case.evidence.read("files").filter(pl.col("sha256").is_not_null()).sort("path")
    voices = []
    for path, sha256 in files.select("path", "sha256").iter_rows():
        own = [frame.filter(pl.col("sha256") == sha256) for frame in (quality, segments, turns)]
        voices += _voices_of(stored_path(path), *own)
    return voices


def _voices_of(path: Path, quality: pl.DataFrame, segments: pl.DataFrame, turns: pl.DataFrame) -> list[Voice]:
    voices = []
    measured = {(row["channel"], max(1, row["turn"])): row for row in quality.to_dicts()}
    numbers = dict.fromkeys([*measured, *turns.select("channel", "turn").iter_rows()])
    for channel, number in sorted(numbers):
        row = measured.get((channel, number))
        own = turns.filter(pl.col("channel") == channel, pl.col("turn") == number).sort("start_s").to_dicts()
        voice = row["turn"] if row else number
        speech = segments.filter(pl.col("channel") == channel, pl.col("turn") == voice).sort("start_s")
        facts = row or own[0]
        voices.append(
            Voice(
                path,
                channel,
                number,
                max(1, sum(at == channel for at, _ in numbers)),
                facts["speaker_name"],
                row["net_speech_s"] if row else 0.0,
                tuple(Turn(each["start_s"], each["end_s"], number, name=each["speaker_name"]) for each in own),
                tuple(SpeechSegment(*times) for times in speech.select("start_s", "end_s").iter_rows()),
                facts["labels_path"],
            )
        )
    return voices


def export_turns(voices: Sequence[Voice], folder: Path) -> int:
    """Write the turns as label files, to be corrected and given to ``scan --segments``.

    Args:
        voices: of a case; those without turns are taken to speak wherever there is speech.
        folder: gets ``rttm`` and ``audacity``.

    Returns:
        How many recordings were written.
    """
    by_recording: dict[Path, dict[int, list[Turn]]] = {}
    for voice in voices:
        own = voice.turns or tuple(Turn(each.start_s, each.end_s, voice.number) for each in voice.speech)
        by_recording.setdefault(voice.path, {}).setdefault(voice.channel, []).extend(own)
    below = common_folder([str(path) for path in by_recording])
    for path, turns in by_recording.items():
        ordered = {channel: sorted(own, key=lambda turn: turn.start_s) for channel, own in turns.items()}
        write_labels(folder, str(path).removeprefix(below), ordered)
    return len(by_recording)


def write_voices(
    voices: Sequence[Voice], folder: Path, settings: AudioSettings, watch: Callable[[int, int], None]
) -> list[Path]:
    """Write the speech that was taken for each voice as a WAV file.

    Args:
        voices: of a case; those without speech of their own are left out.
        folder: gets the files; made where it is missing.
        settings: of decoding, as in the scan.
        watch: called with how many are done, and how many there are.

    Raises:
        RecordingError: if a recording cannot be decoded.
    """
    heard = [voice for voice in voices if voice.speech]
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for done, voice in enumerate(heard):
        watch(done, len(heard))
        name = label_name(f"{voice.path.name} {voice.label}".strip())
        out = folder / f"{_UNSAFE.sub('_', name)}.wav"
        if out in written:  # two recordings of one name
            out = out.with_stem(f"{out.stem} {len(written) + 1}")
        write_excerpt(voice.path, voice.channel, voice.speech, out, settings)
        written.append(out)
    return written
