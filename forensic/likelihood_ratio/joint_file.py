"""A joint fit kept in a file beside the bank that it was fitted to, because it takes some seconds."""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from forensic.likelihood_ratio import joint
from forensic.likelihood_ratio.joint import JointFit, JointScorer
from forensic.likelihood_ratio.population import Population
from forensic.progress import Watch, unwatched
from forensic.quantities import TERMS
from forensic.storage.atomic import written_whole

JOINT_FIT = "joint.safetensors"
_ALGORITHM = 2
"""Raised with every change of ``forensic.likelihood_ratio.joint`` that changes a fit."""


def kept_or_fitted(
    population: Population,
    scorer: JointScorer,
    draws: int,
    seed: int,
    folder: Path | None,
    watch: Watch = unwatched,
) -> JointFit:
    """The fit that a folder keeps, if it is of this population, score, draws and seed; else a new one.

    Args:
        population: as of ``fit_joint``, and so on.
        scorer: with an identity.
        draws: of the bootstrap.
        seed: of every choice.
        folder: that may keep a fit; None keeps none.
        watch: called with how far a new fit is.

    Raises:
        CalibrationError: as of ``fit_joint``.
    """
    identity = _identity(population, scorer, draws, seed)
    files = [] if folder is None else sorted(folder.glob(f"*{JOINT_FIT}"))
    kept = next((found for path in files if (found := _read(path, identity)) is not None), None)
    return kept or joint.fit_joint(population, scorer, draws, seed, watch)


def keep(
    folder: Path, fitted: JointFit, population: Population, scorer: JointScorer, draws: int, seed: int, name: str = ""
) -> None:
    """Write a fit into a folder.

    Args:
        folder: of the bank.
        fitted: by ``fit_joint``.
        population: it was fitted to, and so on.
        scorer: with an identity.
        draws: of the bootstrap.
        seed: of every choice.
        name: tells several files of a folder apart.
    """
    arrays = {field.name: np.array(getattr(fitted, field.name), order="C") for field in dataclasses.fields(JointFit)}
    with written_whole(folder / f"{name}{JOINT_FIT}") as file:
        file.write(save(arrays, {"identity": _identity(population, scorer, draws, seed)}))


def _read(path: Path, identity: str) -> JointFit | None:
    try:
        with safe_open(path, "numpy") as file:
            if (file.metadata() or {}).get("identity") != identity:
                return None
            arrays = {field.name: file.get_tensor(field.name) for field in dataclasses.fields(JointFit)}
    except (OSError, SafetensorError):
        return None
    return JointFit(**{name: array.item() if array.ndim == 0 else array for name, array in arrays.items()})


def _identity(population: Population, scorer: JointScorer, draws: int, seed: int) -> str:
    settings = [draws, seed, joint.REAL_SHARE, joint.RIDGE, [dataclasses.astuple(term) for term in TERMS]]
    content = [_ALGORITHM, population.card.parquet_sha256, scorer.identity, settings]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
