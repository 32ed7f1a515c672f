"""What kills, changed bytes, a rerun and a machine without a network do to a case.

    python benchmarks/provable.py kills [--number 200] [--seed 1]
    python benchmarks/provable.py bytes
    python benchmarks/provable.py rerun [--case CASE]
    python benchmarks/provable.py no-network
    python benchmarks/provable.py [cost]

``kills`` stops scan, compare, link, validate and seal at random moments, then runs each to its end: nothing may be
lost, nothing may be there half. ``bytes`` changes one byte in each file of a case and of the release, and counts how
many are found before an LR. ``rerun`` computes the last comparison again. ``no-network`` runs everything in a network
namespace without interfaces. ``cost`` measures what the checks take of a comparison. The exit code is 1 where one does
not hold.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "synthetic"
FORENSIC = (sys.executable, "-m", "forensic")
ENVIRONMENT = os.environ | {"FORENSIC_PASSPHRASE": "a passphrase", "OMP_NUM_THREADS": "1"}
_DONE = (0, 3)  # 3: done, but some recordings were rejected, as the example has them


def main() -> None:
    """Run one of the experiments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="cost", choices=["kills", "bytes", "rerun", "no-network", "cost"])
    parser.add_argument("--number", type=int, default=200, help="of kills")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    parser.add_argument("--case", type=Path, help="whose last comparison is computed again; default: the example's")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        experiments = {
            "kills": lambda: kills(work, options.number, options.seed),
            "bytes": lambda: changed_bytes(work),
            "rerun": lambda: rerun(work, options.case),
            "no-network": lambda: no_network(work),
            "cost": lambda: cost(work),
        }
        is_right = experiments[options.what]()
    raise SystemExit(0 if is_right else 1)


