"""Cases of real speech for the benchmarks: files of any codec, a reference population without the people of a case."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
from _wav import write_wav

from forensic.audio.codec import Codec, at_codec_rate, encode
from forensic.likelihood_ratio.population import PARQUET, load_population, save_population
from forensic.speaker.extractor import load_model


def write_as(path: Path, samples: np.ndarray, codec: Codec | None) -> None:
    """Write 16 kHz samples to a file of a codec, or to WAV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if codec is None:
        write_wav(path, samples)
    else:
        path.write_bytes(encode(at_codec_rate(samples, codec), codec))


def without(model_folder: Path, target: Path, people: set[str]) -> Path:
    """A copy of a model whose reference population lacks some people."""
    shutil.copytree(model_folder, target)
    sha256 = load_model(target).identity.sha256
    population = load_population(target, sha256)
    rows = pl.read_parquet(target / PARQUET).drop("embedding")
    keep = ~rows["speaker"].is_in(list(people)).to_numpy()
    print(f"reference population: {rows.filter(keep)['speaker'].n_unique()} of {rows['speaker'].n_unique()} speakers")
    save_population(
        target,
        rows.filter(keep),
        population.embeddings[: len(rows)][keep],  # those of real calls come after them
        model_sha256=sha256,
        data=population.card.data,
        licences=population.card.licences,
        left_out=population.card.left_out,
    )
    return target


def forensic(*arguments: str) -> str:
    """Run the command; 3 means done, but some recordings were rejected."""
    done = subprocess.run([sys.executable, "-m", "forensic", *arguments], capture_output=True, text=True, check=False)
    if done.returncode not in {0, 3}:
        sys.exit(f"forensic {' '.join(arguments)}\n{done.stdout}{done.stderr}")
    return done.stdout
