"""Write the figures of README.md and docs/measured.md from what benchmarks measured, kept in benchmarks/results.

    python docs/make_figures.py                                                   # fills in the pages
    python benchmarks/telephone_accuracy.py ... | python docs/make_figures.py --keep telephone_accuracy

A block between ``<!-- figures: NAME -->`` and ``<!-- end -->`` is filled in; no figure is written there by hand.
``--keep`` reads what the benchmark prints, and keeps it as JSON; a test compares the pages with it.
"""

import argparse
import json
import re
import statistics
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
REAL_CALLS = ROOT / "models" / "lstm-channel-3" / "real_calls.toml"
PAGES = (ROOT / "README.md", ROOT / "docs" / "measured.md")

_BLOCK = re.compile(r"(<!-- figures: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_INTERVAL = r"([\d.]+) \(([\d.]+) to ([\d.]+)\)"
_TELEPHONE = re.compile(
    rf"^(?P<pairs>\S.*?)?\s{{2,}}(?:(?P<people>\d+)\s+(?P<same>\d+)\s+(?P<different>\d+)\s+)?(?P<system>\S.*?)\s{{2,}}"
    rf"{_INTERVAL}\s+{_INTERVAL}$"
)
_OPINIONS = {
    "first": "**lstm-channel-3, the bundled model**",
    "second": "CAM++ alone",
    "both": 'both together, with `[second] model = "campplus"`',
}


def read(name: str) -> Any:
    """What is kept of a benchmark."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def telephone_rows(lines: Iterable[str]) -> list[dict[str, Any]]:
    """The rows that ``benchmarks/telephone_accuracy.py`` prints; a row without its pairs belongs to those above."""
    rows: list[dict[str, Any]] = []
    pairs: dict[str, Any] = {}
    for line in lines:
        found = _TELEPHONE.match(line.rstrip())
        if found is None:
            continue
        if found["people"]:
            pairs = {"pairs": found["pairs"]} | {key: int(found[key]) for key in ("people", "same", "different")}
        figures = [float(value) for value in found.groups()[-6:]]
        rows.append(pairs | {"system": found["system"], "eer_percent": figures[:3], "cllr_min": figures[3:]})
    return rows


def headline() -> str:
    """Real telephone calls of other days, first of all."""
    kept, shipped = read("telephone_accuracy"), tomllib.loads(REAL_CALLS.read_text(encoding="utf-8"))
    first = shipped["first"]
    peer, ours = (
        next(row for row in kept["rows"] if (row["pairs"], row["system"]) == ("other days", system))
        for system in ("Resemblyzer", "lstm-channel-3")
    )
    lines = [
        (
            f"**Real telephones, other days.** {first['people']} people called from landlines, mobiles and loudspeaker "
            f"telephones, {first['repeated']} of them on several days (WUW Corpus II, CC BY-SA 4.0). LRs of calls of "
            "different days, each from a calibration without either speaker, every person weighing alike, 95 % "
            "intervals over people (`python benchmarks/real_telephones.py`, which needs no audio):"
        ),
        "",
        "| LRs of | Cllr | Cllr_min of the scores | Same-speaker LRs below 1 |",
        "|---|---|---|---|",
    ]
    for opinion, shown in _OPINIONS.items():
        found = shipped[opinion]
        cllr, least = (_interval(_ends(found[name]), 2) for name in ("cllr", "cllr_min_of_scores"))
        misleading = [100 * value for value in _ends(found["misleading"])]
        lines.append(
            f"| {shown} | {cllr} | {least} | {misleading[0]:.0f} % ({misleading[1]:.0f} to {misleading[2]:.0f}) |"
        )
    lines += [
        "",
        (
            f"Resemblyzer 0.1.4, whose public GE2E network ours started from, has a Cllr_min of "
            f"{_interval(peer['cllr_min'], 2)} on such calls, where that of ours is {_interval(ours['cllr_min'], 2)} "
            f"(`{kept['command']}`). In simulated channels the bundled model errs far less: such figures compare "
            "networks, and forecast no case."
        ),
    ]
    return "\n".join(lines)


def _ends(interval: dict[str, float]) -> list[float]:
    return [interval[name] for name in ("value", "low", "high")]


def speaker_accuracy() -> str:
    """Simulated channels, by condition."""
    lines = [
        "| Questioned side | EER %: Resemblyzer | lstm-channel-3 | Cllr_min: Resemblyzer | lstm-channel-3 | ratio |",
        "|---|---|---|---|---|---|",
    ]
    for row in read("speaker_accuracy")["rows"]:
        shown = (("peer_eer", 2), ("eer", 2), ("peer_cllr_min", 3), ("cllr_min", 3))
        cells = " | ".join(_interval(row[key], digits) for key, digits in shown)
        lines.append(f"| {row['condition']} | {cells} | {row['cllr_min_ratio']:.2f} |")
    return "\n".join(lines)


def scan_speed() -> str:
    """Both on the same files."""
    lines = [
        "| Files | Scan | forensic, processor seconds an hour of audio | Resemblyzer | Resemblyzer / forensic |",
        "|---|---|---|---|---|",
    ]
    for row in read("scan_speed")["rows"]:
        ours, peer = (3600 * statistics.median(row[key]) / row["audio_s"] for key in ("ours_s", "peer_s"))
        minutes = f"{row['recordings']} {row['files']}, {row['audio_s'] / 60:.0f} minutes"
        lines.append(f"| {minutes} | {row['scan']} | {ours:.1f} | {peer:.1f} | {row['ratio']:.2f} |")
    return "\n".join(lines)


FIGURES: dict[str, Callable[[], str]] = {
    "headline": headline,
    "speaker-accuracy": speaker_accuracy,
    "scan-speed": scan_speed,
}


def filled(text: str) -> str:
    """A page with its figures."""
    return _BLOCK.sub(lambda block: f"{block[1]}{FIGURES[block[2]]()}\n{block[3]}", text)


def _interval(figures: list[float], digits: int) -> str:
    value, low, high = (f"{figure:.{digits}f}" for figure in figures)
    return f"{value} ({low} to {high})"


def main() -> None:
    """Keep what a benchmark printed, or fill in the pages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--keep", choices=["telephone_accuracy"], help="keep what this benchmark prints")
    if parser.parse_args().keep:
        kept = read("telephone_accuracy") | {"rows": telephone_rows(sys.stdin)}
        path = RESULTS / "telephone_accuracy.json"
        path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