def run(*arguments: str | Path, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """A command of ours, with all that it prints."""
    command = [*before, *FORENSIC, *map(str, arguments)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=ENVIRONMENT, cwd=ROOT)


def example(work: Path) -> tuple[Path, Path, Path]:
    """A small case's recordings: two questioned, one suspect of two; and where its case will be."""
    questioned, suspects = work / "questioned", work / "suspects"
    questioned.mkdir()
    for name in ("voicemail 12 April.amr", "message 17 April.opus"):
        shutil.copy(EXAMPLE / "questioned" / name, questioned)
    for name in ("adler", "carver"):
        shutil.copytree(EXAMPLE / "suspects" / name, suspects / name)
    return questioned, suspects, work / "case"


def scanned_and_compared(work: Path) -> tuple[Path, Path, Path]:
    """The small case, scanned and compared."""
    questioned, suspects, case = example(work)
    for command in (("scan", questioned, "--case", case), ("compare", "--ref", suspects, "--case", case)):
        done = run(*command, "--workers", "1")
        if done.returncode not in _DONE:
            raise SystemExit(done.stdout + done.stderr)
    return questioned, suspects, case


def kills(work: Path, number: int, seed: int) -> bool:
    """Kill each command at moments drawn over its length, and see what the next one finds."""
    moments = random.Random(seed)  # noqa: S311 - moments, not secrets
    questioned, suspects, case = scanned_and_compared(work)
    key, scores = work / "key", work / "scores.csv"
    run("keys", "new", "--out", key)
    scores.write_text(_scores(), encoding="utf-8")
    copy, out = work / "killed", work / "validation"
    scan = ("scan", questioned, "--case", copy, "--workers", "1")
    compare = ("compare", "--ref", suspects, "--case", copy, "--workers", "1")
    result = next((case / "comparisons").iterdir()).name
    commands: dict[str, tuple[str | Path, ...]] = {
        "scan": scan,
        "compare": compare,
        "link": ("link", "--case", copy, "--workers", "1"),
        "validate": ("validate", "--scores", scores, "--out", out),
        "seal": ("seal", copy / "comparisons" / result, "--key", key),
    }
    to_the_end = {"scan": (scan, compare), "compare": (compare,), "link": (compare,)}
    lengths: dict[str, float] = {}
    counts: Counter[str] = Counter()
    faults: list[str] = []
    for turn in range(number):
        name = list(commands)[turn % len(commands)]
        command = commands[name]
        if name not in lengths:
            _fresh(case, copy, out, is_new=name == "scan")
            began = time.monotonic()
            run(*command)
            lengths[name] = time.monotonic() - began
        _fresh(case, copy, out, is_new=name == "scan")
        killed = _killed(command, moments.uniform(0.1, 0.8) * lengths[name])
        counts[f"{name}, {'killed' if killed else 'ended before'}"] += 1
        found = [*_half(copy, out), *_ends_well(to_the_end.get(name, (command,)))]
        if name in to_the_end and comparisons_of(copy) != comparisons_of(case):
            found.append("the LRs differ from those of a case that was never killed")
        if name != "validate" and (audited := run("audit", copy)).returncode:
            found.append(audited.stdout)
        faults += [f"{name}, kill {turn}: {fault}" for fault in found]
    print("\n".join(f"{count:4} {what}" for what, count in sorted(counts.items())))
    print(f"{number} kills, {len(faults)} faults", *faults[:20], sep="\n")
    return not faults


def _fresh(case: Path, copy: Path, out: Path, *, is_new: bool) -> None:
    shutil.rmtree(copy, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    if not is_new:
        shutil.copytree(case, copy)


def _ends_well(commands: Sequence[tuple[str | Path, ...]]) -> Iterator[str]:
    """What the commands complain of, run to their end; sealing what is sealed is right."""
    for command in commands:
        done = run(*command)
        if done.returncode not in _DONE and "sealed already" not in done.stderr:
            yield done.stderr


def _scores() -> str:
    draws = random.Random(7)  # noqa: S311 - scores, not secrets
    lines = ["speaker_known,speaker_questioned,same_speaker,score"]
    people = [f"p{index}" for index in range(25)]
    for first in people:
        for second in people:
            same = first == second
            lines.append(f"{first},{second},{str(same).lower()},{draws.gauss(2.0 if same else 0.0, 1.0):.4f}")
    return "\n".join(lines) + "\n"


def _killed(command: tuple[str | Path, ...], after_s: float) -> bool:
    """Start a command and kill it with all its children; whether it was still running."""
    process = subprocess.Popen(
        [*FORENSIC, *map(str, command)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd=ROOT,
        start_new_session=True,
    )
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False


def _half(case: Path, out: Path) -> Iterator[str]:
    """Folders that look like results and are not whole."""
    needed = {"comparisons": {"report.pdf", "report.html", "results.json"}, "links": {"report.pdf", "results.json"}}
    for kind, names in needed.items():
        for folder in (case / kind).glob("[!.]*") if (case / kind).exists() else ():
            if missing := names - {path.name for path in folder.iterdir()}:
                yield f"{kind}/{folder.name} lacks {', '.join(sorted(missing))}"
    if (out / "report.pdf").exists() and not (out / "validation.json").exists():
        yield "the validation has a report without its data"


def comparisons_of(case: Path) -> list[tuple[object, ...]]:
    """The rows of the last comparison that have an LR."""
    import polars as pl

    folders = sorted((case / "comparisons").glob("[!.]*"), key=lambda path: path.stat().st_mtime)
    if not folders:
        return []
    table = pl.read_parquet(folders[-1] / "comparisons.parquet")
    names = ["questioned_sha256", "channel", "turn", "suspect", "log10_lr", "log10_lr_low", "log10_lr_high"]
    return sorted(table.select(names).rows(), key=str)


def changed_bytes(work: Path) -> bool:
    """Change one byte in each file of a case and of the release; compare must stop, or audit must find it."""
    _, _, case = scanned_and_compared(work)
    run("link", "--case", case, "--workers", "1")
    installed = work / "installed"
    shutil.copytree(ROOT / "forensic", installed / "forensic", ignore=shutil.ignore_patterns("__pycache__"))
    for kind in ("models", "templates"):
        shutil.copytree(ROOT / kind, installed / kind)
    found: Counter[str] = Counter()
    passed: list[str] = []
    for path in sorted(path for path in case.rglob("*") if path.is_file() and path.name != ".lock"):
        name = path.relative_to(case).as_posix()
        found[_found(path, lambda: _stops(case), lambda: bool(run("audit", case).returncode), name, passed)] += 1
    check = (sys.executable, "-c", "from forensic.storage.release import check_release; check_release()")
    for kind in ("models", "templates"):
        for path in sorted(path for path in (installed / kind).rglob("*") if path.is_file()):
            name = path.relative_to(installed).as_posix()

            def stops() -> bool:
                return bool(subprocess.run(check, check=False, capture_output=True, cwd=installed).returncode)

            found[_found(path, stops, lambda: False, name, passed)] += 1
    for what, count in sorted(found.items()):
        print(f"{count:4} {what}")
    print("Not found:", ", ".join(passed) or "none")
    return set(passed) <= {"case.toml"}


def _stops(case: Path) -> bool:
    """Whether a comparison stops before it changes anything; opening the case is what checks it."""
    code = "import sys; from pathlib import Path; from forensic.case.folder import open_case\n"
    code += "with open_case(Path(sys.argv[1]), create=False) as case: case.check_evidence()"
    return bool(
        subprocess.run((sys.executable, "-c", code, case), check=False, capture_output=True, cwd=ROOT).returncode
    )


def _found(path: Path, stops: Callable[[], bool], audits: Callable[[], bool], name: str, passed: list[str]) -> str:
    content = path.read_bytes()
    times = path.stat()
    place = len(content) // 2
    try:
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :] if content else b"x")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        if stops():
            return "found before an LR"
        if audits():
            return "found by forensic audit"
        passed.append(name)
        return "not found"
    finally:
        path.write_bytes(content)


def rerun(work: Path, case: Path | None) -> bool:
    """Compute the last comparison again, and compare LR by LR."""
    if case is None:
        _, _, case = scanned_and_compared(work)
    done = run("audit", case, "--rerun", "--json")
    found = json.loads(done.stdout)
    equal = sum(row["is_equal"] for row in found["repeated"])
    issued = sum(row["then"] is not None for row in found["repeated"])
    print(f"{found['id']}: {equal} of {len(found['repeated'])} rows equal to the bit, {issued} of them with an LR")
    print("\n".join([*found["obstacles"], *found["notes"]]))
    return bool(found["is_equal"])


def no_network(work: Path) -> bool:
    """Scan, compare, link, verify, seal and audit where there is no network, not even to the machine itself."""
    questioned, suspects, case = example(work)
    alone = ("unshare", "--user", "--map-root-user", "--net")
    interfaces = subprocess.run((*alone, "cat", "/proc/net/dev"), check=True, capture_output=True, text=True).stdout
    print("interfaces:", ", ".join(line.split(":")[0].strip() for line in interfaces.splitlines()[2:]), "(down)")
    one = next(questioned.iterdir())
    known = next(path for path in suspects.rglob("*") if path.is_file())
    steps: list[tuple[str | Path, ...]] = [
        ("scan", questioned, "--case", case),
        ("compare", "--ref", suspects, "--case", case),
        ("link", "--case", case),
        ("verify", one, known),
        ("language", one),
        ("keys", "new", "--out", work / "key"),
        ("audit", case, "--rerun"),
        ("audit", case),
    ]
    is_right = True
    for step in steps:
        done = run(*step, before=alone)
        is_right &= done.returncode in _DONE
        print(f"exit code {done.returncode}: forensic {step[0]}", "" if done.returncode in _DONE else done.stderr)
    sealed = run("seal", next((case / "comparisons").iterdir()), "--key", work / "key", before=alone)
    print(f"exit code {sealed.returncode}: forensic seal", sealed.stderr)
    return is_right and sealed.returncode == 0


def cost(work: Path) -> bool:
    """Processor seconds of the checks, and of a comparison of the whole example."""
    case = work / "case"
    run("scan", EXAMPLE / "questioned", "--case", case)
    before = os.times()
    run("compare", "--ref", EXAMPLE / "suspects", "--case", case, "--workers", "1")
    after = os.times()
    whole = after.children_user + after.children_system - before.children_user - before.children_system
    code = (
        "import time, sys; from pathlib import Path; from forensic.case.binding import Binding\n"
        "from forensic.storage.release import check_release\n"
        "began, case = time.process_time(), Path(sys.argv[1])\n"
        "check_release(); Binding(case, case / 'audit.jsonl').check(); print(time.process_time() - began)"
    )
    checks = float(subprocess.run((sys.executable, "-c", code, case), check=True, capture_output=True, cwd=ROOT).stdout)
    print(f"checks {checks:.3f} s, comparison {whole:.1f} s of processor time: {100 * checks / whole:.2f} %")
    return checks < 0.02 * whole


if __name__ == "__main__":
    main()
