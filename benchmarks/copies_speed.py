"""How long the search for copies takes, all recordings of a case against each other.

    python benchmarks/copies_speed.py [--recordings 1000 10000 20000] [--seconds 5 30] [--json FILE]

Fingerprints are random bits, as those of different recordings nearly are; one recording in a hundred is a copy of
another with 15 % of its bits changed. Several amounts show how the time grows with all speech together.
"""

import argparse
import json
import resource
import time
from pathlib import Path

import numpy as np

from forensic.audio.duplicates import find_overlaps
from forensic.audio.fingerprint import FRAMES_PER_S, Fingerprint

_CHANGED = 0.15


def main() -> None:
    """Measure, print, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, nargs="+", default=[1_000, 10_000, 20_000])
    parser.add_argument("--seconds", type=float, nargs="+", default=[5.0, 30.0], help="of speech in each")
    parser.add_argument("--json", type=Path, help="file for all figures")
    options = parser.parse_args()
    rows = []
    for recordings in options.recordings:
        for seconds in options.seconds:
            fingerprints, copies = made(recordings, seconds)
            began = time.process_time()
            found = find_overlaps(fingerprints, range(recordings))
            rows.append(
                {
                    "recordings": recordings,
                    "seconds": seconds,
                    "processor_s": time.process_time() - began,
                    "copies": copies,
                    "pairs_found": len({(one.first, one.second) for one in found}),
                    "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                }
            )
            print(json.dumps(rows[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


def made(recordings: int, seconds: float) -> tuple[list[Fingerprint], int]:
    """Random fingerprints, the last hundredth of them copies of the first; and how many copies there are."""
    random = np.random.default_rng(1)
    frames = round(seconds * FRAMES_PER_S)
    found = [random.integers(1, 1 << 32, frames, dtype=np.uint32) for _ in range(recordings)]
    copies = recordings // 100
    for number in range(copies):
        changed = np.packbits(random.random((frames, 32)) < _CHANGED, axis=1).view(">u4")[:, 0].astype(np.uint32)
        found[-1 - number] = np.maximum(found[number] ^ changed, np.uint32(1))
    return found, copies


if __name__ == "__main__":
    main()
