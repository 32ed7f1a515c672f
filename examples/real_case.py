"""Lay out a case of real speech from a corpus that has a folder of recordings for each speaker.

    python examples/real_case.py CORPUS OUT --speakers 0024 0306 0457 0461 0567

LibriSpeech (dev-clean; CC BY 4.0) and speechocean762 (free use) are such corpora; both are at https://www.openslr.org.
The first four speakers are the suspects; the fifth is a stranger. Of each suspect the first half of the recordings
becomes the interview; the second half of the first two, and of the stranger, becomes what is questioned. OUT has::

    suspects/NAME/interview.wav     as the corpus has it
    questioned/call 3 March.amr     the first suspect, over a mobile telephone: AMR-NB 12.2 kbit/s
    questioned/message 4 March.opus the second suspect, a voice message: Opus 16 kbit/s
    questioned/call 6 March.amr     the stranger, over a mobile telephone
    truth.csv                       who speaks in each
    case/case.toml                  the case in words, for the report
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
from scipy.io import wavfile

from forensic.audio.codec import Codec, at_codec_rate, encode
from forensic.audio.sources import read_samples
from forensic.records import SAMPLE_RATE_HZ, Samples

SUSPECTS = ("Albrecht", "Bauer", "Conrad", "Dietrich")
"""Invented names: the corpora's speakers stay anonymous."""

QUESTIONED = (
    ("call 3 March.amr", 0, Codec("AMR-NB", 12_200)),
    ("message 4 March.opus", 1, Codec("Opus", 16_000)),
    ("call 6 March.amr", 4, Codec("AMR-NB", 12_200)),
)
"""File, number of the speaker who speaks in it, and how it was recorded."""

INTERVIEW_S, QUESTIONED_S = 60.0, 25.0
_PAUSE = np.zeros(round(0.4 * SAMPLE_RATE_HZ), np.float32)

CASE = """\
# The case of examples/real_case.py: real speech of a public corpus, invented names and circumstances.

reference = "2026-0147"
title = "Voices in two calls and a voice message"
laboratory = "Example laboratory, audio section"
customer = "Example court"
examiner = ""
reviewer = ""

questions = [
    {text = "Does Albrecht, Bauer, Conrad or Dietrich speak in the calls?", questioned = ["call*"]},
    {text = "Does one of them speak in the voice message of 4 March?", questioned = ["message*"]},
]

information_received = \"\"\"
Interviews of four suspects, recorded with a microphone; two calls and a voice message, all in English.
\"\"\"

[relevant_population]
description = \"\"\"
Adults, since the voices are those of adults. Nothing else is known of whom the callers are.
\"\"\"
"""


def main() -> None:
    """Lay the case out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="folder with a folder of recordings for each speaker")
    parser.add_argument("out", type=Path, help="new folder of the case")
    parser.add_argument("--speakers", nargs=5, required=True, help="five folders, or how their names end")
    options = parser.parse_args()
    if options.out.exists():
        sys.exit(f"Error: {options.out} is there already.\nTry: name a new folder.")
    speakers = [recordings(options.corpus, name) for name in options.speakers]
    for name, paths in zip(SUSPECTS, speakers, strict=False):
        folder = options.out / "suspects" / name
        folder.mkdir(parents=True)
        samples = joined(paths[: len(paths) // 2], INTERVIEW_S)
        wavfile.write(folder / "interview.wav", SAMPLE_RATE_HZ, np.round(samples * 32767).astype(np.int16))
    (options.out / "questioned").mkdir()
    for file, who, codec in QUESTIONED:
        samples = joined(speakers[who][len(speakers[who]) // 2 :], QUESTIONED_S)
        (options.out / "questioned" / file).write_bytes(encode(at_codec_rate(samples, codec), codec))
    (options.out / "case").mkdir()
    (options.out / "case" / "case.toml").write_text(CASE, encoding="utf-8")
    with (options.out / "truth.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("recording", "speaker", "speaker of the corpus"))
        for name, who, _codec in QUESTIONED:
            writer.writerow((name, [*SUSPECTS, "a stranger"][who], options.speakers[who]))
    print(f"{len(SUSPECTS)} suspects and {len(QUESTIONED)} questioned recordings are in {options.out}")


def recordings(corpus: Path, speaker: str) -> list[Path]:
    """The recordings of a speaker, in the order of their names."""
    folders = [path for path in corpus.iterdir() if path.is_dir() and path.name.endswith(speaker)]
    if len(folders) != 1:
        sys.exit(
            f"Error: {len(folders)} folders in {corpus} end with {speaker}.\nTry: name one of its folders in full."
        )
    found = sorted(path for path in folders[0].rglob("*") if path.suffix.lower() in {".wav", ".flac", ".opus", ".mp3"})
    if len(found) < 2:
        sys.exit(f"Error: {folders[0]} has fewer than two recordings.\nTry: choose another speaker.")
    return found


def joined(paths: list[Path], longest_s: float) -> Samples:
    """Recordings one after the other, with pauses, up to a length, at one level; shape (n,), 16 kHz."""
    parts: list[Samples] = []
    for path in paths:
        if sum(map(len, parts)) >= longest_s * SAMPLE_RATE_HZ:
            break
        parts += [read_samples(path), _PAUSE]
    samples = np.concatenate(parts)[: round(longest_s * SAMPLE_RATE_HZ)]
    scaled: Samples = 0.5 * samples / max(float(np.abs(samples).max()), 1e-6)
    return scaled


if __name__ == "__main__":
    main()
