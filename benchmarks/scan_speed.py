"""What a scan costs in processor time, side by side with the peer on the same files.

    python benchmarks/scan_speed.py [--speech FOLDER] [--minutes 20] [--runs 3] [--cores 1] [--json FILE] [--plot FILE]

Ours decodes, detects speech, measures quality, looks for several speakers, embeds, classifies the language and stores
evidence; the peer (Resemblyzer 0.1.4) loads, trims silence and embeds. Both run as whole processes of one thread each
on the same cores, in turn (ours, peer, ours, peer ...), start-up included, on WAV files of 16 kHz. Counted is the
processor time of every process that either starts; by it, a second process on a second core wins nothing. With several
cores, ours has as many workers, and the peer as many processes, each with its share of the files.

Two sets of files: short recordings as they are, and long ones, all recordings of a speaker one after the other. Two
ways of scanning: the default, and without languages and separation of speakers (``--speakers 1``), which is nearest to
what the peer does. Several ``--minutes`` show whether an hour costs the same in a larger set.
"""

import argparse
import csv
import json
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from _peer import peer_python
from _processor_time import ONE_THREAD, Taken, taken_by
from _wav import write_wav

from forensic.audio.sources import read_samples
from forensic.speaker.extractor import default_model_folder

_PEER = """
import sys
import torch
from resemblyzer import VoiceEncoder, preprocess_wav
torch.set_num_threads(1)
encoder = VoiceEncoder("cpu", verbose=False)
for path in sys.argv[1:]:
    encoder.embed_utterance(preprocess_wav(path))
"""
_WITHOUT_LANGUAGE = "[language]\nidentify = false\n"
_DEFAULT, _PLAIN = "default", "one speaker, no language"
_SOME_REJECTED = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One set of files, scanned in one way.

    Attributes:
        files: "long" or "short".
        scan: the way of scanning.
        recordings: number of files.
        audio_s: seconds of audio.
        ours_s, peer_s: processor seconds of each counted run.
    """

    files: str
    scan: str
    recordings: int
    audio_s: float
    ours_s: tuple[float, ...]
    peer_s: tuple[float, ...]

    @property
    def ours_an_hour(self) -> float:
        """Processor seconds an hour of audio, median of the runs."""
        return 3600 * statistics.median(self.ours_s) / self.audio_s

    @property
    def peer_an_hour(self) -> float:
        """The same of the peer."""
        return 3600 * statistics.median(self.peer_s) / self.audio_s

    @property
    def ratios(self) -> list[float]:
        """Peer by ours, run by run."""
        return [peer / own for own, peer in zip(self.ours_s, self.peer_s, strict=True)]


def main() -> None:
    """Make the files, time both, print the table."""
    options = _options()
    python = peer_python(options.work / "peer")
    rows = [
        row for name in options.files for minutes in options.minutes for row in measure(name, minutes, options, python)
    ]
    for line in table(rows):
        print(line)
    if options.json:
        facts = {"processor": _processor(), "cores": options.cores, "model": options.model.name}
        means = [asdict(row) | {"ratio": statistics.median(row.ratios)} for row in rows]
        options.json.write_text(json.dumps(facts | {"rows": means}, indent=1) + "\n")
    if options.plot:
        draw(rows, options.plot)


def measure(name: str, minutes: float, options: argparse.Namespace, python: Path) -> list[Row]:
    """Time both on one set of files."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        seconds = write_files(options.speech, folder / "files", 60 * minutes, is_joined=name == "long")
        paths = sorted(str(path) for path in (folder / "files").iterdir())
        (folder / "settings.toml").write_text(_WITHOUT_LANGUAGE)
        ways = {_DEFAULT: (), _PLAIN: ("--speakers", "1", "--settings", str(folder / "settings.toml"))}
        shares = [paths[first :: options.cores] for first in range(options.cores)]
        peer = [[str(python), "-W", "ignore", "-c", _PEER, *share] for share in shares]
        ours_s: dict[str, list[float]] = {way: [] for way in ways}
        peer_s = []
        for run in range(options.runs + 1):  # the first warms up
            for way, more in ways.items():
                taken = scan(folder, more, options)
                ours_s[way].append(taken.processor_s)
            peer_s.append(taken_by(peer, options.cores, ONE_THREAD).processor_s)
            own = ", ".join(f"{way} {times[-1]:.1f} s" for way, times in ours_s.items())
            print(f"{name}, {seconds / 60:.0f} min, run {run}: {own}, peer {peer_s[-1]:.1f} s", flush=True)
    return [Row(name, way, len(paths), seconds, tuple(times[1:]), tuple(peer_s[1:])) for way, times in ours_s.items()]


def scan(folder: Path, more: Sequence[str], options: argparse.Namespace) -> Taken:
    """Scan the files into a new case."""
    case = folder / "case"
    command = [sys.executable, "-m", "forensic", "scan", str(folder / "files"), "--case", str(case)]
    command += ["--model", str(options.model), "--workers", str(options.cores), *more]
    taken = taken_by([command], options.cores, ONE_THREAD, fine=(0, _SOME_REJECTED))
    shutil.rmtree(case)
    return taken


def table(rows: Sequence[Row]) -> list[str]:
    """The rows as a Markdown table."""
    head = "| Files | Minutes | Scan | forensic, s an hour | Resemblyzer, s an hour | peer / ours |"
    lines = [head, "|---|---|---|---|---|---|"]
    for row in rows:
        low, middle, high = min(row.ratios), statistics.median(row.ratios), max(row.ratios)
        lines.append(
            f"| {row.recordings} {row.files} | {row.audio_s / 60:.0f} | {row.scan} | {row.ours_an_hour:.0f} | "
            f"{row.peer_an_hour:.0f} | {middle:.2f} ({low:.2f} to {high:.2f}) |"
        )
    return lines


def draw(rows: Sequence[Row], path: Path) -> None:
    """Bars of processor seconds an hour of audio."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 0.6 * len(rows) + 1.2), layout="constrained")
    places = np.arange(len(rows))
    axes.barh(places - 0.2, [row.ours_an_hour for row in rows], 0.4, label="forensic", color="#1f5f8b")
    axes.barh(places + 0.2, [row.peer_an_hour for row in rows], 0.4, label="Resemblyzer 0.1.4", color="#b0b0b0")
    axes.set_yticks(places, [f"{row.files}, {row.audio_s / 60:.0f} min\n{row.scan}" for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("processor seconds an hour of audio, on one core")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path)


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


def _processor() -> str:
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    has = [name for name in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16") if f" {name} " in flags]
    return f"{platform.machine()} with {', '.join(has)}" if has else platform.machine()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--minutes", type=float, nargs="+", default=[20.0], help="of audio, about")
    parser.add_argument("--files", nargs="+", default=["long", "short"], choices=("long", "short"), help="which sets")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each")
    parser.add_argument("--cores", type=int, default=1, help="that each may use")
    parser.add_argument("--model", type=Path, default=default_model_folder(), help="model folder of ours")
    parser.add_argument("--json", type=Path, help="file for all figures")
    parser.add_argument("--plot", type=Path, help="file for a plot")
    parser.add_argument("--work", type=Path, default=Path("work"), help="folder of the peer's environment")
    return parser.parse_args()


if __name__ == "__main__":
    main()
