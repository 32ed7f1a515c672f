"""What a second Ray worker is worth, and how many workers one command can feed.

    python benchmarks/cluster_speed.py [--speech FOLDER] [--minutes 20 180] [--runs 3] [--json FILE]

A cluster of one node and one of two are started on this machine in turn, each node with one processor and pinned to a
core of its own; both scan the same recordings. The first node has the second core to itself. The command shares the
first core with the second node, so two workers gain what is left when it has taken its share; on machines of their own
they have all of their cores.

Few recordings and many are scanned, so that what starting costs can be told from what an hour of audio costs. The
processor time of the command per hour of audio says how many processors one command can feed, since everything that
is not done by workers is done there: hashing, sending batches, making rows and writing them.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self

sys.path.insert(0, str(Path(__file__).parent))

from _processor_time import ONE_THREAD, taken_by
from scan_speed import write_files

_SOME_REJECTED = 3
_MOST = 2  # workers that a command asks for: with one it would do the work itself
_EVERY_S = 0.1
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Make the files, time one worker and two in turn, print, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--minutes", type=float, nargs=2, default=[20.0, 180.0], help="of audio, few and many")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each")
    parser.add_argument("--json", type=Path, help="file for all figures")
    options = parser.parse_args()
    runs = []
    with tempfile.TemporaryDirectory() as temporary:
        folders = [Path(temporary) / name for name in ("few", "many")]
        for folder, minutes in zip(folders, options.minutes, strict=True):
            folder.mkdir()
            runs.append({"audio_s": write_files(options.speech, folder / "files", 60 * minutes, is_joined=True)})
        for each in range(options.runs + 1):  # the first warms up
            for workers in (1, 2):
                for folder, row in zip(folders, runs, strict=True):
                    taken = scanned(folder, workers)
                    for name, value in taken.items() if each else ():
                        row.setdefault(f"{name} of {workers}", []).append(value)
    few, many = runs
    hours = (many["audio_s"] - few["audio_s"]) / 3600

    def an_hour(name: str) -> float:
        return (statistics.median(many[name]) - statistics.median(few[name])) / hours

    figures = {
        "gain": an_hour("wall_s of 1") / an_hour("wall_s of 2"),
        "gain_start_included": statistics.median(
            one / two for one, two in zip(many["wall_s of 1"], many["wall_s of 2"], strict=True)
        ),
        **{f"{name} an hour": an_hour(name) for name in few if name != "audio_s"},
    }
    for name, value in figures.items():
        print(f"{name}: {value:.2f}")
    if options.json:
        options.json.write_text(json.dumps(figures | {"runs": runs}, indent=1) + "\n")


def scanned(folder: Path, workers: int) -> dict[str, float]:
    """Scan all files into a new case on so many nodes of one processor each."""
    case = folder / "case"
    with pinned_nodes(workers) as address, _Watched() as watched:
        command = [sys.executable, "-m", "forensic", "scan", str(folder / "files"), "--case", str(case)]
        command += ["--engine", "ray", "--address", address, "--workers", str(_MOST)]
        taken = taken_by([command], 1, ONE_THREAD, fine=(0, _SOME_REJECTED))
    shutil.rmtree(case)
    row = {
        "wall_s": taken.wall_s,
        "command_s": taken.processor_s,
        "workers_s": sum(watched.processor_s.values()),
    }
    print(f"{folder.name}, {workers}: " + ", ".join(f"{name} {value:.4g}" for name, value in row.items()), flush=True)
    return row


@contextmanager
def pinned_nodes(number: int) -> Iterator[str]:
    """A cluster of so many nodes of one processor, the first of them on the second core; its address."""
    from ray.cluster_utils import Cluster

    os.environ |= ONE_THREAD | {"RAY_USAGE_STATS_ENABLED": "0"}
    cores = sorted(os.sched_getaffinity(0))
    cluster: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    try:
        for core in (cores[1], cores[0])[:number]:
            os.sched_setaffinity(0, [core])  # which what is started inherits
            cluster.add_node(num_cpus=1)
        cluster.wait_for_nodes()
        os.sched_setaffinity(0, cores)
        yield cluster.address
    finally:
        os.sched_setaffinity(0, cores)
        cluster.shutdown()


class _Watched:
    """Sums up what the actors of this machine take; they end without anybody who could be asked for it later.

    Attributes:
        processor_s: user and system time by process.
    """

    def __init__(self) -> None:
        self.processor_s: dict[str, float] = {}
        self._ended = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY_S):
            for path in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    if (path / "cmdline").read_bytes().startswith(b"ray::_Actor"):
                        self.processor_s[path.name] = _processor_s(path)


def _processor_s(process: Path) -> float:
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / _TICKS_A_SECOND


if __name__ == "__main__":
    main()
