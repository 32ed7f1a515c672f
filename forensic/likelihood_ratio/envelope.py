"""The envelope: the conditions in which validation met its criterion. Outside it no LR is issued.

A validation is a set of *cells*: comparisons in like conditions, with their Cllr where the truth is known. A cell
meets the criterion where the upper end of the 95 % interval of its Cllr is at most that. Of each side and each measured
quantity, the envelope holds the worst value that such a cell had: the least net speech, for example, or the most
clipping. "Had" means the worst twentieth of its recordings, so that a recording like most of them is inside.

Each limit is for its quantity alone: 2 s of clean speech may be inside, and 2 s in noise not be good enough. So there
are two checks. The measured conditions must lie inside the limits, and the calibration of the comparison itself must
meet the same criterion by cross-validation; what fails either has no LR.

The envelope lies beside a population bank, or wherever a validation wrote it, as ``envelope.toml``.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TypeAlias

import numpy as np
import polars as pl

from forensic.errors import ModelError
from forensic.quantities import LIMITED, Quantity
from forensic.records import Conditions, Interval
from forensic.storage import toml

ENVELOPE = "envelope.toml"
_WORST_SHARE = 0.05
_REMEDY = "Make it again with `forensic population envelope`, or name one that `forensic validate` wrote."


EnvelopeLimits: TypeAlias = Mapping[str, float]
"""The worst conditions of one side, by the name of a quantity; one that is not named is not limited."""


@dataclass(frozen=True, slots=True)
class ValidatedCell:
    """Comparisons in like conditions whose truth was known.

    Attributes:
        name: of the conditions.
        known, questioned: the worst of its recordings on either side.
        cllr: of its comparisons; None where there were too few to measure.
    """

    name: str
    known: EnvelopeLimits
    questioned: EnvelopeLimits
    cllr: Interval | None


@dataclass(frozen=True, slots=True)
class Envelope:
    """Where validation met its criterion.

    Attributes:
        criterion: the largest Cllr that was accepted.
        known, questioned: limits of either side.
        basis: the validation that it comes from, in a sentence.
        missed: names of the cells that did not meet the criterion.
        sha256: of the file; empty where it was not read from one.
    """

    criterion: float
    known: EnvelopeLimits
    questioned: EnvelopeLimits
    basis: str
    missed: tuple[str, ...] = ()
    sha256: str = ""

    def __post_init__(self) -> None:
        """Refuse a limit of what is not measured, or not limited."""
        known = {quantity.name for quantity in LIMITED}
        if unknown := sorted({*self.known, *self.questioned} - known):
            raise ValueError(f"{', '.join(unknown)} limits nothing; use {', '.join(sorted(known))}")


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A measured quantity outside a limit.

    Attributes:
        quantity: that is.
        value: of the recording.
        limit: that it does not meet.
    """

    quantity: Quantity
    value: float
    limit: float


def find_envelope(cells: Sequence[ValidatedCell], criterion: float, basis: str) -> Envelope:
    """The envelope of a validation.

    Args:
        cells: all of the validation.
        criterion: the largest Cllr to accept, at the upper end of its interval.
        basis: where the cells come from, in a sentence.

    Raises:
        ModelError: if no cell meets the criterion: there is nothing inside.
    """
    met = [cell for cell in cells if cell.cllr is not None and cell.cllr.high <= criterion]
    if not met:
        raise ModelError(
            f"In none of {len(cells)} conditions did validation meet the criterion, Cllr at most {criterion}.",
            "Validate on better recordings or more speakers, or state another criterion and answer for it.",
        )
    missed = tuple(cell.name for cell in cells if cell not in met)
    return Envelope(criterion, _worst([c.known for c in met]), _worst([c.questioned for c in met]), basis, missed)


def outside(limits: EnvelopeLimits, conditions: Conditions) -> tuple[Shortfall, ...]:
    """What of a recording's conditions lies outside; what was not measured on either side does not.

    Args:
        limits: of the side.
        conditions: measured.
    """
    found = []
    for quantity in LIMITED:
        value, limit = getattr(conditions, quantity.name), limits.get(quantity.name)
        if value is not None and limit is not None and quantity.is_worse(value, limit):
            found.append(Shortfall(quantity, float(value), float(limit)))
    return tuple(found)


def worst_of(rows: pl.DataFrame, column: Callable[[Quantity], str] = attrgetter("name")) -> EnvelopeLimits:
    """The worst twentieth of measured recordings, rounded outward to three digits, so that limits can be read.

    Args:
        rows: a recording a row.
        column: the name of a quantity's column; a missing column was not measured.
    """
    edges = {quantity.name: _edge(rows, column(quantity), quantity) for quantity in LIMITED}
    return {name: edge for name, edge in edges.items() if edge is not None}


@dataclass(frozen=True, slots=True)
class _File:
    """The file: an envelope less its hash; the limits of a side are one number each."""

    criterion_cllr: toml.Finite
    basis: str
    known: dict[str, toml.Finite]
    questioned: dict[str, toml.Finite]
    missed: tuple[str, ...] = ()


def save_envelope(path: Path, envelope: Envelope) -> None:
    """Write it as TOML.

    Args:
        path: the file.
        envelope: its hash is not written.
    """
    known, questioned = dict(envelope.known), dict(envelope.questioned)
    toml.write(path, _File(envelope.criterion, envelope.basis, known, questioned, envelope.missed))


def load_envelope(path: Path) -> Envelope:
    """Read one.

    Args:
        path: the file, or the folder in which ``envelope.toml`` lies.

    Raises:
        ModelError: if it cannot be read or is none.
    """
    path = path / ENVELOPE if path.is_dir() else path
    blame = toml.Blame(ModelError, "the envelope ", _REMEDY)
    stated, sha256 = toml.read_hashed(path, _File, blame)
    try:
        return Envelope(stated.criterion_cllr, stated.known, stated.questioned, stated.basis, stated.missed, sha256)
    except ValueError as error:
        raise ModelError(f"The envelope {path} is damaged: {error}.", _REMEDY) from error


def _worst(limits: Sequence[EnvelopeLimits]) -> EnvelopeLimits:
    """Of each quantity the worst; none of what no cell measured."""
    worst = {}
    for quantity in LIMITED:
        if values := [each[quantity.name] for each in limits if quantity.name in each]:
            worst[quantity.name] = (max if quantity.worse == "more" else min)(values)
    return worst


def _edge(rows: pl.DataFrame, column: str, quantity: Quantity) -> float | None:
    """The worst twentieth of a column; None where nothing finite was measured."""
    if column not in rows.columns:
        return None
    values = rows[column]
    if quantity.none_states is not None:
        values = values.fill_null(quantity.none_states)
    measured = values.drop_nulls().to_numpy()
    if not len(measured):
        return None
    is_most = quantity.worse == "more"
    edge = float(np.quantile(measured, 1 - _WORST_SHARE if is_most else _WORST_SHARE, method="nearest"))
    if not math.isfinite(edge):
        return None
    step = 10.0 ** (math.floor(math.log10(abs(edge))) - 2) if edge else 1.0
    return float(round((math.ceil if is_most else math.floor)(edge / step) * step, 6))
