"""How long linking takes, all recordings of a case against each other, and how much memory.

    python benchmarks/link_speed.py [--voices 300 10000] [--conditions 16] [--workers 2] [--json FILE] [--keep FOLDER]

A case is made without audio. Voices are five recordings each of synthetic people: a person is drawn from the spread of
the people in the shipped reference population, and each recording differs from its person as some row of the population
differs from its own, in whose measured conditions it then is. Such people are less alike by chance than real ones are.
Random fingerprints give the search for copies its work.

The rest of the time hangs on how many kinds of conditions the recordings are in, channels and lengths, since each pair
of kinds is calibrated once, and on how many pairs are weighed: all up to the setting ``link.complete_up_to``, then the
best of each voice. Each case is linked in a process of its own; its processor time counts all processes that it starts.
That includes linking it once more, when the calibrations are in the case already.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from _processor_time import taken_by

from forensic.case.folder import open_case
from forensic.case.store import SCHEMAS
from forensic.likelihood_ratio.population import PARQUET, load_population
from forensic.settings import Settings
from forensic.speaker.extractor import default_model_folder, load_model
from forensic.workflows.link import LinkRequest, link

RECORDINGS = 5
"""Of each person."""

_FRAMES_PER_S = 25


def main() -> None:
    """Make and link each case in a process of its own, print, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voices", type=int, nargs="+", default=[300, 10_000], help="recordings of each case")
    parser.add_argument(
        "--conditions", type=int, default=16, help="of the population's kinds of conditions that occur; 140 are all"
    )
    parser.add_argument("--threshold", type=float, default=1.0, help="least log10 LR of a link")
    parser.add_argument("--fingerprint-s", type=float, default=5.0, help="length of each fingerprint")
    parser.add_argument("--workers", type=int, default=2, help="processes that calibrate, and cores used")
    parser.add_argument("--keep", type=Path, help="new folder for the cases with their reports; else they are deleted")
    parser.add_argument("--json", type=Path, help="file for all figures")
    parser.add_argument(
        "--of-one", type=Path, help=argparse.SUPPRESS
    )  # the process of one case writes its figures here
    options = parser.parse_args()
    if options.of_one:
        options.of_one.write_text(json.dumps(measured(options)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for voices in options.voices:
            figures = Path(folder) / f"{voices}.json"
            command = [sys.executable, __file__, "--voices", str(voices), "--of-one", str(figures)]
            for name in ("conditions", "threshold", "fingerprint_s", "workers", "keep"):
                if (value := getattr(options, name)) is not None:
                    command += [f"--{name.replace('_', '-')}", str(value)]
            taken = taken_by([command], options.workers)
            rows.append({"voices": voices, "wall_s": taken.wall_s, "processor_s": taken.processor_s})
            rows[-1] |= json.loads(figures.read_text())
            print(json.dumps(rows[-1], indent=1), flush=True)
    if options.json:
        facts = {"cores": options.workers, "conditions": options.conditions, "threshold_log10_lr": options.threshold}
        options.json.write_text(json.dumps(facts | {"rows": rows}, indent=1) + "\n")


def measured(options: argparse.Namespace) -> dict[str, object]:
    """Make a case, link it: the wall time of each step, what was found, the peak memory of this process."""
    (voices,) = options.voices
    steps: dict[str, float] = {}
    last, current = time.perf_counter(), "loading"

    def watch(step: str) -> None:
        nonlocal last, current
        now = time.perf_counter()
        steps[current] = steps.get(current, 0.0) + now - last
        last, current = now, step.partition(",")[0]

    with tempfile.TemporaryDirectory() as folder:
        place = options.keep / str(voices) if options.keep else Path(folder) / "case"
        with open_case(place, create=True) as case:
            case.evidence.append(made_evidence(voices, options.conditions, options.fingerprint_s))
            watch("loading")
            request = LinkRequest(default_model_folder(), Settings(), options.threshold, workers=options.workers)
            result = link(case, request, watch)
            watch("")
            began, used = time.perf_counter(), time.process_time()
            link(case, request, lambda _step: None)  # which finds the calibrations in the case
            again_wall_s, again_processor_s = time.perf_counter() - began, time.process_time() - used
        people = dict(result.voices.select("voice", pl.col("path").str.extract(r"(\d+)-")).iter_rows())
        return {
            "pairs": result.results["pairs"],
            "pairs_with_lr": result.results["pairs_with_lr"],
            "pairs_pruned": result.results["pairs_pruned"],
            "calibrations": len(result.results["calibrations"]),
            "links": result.links.height,
            "links_of_one_person": sum(
                people[one] == people[other]
                for one, other in result.links.select("known_voice", "questioned_voice").iter_rows()
            ),
            "expected_by_chance": result.results["expected_by_chance"][0]["expected"],
            "clusters": len(result.clusters),
            "clusters_of_one_person": sum(len({people[voice] for voice in one.voices}) == 1 for one in result.clusters),
            "draws_of_clusters": result.results["bootstrap_draws_of_clusters"],
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "again_wall_s": again_wall_s,
            "again_processor_s": again_processor_s,
            "report_kib": result.pdf.stat().st_size / 1024,
            "steps_wall_s": {name: round(taken, 2) for name, taken in steps.items()},
        }


def made_evidence(voices: int, conditions: int, fingerprint_s: float) -> dict[str, pl.DataFrame]:
    """Evidence tables of a case of so many recordings, in so many kinds of conditions."""
    model, settings = load_model(default_model_folder()), Settings()
    population = load_population(default_model_folder(), model.identity.sha256)
    rows = pl.read_parquet(default_model_folder() / PARQUET).drop("embedding").with_row_index("row")
    rows = rows.filter(pl.col("side") == "questioned")
    kinds = rows.select("cell", "cell_net_speech_s").unique().sort(pl.all()).sample(conditions, seed=3)
    rows = rows.join(kinds, on=kinds.columns, how="semi").sample(voices, seed=1, with_replacement=True)
    random = np.random.default_rng(2)
    centres = np.stack(
        [population.embeddings[population.speaker == one].mean(axis=0) for one in range(len(population.speakers))]
    )
    mean = centres.mean(axis=0)
    mixed = random.standard_normal((-(-voices // RECORDINGS), len(centres))) / np.sqrt(len(centres) - 1)
    people = mean + mixed @ (centres - mean)
    keys = {"model_sha256": model.identity.sha256, "settings_sha256": settings.evidence_sha256}
    tables: dict[str, list[dict[str, object]]] = {name: [] for name in SCHEMAS}
    for number, row in enumerate(rows.to_dicts()):
        sha256, person = f"{number:064x}", number // RECORDINGS
        one = {"sha256": sha256, "channel": 0, "turn": 0, "speakers": 1, "labels_sha256": ""} | keys
        tables["files"].append(
            {"path": f"/case/{person}-{number}.wav", "sha256": sha256, "side": "questioned", "status": "audio"}
        )
        tables["recordings"].append({"sha256": sha256, "duration_s": 60.0, "labels_sha256": ""} | keys)
        tables["quality"].append(
            one
            | {"duration_s": 60.0, "net_speech_s": row["net_speech_s"], "snr_db": row["snr_db"], "clipped_share": 0.0}
            | {"bandwidth_hz": row["bandwidth_hz"], "low_edge_hz": row["low_edge_hz"], "c50_db": row["c50_db"]}
        )
        own = people[person] + population.embeddings[row["row"]] - centres[population.speaker[row["row"]]]
        tables["embeddings"].append(one | {"windows": 1, "embedding": (own / np.linalg.norm(own)).tolist()})
        bits = random.integers(1, 1 << 32, round(_FRAMES_PER_S * fingerprint_s), dtype=np.uint32)
        tables["fingerprints"].append(one | {"fingerprint": bits.astype("<u4").tobytes()})
    return {
        name: pl.DataFrame([{key: row.get(key) for key in SCHEMAS[name]} for row in table], SCHEMAS[name], orient="row")
        for name, table in tables.items()
    }


if __name__ == "__main__":
    main()
