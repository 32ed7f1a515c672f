"""How long every embedding against every other takes, with the best of each kept and written as it goes.

    python benchmarks/search_speed.py [--questioned 20000] [--known 20000] [--most 50] [--json FILE]

Embeddings are random directions; a score takes the same time whatever it is. The best of each block of questioned
embeddings are written to a Parquet file of their own, and forgotten. Printed: wall and processor time, and how far the
memory of this process rose above what it had before.
"""

import argparse
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from forensic.speaker.extractor import default_model_folder, load_model
from forensic.speaker.search import best_scores
from forensic.storage.tables import write_parquet


def main() -> None:
    """Search, print, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questioned", type=int, default=20_000, help="embeddings")
    parser.add_argument("--known", type=int, default=20_000, help="embeddings")
    parser.add_argument("--most", type=int, default=50, help="scores kept of each questioned embedding")
    parser.add_argument("--json", type=Path, help="file for all figures")
    options = parser.parse_args()
    model, random = load_model(default_model_folder()), np.random.default_rng(1)
    sides = []
    for number in (options.questioned, options.known):
        drawn = random.standard_normal((number, model.identity.embedding_size), np.float32)
        sides.append(drawn / np.linalg.norm(drawn, axis=1, keepdims=True))
    before_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    began, used = time.perf_counter(), time.process_time()
    rows = 0
    with tempfile.TemporaryDirectory() as folder:
        for part, (questioned, known, scores) in enumerate(best_scores(*sides, model.backend.score, options.most)):
            found = pl.DataFrame({"questioned": questioned, "known": known, "score": scores})
            write_parquet(found, Path(folder) / f"part-{part:05}.parquet")
            rows += found.height
    figures = {
        "questioned": options.questioned,
        "known": options.known,
        "most": options.most,
        "rows": rows,
        "wall_s": time.perf_counter() - began,
        "processor_s": time.process_time() - used,
        "memory_above_start_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before_mib,
    }
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
