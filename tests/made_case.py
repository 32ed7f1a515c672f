"""The evidence of a small case without any audio: embeddings of made-up voices, as a scan would leave them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from forensic.case.reference import Suspect
from forensic.case.store import SCHEMAS

SIZE = 12
"""Of an embedding, that of the tiny model."""

STRETCHES = 5
"""Of speech, in each turn of a recording."""

_VOICES = 6


@dataclass(frozen=True, slots=True)
class Made:
    """A recording.

    Attributes:
        side: "questioned" or "reference".
        voices: who speaks, by number; each is a turn where there are several.
        net_speech_s: of each.
        snr_db: of each.
        language: that was named, or none.
        copy_of: name of the recording whose bytes it has.
    """

    side: str
    voices: tuple[int, ...]
    net_speech_s: float
    snr_db: float
    language: str | None = None
    copy_of: str | None = None


RECORDINGS = {
    "call 1.wav": Made("questioned", (3,), 12.0, 21.0, "en"),
    "call 2.wav": Made("questioned", (5, 4), 28.0, 18.0, "en"),
    "copy of voicemail.wav": Made("questioned", (3,), 24.0, 28.0, "en", copy_of="voicemail.wav"),
    "hearing.wav": Made("reference", (4,), 80.0, 33.0, "de"),
    "interview.wav": Made("reference", (3,), 65.0, 30.0, "en"),
    "noisy.wav": Made("questioned", (4,), 9.0, -12.0),
    "short.wav": Made("questioned", (3,), 1.2, 20.0),
    "voicemail.wav": Made("reference", (3,), 24.0, 28.0, "en"),
}
"""Two calls that can be compared, one of two speakers, and three recordings that cannot."""

SUSPECTS = (
    Suspect("Anna", (Path("/calls/interview.wav"), Path("/calls/voicemail.wav"))),
    Suspect("Ben", (Path("/calls/hearing.wav"),)),
)


def evidence(model_sha256, settings_sha256, recordings=None):
    """Rows by table.

    Args:
        model_sha256: of the model that would have made the embeddings.
        settings_sha256: of the scan's settings.
        recordings: by name; by default ``RECORDINGS``.
    """
    rng = np.random.default_rng(7)
    voices = rng.normal(size=(_VOICES, SIZE))
    recordings = RECORDINGS if recordings is None else recordings
    sha256 = {name: f"{number:02x}" * 32 for number, name in enumerate(recordings)}
    rows = {table: [] for table in SCHEMAS}

    def add(table, **values):
        rows[table].append(dict.fromkeys(SCHEMAS[table]) | values)

    for name, made in recordings.items():
        own = sha256[made.copy_of or name]
        add("files", path=f"/calls/{name}", sha256=own, size_bytes=1, modified_ns=0, side=made.side, status="audio")
        if made.copy_of:
            continue
        key = {"sha256": own, "model_sha256": model_sha256, "settings_sha256": settings_sha256, "labels_sha256": ""}
        add("recordings", **key, container="wav", codec="pcm", duration_s=90.0, channels=1)
        for turn, voice in enumerate(made.voices, 1):
            place = {"channel": 0, "turn": turn if len(made.voices) > 1 else 0}
            noise = 0.4 * (60 / made.net_speech_s) ** 0.5 * rng.normal(size=(STRETCHES, SIZE))
            parts = [_unit(voices[voice] + each) for each in noise]
            add("embeddings", **key, **place, windows=10 * STRETCHES, embedding=_unit(np.mean(parts, axis=0)))
            for segment, part in enumerate(parts):
                start_s = 15.0 * segment
                stretch = {"start_s": start_s, "end_s": start_s + made.net_speech_s / STRETCHES, "windows": 10}
                add("segments", **key, **place, **stretch, segment=segment, embedding=part)
            add("quality", **key, **place, **_quality(made))
            if made.language:
                heard = {"language": made.language, "probability": 0.9, "speech_s": made.net_speech_s}
                add("language", **key, **place, **heard, answer="named")
    return {table: pl.DataFrame(part, SCHEMAS[table], orient="row") for table, part in rows.items()}


def _quality(made):
    measured = {
        "speakers": len(made.voices),
        "speaker_name": "",
        "duration_s": 90.0,
        "net_speech_s": made.net_speech_s,
        "snr_db": made.snr_db,
        "c50_db": 13.0,
        "clipped_share": 0.0,
    }
    if made.side == "reference":
        return measured | {"bandwidth_hz": 7_900.0, "low_edge_hz": 80.0}
    return measured | {"bandwidth_hz": 3_400.0, "low_edge_hz": 280.0}


def _unit(vector):
    """Of length 1, as Parquet takes it."""
    return (vector / np.linalg.norm(vector)).astype(np.float32).tolist()
