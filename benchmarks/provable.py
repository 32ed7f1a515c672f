"""What kills, changed bytes, a rerun and a machine without a network do to a case.

    python benchmarks/provable.py kills [--number 360] [--seed 1] [--only link]
    python benchmarks/provable.py bytes
    python benchmarks/provable.py rerun [--case CASE]
    python benchmarks/provable.py no-network
    python benchmarks/provable.py [cost]

``kills`` stops every command that writes results (scan, compare, link, report, seal, validate, calibrate, population
build, train) at random moments, then runs each to its end: nothing may be lost, nothing may be there half, and what
comes out is what comes out without a kill; benchmarks/results/kills.json has the counts. ``bytes`` changes one byte in
each file of a case and of the release, and counts how many are found before an LR. ``rerun`` computes the last
comparison again. ``no-network`` runs everything in a network namespace without interfaces. ``cost`` measures what the
checks take of a comparison. The exit code is 1 where one does not hold.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from _kills import kills
from _small_case import DONE, EXAMPLE, ROOT, example, run, scanned_and_compared


def main() -> None:
    """Run one of the experiments."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="cost", choices=["kills", "bytes", "rerun", "no-network", "cost"])
    parser.add_argument("--number", type=int, default=360, help="of kills")
    parser.add_argument("--seed", type=int, default=1, help="of the moments of the kills")
    parser.add_argument("--only", action="append", default=[], help="command to kill; may be repeated; default: all")
    parser.add_argument("--case", type=Path, help="whose last comparison is computed again; default: the example's")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        experiments = {
            "kills": lambda: kills(work, options.number, options.seed, options.only),
            "bytes": lambda: changed_bytes(work),
            "rerun": lambda: rerun(work, options.case),
            "no-network": lambda: no_network(work),
            "cost": lambda: cost(work),
        }
        is_right = experiments[options.what]()
    raise SystemExit(0 if is_right else 1)


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
        found[_found(path, lambda: _stops(case), partial(_audited, case, name), name, passed)] += 1
    check = (sys.executable, "-c", "from forensic.storage.release import check_release; check_release()")
    for kind in ("models", "templates"):
        for path in sorted(path for path in (installed / kind).rglob("*") if path.is_file()):
            name = path.relative_to(installed).as_posix()

            def stops() -> bool:
                return bool(subprocess.run(check, check=False, capture_output=True, cwd=installed).returncode)

            found[_found(path, stops, lambda: "", name, passed)] += 1
    for what, count in sorted(found.items()):
        print(f"{count:4} {what}")
    print("Not found:", ", ".join(passed) or "none")
    return not passed


def _stops(case: Path) -> bool:
    """Whether a comparison stops before it changes anything; opening the case is what checks it."""
    code = "import sys; from pathlib import Path; from forensic.case.folder import open_case\n"
    code += "with open_case(Path(sys.argv[1]), create=False) as case: case.check_evidence()"
    return bool(
        subprocess.run((sys.executable, "-c", code, case), check=False, capture_output=True, cwd=ROOT).returncode
    )


def _audited(case: Path, name: str) -> str:
    """How `forensic audit` finds it; empty if it does not."""
    done = run("audit", case, "--json")
    noted = [each["name"] for each in json.loads(done.stdout)["checked"] if each["verdict"] == "note"]
    return "found by forensic audit" if done.returncode else "stated by forensic audit" if name in noted else ""


def _found(path: Path, stops: Callable[[], bool], audits: Callable[[], str], name: str, passed: list[str]) -> str:
    content = path.read_bytes()
    times = path.stat()
    place = len(content) // 2
    try:
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :] if content else b"x")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        if stops():
            return "found before an LR"
        if how := audits():
            return how
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
        is_right &= done.returncode in DONE
        print(f"exit code {done.returncode}: forensic {step[0]}", "" if done.returncode in DONE else done.stderr)
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
