"""States of the lower layers for every piece of a cache, computed once: they do not learn.

The layout of a folder of states::

    index.parquet     the cache's, with first and steps of each piece in place of first and frames
    states-0.npy      states of the clean version, shape (steps, lower_size), float16
    states-1.npy ..   those of the degraded versions
    states.json       what made them, written last
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from forensic.language.classifier import WINDOW_FRAMES
from forensic.language.network import STEP_FRAMES, LanguageNetwork
from forensic.records import Samples
from forensic.speaker.features import MEL_BANDS
from forensic.training.cache import FeatureCache

_FORMAT = 1  # raise when the states change
_BATCH = 32


@dataclass(frozen=True, slots=True)
class StateCache:
    """States of every piece, mapped from disk.

    Attributes:
        versions: one array a version of the feature cache, the clean one first, each of shape (steps, lower_size),
            float16.
        index: a row a piece: speaker, corpus, is_development, label, first, steps.
        sha256: of what made them.
    """

    versions: tuple[NDArray[np.float16], ...]
    index: pl.DataFrame
    sha256: str

    def crop(self, version: int, first: int, steps: int) -> Samples:
        """Some steps of a version, shape (steps, lower_size)."""
        return self.versions[version][first : first + steps].astype(np.float32)


def build_states(
    folder: Path, cache: FeatureCache, network: LanguageNetwork, progress: Callable[[int, int], None]
) -> StateCache:
    """Compute the states, or open them where the same inputs made them before.

    Args:
        folder: where they lie; made where it is missing.
        cache: features.
        network: with its lower layers.
        progress: called with pieces done and pieces in all.
    """
    identity = _identity(cache, network)
    done = folder / "states.json"
    if not (done.exists() and json.loads(done.read_text())["sha256"] == identity):
        folder.mkdir(parents=True, exist_ok=True)
        done.unlink(missing_ok=True)
        for version in range(len(cache.versions)):
            _make(folder, version, cache, network, progress)
        done.write_text(json.dumps({"sha256": identity}))
    arrays = tuple(np.load(folder / f"states-{version}.npy", mmap_mode="r") for version in range(len(cache.versions)))
    return StateCache(arrays, pl.read_parquet(folder / "index.parquet"), identity)


def _identity(cache: FeatureCache, network: LanguageNetwork) -> str:
    digest = hashlib.sha256(json.dumps([_FORMAT, cache.sha256]).encode())
    for value in network.lower.state_dict().values():
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()


@torch.inference_mode()
def _make(
    folder: Path,
    version: int,
    cache: FeatureCache,
    network: LanguageNetwork,
    progress: Callable[[int, int], None],
) -> None:
    """States of one version; pieces are cut as a recording is, and the states of their windows joined."""
    spans = list(cache.index.select("first", "frames").iter_rows())
    windows = [
        (piece, first + start, min(WINDOW_FRAMES, frames - start))
        for piece, (first, frames) in enumerate(spans)
        for start in range(0, max(1, frames - STEP_FRAMES), WINDOW_FRAMES)
    ]
    parts: list[list[Samples]] = [[] for _ in spans]
    order = sorted(range(len(windows)), key=lambda index: windows[index][2])  # of like lengths together
    made: dict[int, Samples] = {}
    for start in range(0, len(order), _BATCH):
        rows = order[start : start + _BATCH]
        length = max(windows[row][2] for row in rows)
        crops = np.stack([np.resize(cache.crop(version, *windows[row][1:]), (length, MEL_BANDS)) for row in rows])
        states = network.local_states(torch.from_numpy(crops)).numpy()
        for row, own in zip(rows, states, strict=True):
            made[row] = own[: windows[row][2] // STEP_FRAMES].astype(np.float16)
        progress(start, len(order))
    for row, (piece, _, _) in enumerate(windows):
        parts[piece].append(made[row])
    joined = [np.concatenate(part) for part in parts]
    np.save(folder / f"states-{version}.npy", np.concatenate(joined))
    steps = np.array([len(part) for part in joined], np.int64)
    index = cache.index.drop("frames").with_columns(
        first=pl.Series(np.concatenate([[0], np.cumsum(steps)[:-1]])), steps=pl.Series(steps)
    )
    index.write_parquet(folder / "index.parquet")
