"""How fast a scan is, as a ratio to the peer on the same files in one run.

    python benchmarks/scan_speed.py [--speech FOLDER] [--minutes 30] [--runs 3]

Both are timed as whole processes, start-up included, in turn (ours, peer, ours, peer ...), on WAV files of 16 kHz.
Ours decodes, detects speech, measures quality, embeds and stores evidence; the peer (Resemblyzer 0.1.4) loads, trims
silence and embeds. The peer is installed into an environment of its own.
"""

import argparse
import csv
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from _peer import peer_python
from _wav import write_wav

from forensic.audio.sources import read_samples

_PEER = """
import sys
from pathlib import Path
from resemblyzer import VoiceEncoder, preprocess_wav
encoder = VoiceEncoder("cpu", verbose=False)
for path in sorted(Path(sys.argv[1]).glob("*.wav")):
    encoder.embed_utterance(preprocess_wav(path))
"""


def main() -> None:
    """Make the files, time both, print the table."""
    options = _options()
    python = peer_python(options.work / "peer")
    for name, is_joined in (("short recordings, as they are", False), ("long recordings, one a speaker", True)):
        print(f"\n{name}")
        measure(options, python, is_joined=is_joined)


def measure(options: argparse.Namespace, python: Path, *, is_joined: bool) -> None:
    """Time both on one set of files."""
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "files"
        seconds = write_files(options.speech, files, 60 * options.minutes, is_joined=is_joined)
        count = len(list(files.iterdir()))
        print(f"{count} files, {seconds / 60:.1f} minutes of audio, {options.runs} runs of each after one to warm up")
        ours: list[float] = []
        peers: list[float] = []
        for run in range(options.runs + 1):
            case = Path(folder) / f"case-{run}"
            ours.append(_timed([sys.executable, "-m", "forensic", "scan", str(files), "--case", str(case)]))
            shutil.rmtree(case)
            peers.append(_timed([str(python), "-W", "ignore", "-c", _PEER, str(files)]))
            print(f"  run {run}: ours {ours[-1]:.1f} s, peer {peers[-1]:.1f} s", flush=True)
    ratios = [peer / own for own, peer in zip(ours[1:], peers[1:], strict=True)]
    print(f"{'':10}{'median s':>10}{'times real time':>18}")
    for name, times in (("forensic", ours[1:]), ("peer", peers[1:])):
        print(f"{name:10}{statistics.median(times):10.1f}{seconds / statistics.median(times):18.0f}")
    print(f"ratio: {statistics.median(ratios):.1f} (from {min(ratios):.1f} to {max(ratios):.1f})")


def write_files(speech: Path, folder: Path, seconds: float, *, is_joined: bool) -> float:
    """Write WAV files: a recording each, or all recordings of a speaker one after the other.

    Returns:
        The audio written, in seconds.
    """
    folder.mkdir()
    with (speech / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "population"]
    speakers: dict[str, list[str]] = {}
    for row in rows:
        name = f"{row['corpus']}-{row['speaker']}"
        speakers.setdefault(name if is_joined else f"{name}-{Path(row['path']).stem}", []).append(row["path"])
    written = 0.0
    names = np.random.default_rng(1).permutation(sorted(speakers))
    for name in sorted(names, key=lambda name: -len(speakers[name])):
        paths = speakers[name]
        samples = np.concatenate([read_samples(speech / path) for path in sorted(paths)])
        write_wav(folder / f"{name}.wav", samples)
        written += len(samples) / 16_000
        if written >= seconds:
            break
    return written


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    if done.returncode not in {0, 3}:  # 3: some recordings hold no speech
        raise subprocess.CalledProcessError(done.returncode, command)
    return time.perf_counter() - began


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--minutes", type=float, default=30.0, help="of audio, about")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each")
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of the peer's environment")
    return parser.parse_args()


if __name__ == "__main__":
    main()
