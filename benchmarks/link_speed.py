"""How long linking takes, all recordings of a case against each other.

    python benchmarks/link_speed.py [--voices 1000] [--conditions 16] [--keep FOLDER]

A case is made without audio: the embeddings and conditions of the shipped reference population's own rows stand for
recordings, with random fingerprints of a minute each, so that the search for copies has its full work. (The population
is then compared with itself: the LRs mean nothing.) The time hangs on how many kinds of conditions the recordings are
in, channels and lengths, since each pair of kinds is calibrated once. Printed is the time of each step, of this
process, and how much memory it and the largest process that it started took.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from forensic.case.folder import open_case
from forensic.case.store import SCHEMAS
from forensic.likelihood_ratio.population import PARQUET, load_population
from forensic.settings import Settings
from forensic.speaker.extractor import default_model_folder, load_model
from forensic.workflows.link import LinkRequest, link


def main() -> None:
    """Make the case, link it, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--voices", type=int, default=1000, help="recordings, a voice each")
    parser.add_argument(
        "--conditions", type=int, default=16, help="of the population's kinds of conditions that occur; 140 are all"
    )
    parser.add_argument("--keep", type=Path, help="new folder for the case with its report; else it is deleted")
    parser.add_argument("--workers", type=int, help="processes that calibrate; one a processor without it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, open_case(options.keep or Path(folder) / "case", create=True) as case:
        case.evidence.append(made_evidence(options.voices, options.conditions))
        began = last = time.process_time()
        wall = time.perf_counter()
        current = "loading"

        def watch(step: str) -> None:
            nonlocal last, current
            now = time.process_time()
            print(f"{current}: {now - last:.1f} s", flush=True)
            last, current = now, step

        result = link(case, LinkRequest(default_model_folder(), Settings(), workers=options.workers), watch)
        watch("")
        taken, wall_s = time.process_time() - began, time.perf_counter() - wall
        print(
            f"{options.voices:,} voices, {result.results['pairs']:,} pairs, "
            f"{result.results['pairs_with_lr']:,} with an LR"
        )
        print(f"{len(result.results['calibrations'])} calibrations")
        print(f"in all {taken:.0f} s of processor time, {wall_s:.0f} s")
        own, largest = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        print(f"peak memory {own / 1024:.0f} MiB, largest process started {largest / 1024:.0f} MiB")
        print(f"report: {result.pdf.stat().st_size / 1024:.0f} kB")


def made_evidence(voices: int, conditions: int) -> dict[str, pl.DataFrame]:
    """Evidence tables of a case of so many recordings, in so many kinds of conditions."""
    model, settings = load_model(default_model_folder()), Settings()
    population = load_population(default_model_folder(), model.identity.sha256)
    rows = pl.read_parquet(default_model_folder() / PARQUET).drop("embedding").with_row_index("row")
    rows = rows.filter(pl.col("side") == "questioned")
    kinds = rows.select("cell", "cell_net_speech_s").unique().sort(pl.all()).sample(conditions, seed=3)
    rows = rows.join(kinds, on=kinds.columns, how="semi").sample(voices, seed=1)
    random = np.random.default_rng(2)
    keys = {"model_sha256": model.identity.sha256, "settings_sha256": settings.evidence_sha256}
    tables: dict[str, list[dict[str, object]]] = {name: [] for name in SCHEMAS}
    for number, row in enumerate(rows.to_dicts()):
        sha256 = f"{number:064x}"
        one = {"sha256": sha256, "channel": 0, "turn": 0, "speakers": 1, "labels_sha256": ""} | keys
        tables["files"].append(
            {"path": f"/case/{number}.wav", "sha256": sha256, "side": "questioned", "status": "audio"}
        )
        tables["recordings"].append({"sha256": sha256, "duration_s": 60.0, "labels_sha256": ""} | keys)
        tables["quality"].append(
            one
            | {"duration_s": 60.0, "net_speech_s": row["net_speech_s"], "snr_db": row["snr_db"], "clipped_share": 0.0}
            | {"bandwidth_hz": row["bandwidth_hz"], "low_edge_hz": row["low_edge_hz"], "c50_db": row["c50_db"]}
        )
        tables["embeddings"].append(one | {"windows": 1, "embedding": population.embeddings[row["row"]].tolist()})
        bits = random.integers(1, 1 << 32, 1500, dtype=np.uint32)
        tables["fingerprints"].append(one | {"fingerprint": bits.astype("<u4").tobytes()})
    return {
        name: pl.DataFrame([{key: row.get(key) for key in SCHEMAS[name]} for row in table], SCHEMAS[name], orient="row")
        for name, table in tables.items()
    }


if __name__ == "__main__":
    main()
