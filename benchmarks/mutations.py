"""Damaged files by the thousand: none may crash, hang or get lost, and none may be shorter than it was without a word.

    python benchmarks/mutations.py [--files 20000] [--seed 1] [--jobs 2] [--truncations 40]

Every format that can be written is made once, of a synthetic voice of 6 s, and then mutated: bits are turned, bytes
overwritten, left out, doubled, moved or zeroed, numbers in headers replaced, ends cut off, pieces of other formats put
in. Each mutant is decoded with ``audio.damaged`` at "reject" and at "use". ``--truncations`` cuts each format at so
many places as well. Printed are the outcomes by format; each fault is named with what makes it again.
"""

import argparse
import collections
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from factories import FORMATS, write_format

from forensic.audio.decode import open_recording
from forensic.errors import RecordingError, WorkerError
from forensic.settings import AudioSettings

_SECONDS = 6.0
_OFF = 0.05
_SLOW_S = 60.0
_LEAST_S = 0.6
_RATES_HZ = frozenset({8_000, 16_000, 48_000})  # of the originals; nothing shows that a header states a wrong one
_NO_LENGTH = frozenset({"adts aac", "amr"})  # frames, one after the other, and nothing that counts them
_FAULTS = ("crash", "unexpected", "slow", "silently shorter or longer")


def main() -> None:
    """Mutate, decode, count, print."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        originals = {
            name: write_format(_made(Path(folder) / str(number)), name).read_bytes()
            for number, name in enumerate(FORMATS)
        }
    tasks = [*_truncations(originals, options.truncations), *_mutations(options.files, options.seed)]
    began = time.monotonic()
    counts: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    faults: list[str] = []
    with multiprocessing.get_context("forkserver").Pool(options.jobs, _start, (originals,)) as pool:
        for name, outcome, what in pool.imap_unordered(_outcome, tasks, chunksize=8):
            counts[name][outcome] += 1
            if outcome in _FAULTS:
                faults.append(f"{outcome}: {what}")
                print(faults[-1], flush=True)
    print_table(counts)
    print(
        f"\n{len(tasks):,} files decoded in {time.monotonic() - began:.0f} s, seed {options.seed}: {len(faults)} faults"
    )
    if faults:
        raise SystemExit(1)


def print_table(counts: dict[str, collections.Counter[str]]) -> None:
    """Outcomes by format."""
    outcomes = sorted({outcome for own in counts.values() for outcome in own})
    print("\nformat".ljust(16) + "".join(outcome.rjust(len(outcome) + 2) for outcome in outcomes))
    for name, own in counts.items():
        print(name.ljust(15) + "".join(str(own[outcome]).rjust(len(outcome) + 2) for outcome in outcomes))


def mutant(originals: dict[str, bytes], name: str, seed: int) -> bytes:
    """A mutated file of a format; the same seed makes the same."""
    rng = random.Random(f"{name}/{seed}")  # noqa: S311 - no secret
    data = bytearray(originals[name])
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        _mutate(data, rng, originals)
    return bytes(data)


def _mutate(data: bytearray, rng: random.Random, originals: dict[str, bytes]) -> None:
    if not data:
        return
    size = len(data)
    place = rng.randrange(min(size, 400)) if rng.random() < 0.5 else rng.randrange(size)
    length = min(size - place, rng.choice((1, 2, 4, 20, 200, 2_000, size // 4)))
    kind = rng.randrange(9)
    if kind == 0:
        data[place] ^= 1 << rng.randrange(8)
    elif kind == 1:
        data[place : place + length] = rng.randbytes(length)
    elif kind == 2:
        del data[place : place + length]
    elif kind == 3:
        data[place:place] = data[place : place + length]
    elif kind == 4:
        data[place : place + length] = bytes(length)
    elif kind == 5:
        number = rng.choice((0, 1, 0x7FFFFFFF, 0xFFFFFFFF, rng.randrange(1 << 32), size, size // 2, 2 * size))
        data[place : place + 4] = number.to_bytes(4, rng.choice(("little", "big")))
    elif kind == 6:
        del data[place:]
    elif kind == 7:
        part = bytes(data[place : place + length])
        del data[place : place + length]
        other = rng.randrange(max(1, len(data)))
        data[other:other] = part
    else:
        other_file = originals[rng.choice(sorted(originals))]
        data[place:] = other_file[rng.choice((0, rng.randrange(len(other_file)))) :]


Task = tuple[str, str, int, str]  # format, "mutation" or "truncation", seed or size, audio.damaged


def _mutations(files: int, seed: int) -> Iterator[Task]:
    names = sorted(FORMATS)
    for index in range(files // 2):
        for damaged in ("reject", "use"):
            yield names[index % len(names)], "mutation", seed * 1_000_000 + index, damaged


def _truncations(originals: dict[str, bytes], places: int) -> Iterator[Task]:
    for name, data in originals.items():
        for place in range(places):
            for damaged in ("reject", "use"):
                yield name, "truncation", len(data) * place // places, damaged


_originals: dict[str, bytes] = {}


def _start(originals: dict[str, bytes]) -> None:
    _originals.update(originals)


def _outcome(task: Task) -> tuple[str, str, str]:
    """What became of one file: format, outcome, and what makes it again."""
    name, kind, number, damaged = task
    data = mutant(_originals, name, number) if kind == "mutation" else _originals[name][:number]
    what = f"{name}, {kind} {number}, {damaged}"
    began = time.monotonic()
    with tempfile.NamedTemporaryFile(suffix=Path(FORMATS[name][0]).suffix) as file:
        file.write(data)
        file.flush()
        outcome, detail = _decoded(Path(file.name), damaged)
    if outcome == "silently shorter or longer" and (name in _NO_LENGTH or (name == "mp3" and b"Info" not in data[:99])):
        outcome = "cut between frames"  # nothing in such a file could show it
    if time.monotonic() - began > _SLOW_S:
        outcome, detail = "slow", f"{time.monotonic() - began:.0f} s"
    return name, outcome, f"{what}: {detail}"


def _decoded(path: Path, damaged: str) -> tuple[str, str]:  # noqa: PLR0911 - an outcome each
    lengths: dict[int, float] = {}
    try:
        with open_recording(path, AudioSettings(damaged=damaged)) as recording:
            for block in recording.blocks():
                lengths[block.channel] = lengths.get(block.channel, 0.0) + block.duration_s
            notes, rate_hz = recording.notes, recording.audio_format.sample_rate_hz
    except WorkerError as error:
        return "crash", str(error)
    except RecordingError as error:
        return ("unexpected", str(error)) if getattr(error, "__notes__", ()) else ("rejected", "")
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return "unexpected", repr(error)
    longest = max(lengths.values())
    if longest < _LEAST_S:
        return "rejected", ""  # a scan finds too little speech in it
    if notes:
        return "accepted with a note", ""
    if abs(longest - _SECONDS) > _OFF * _SECONDS:
        return "silently shorter or longer" if rate_hz in _RATES_HZ else "another rate stated", f"{longest:.2f} s"
    return "accepted", ""


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=20_000, help="How many are decoded, half of them in either mode.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--truncations", type=int, default=40, help="Places at which each format is cut off.")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
