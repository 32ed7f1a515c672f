"""The envelope: the conditions in which validation met its criterion. Outside it no LR is issued.

A validation is a set of *cells*: comparisons in like conditions, with their Cllr where the truth is known. A cell
meets the criterion where the upper end of the 95 % interval of its Cllr is at most that. Of each side and each measured
quantity, the envelope holds the worst value that such a cell had: the least net speech, SNR, bandwidth and clarity, the
most clipping. "Had" means the worst twentieth of its recordings, so that a recording like most of them is inside.

Each limit is for its quantity alone: 2 s of clean speech may be inside, and 2 s in noise not be good enough. So there
are two checks. The measured conditions must lie inside the limits, and the calibration of the comparison itself must
meet the same criterion by cross-validation; what fails either has no LR.

The envelope lies beside a population bank, or wherever a validation wrote it, as ``envelope.toml``.
"""

import hashlib
import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from forensic.errors import ModelError
from forensic.records import Conditions, Interval
from forensic.storage.atomic import written_whole
from forensic.storage.cards import toml_text

ENVELOPE = "envelope.toml"
_WORST_SHARE = 0.05
_REMEDY = "Make it again with `forensic population envelope`, or name one that `forensic validate` wrote."


@dataclass(frozen=True, slots=True)
class Limits:
    """The worst conditions of one side; None where none was measured, which limits nothing.

    Attributes:
        net_speech_s: the least net speech.
        snr_db: the least SNR.
        bandwidth_hz: the least upper edge of the band.
        c50_db: the least clarity.
        clipped_share: the most clipping, 0 to 1.
    """

    net_speech_s: float | None = None
    snr_db: float | None = None
    bandwidth_hz: float | None = None
    c50_db: float | None = None
    clipped_share: float | None = None


@dataclass(frozen=True, slots=True)
class ValidatedCell:
    """Comparisons in like conditions whose truth was known.

    Attributes:
        name: of the conditions.
        known, questioned: the worst of its recordings on either side.
        cllr: of its comparisons; None where there were too few to measure.
    """

    name: str
    known: Limits
    questioned: Limits
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
    known: Limits
    questioned: Limits
    basis: str
    missed: tuple[str, ...] = ()
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A measured quantity outside the envelope.

    Attributes:
        quantity: name of a field of ``Limits``.
        value: of the recording.
        limit: of the envelope.
    """

    quantity: str
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


def outside(limits: Limits, conditions: Conditions) -> tuple[Shortfall, ...]:
    """What of a recording's conditions lies outside; what was not measured on either side does not.

    Args:
        limits: of the side.
        conditions: measured.
    """
    found = []
    for quantity, limit in asdict(limits).items():
        value = getattr(conditions, quantity)
        if value is None or limit is None:
            continue
        if (value > limit) if quantity == "clipped_share" else (value < limit):
            found.append(Shortfall(quantity, float(value), float(limit)))
    return tuple(found)


def worst_of(rows: pl.DataFrame, column: Callable[[str], str] = str) -> Limits:
    """The worst twentieth of measured recordings, rounded outward to three digits, so that limits can be read.

    Args:
        rows: a recording a row.
        column: name of the column of a field of ``Limits``; a missing column was not measured.
    """
    return Limits(**{name: _edge(rows, column(name), name) for name in _QUANTITIES})


def save_envelope(path: Path, envelope: Envelope) -> None:
    """Write it as TOML.

    Args:
        path: of the file, which is replaced as a whole.
        envelope: limits, criterion and what they rest on.
    """
    content: dict[str, Any] = {
        "criterion_cllr": envelope.criterion,
        "basis": envelope.basis,
        "missed": list(envelope.missed),
        **{
            side: {name: value for name, value in asdict(limits).items() if value is not None}
            for side, limits in (("known", envelope.known), ("questioned", envelope.questioned))
        },
    }
    with written_whole(path) as file:
        file.write(toml_text(content).encode())


def load_envelope(path: Path) -> Envelope:
    """Read one.

    Args:
        path: the file, or the folder in which ``envelope.toml`` lies.

    Raises:
        ModelError: if it cannot be read or is none.
    """
    path = path / ENVELOPE if path.is_dir() else path
    try:
        content = path.read_bytes()
        table = tomllib.loads(content.decode("utf-8"))
        return Envelope(
            criterion=_number(table["criterion_cllr"]),
            known=_limits(table["known"]),
            questioned=_limits(table["questioned"]),
            basis=str(table["basis"]),
            missed=tuple(map(str, table.get("missed", []))),
            sha256=hashlib.sha256(content).hexdigest(),
        )
    except OSError as error:
        raise ModelError(f"Cannot read the envelope {path}: {error.strerror}.", _REMEDY) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{path} is no envelope of a validation: {error}.", _REMEDY) from error


_QUANTITIES = tuple(field.name for field in fields(Limits))


def _limits(table: Mapping[str, Any]) -> Limits:
    return Limits(**{name: _number(value) for name, value in table.items()})


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _worst(limits: Sequence[Limits]) -> Limits:
    """Of each quantity the worst; None where no cell measured it."""
    worst: dict[str, float | None] = {}
    for name in _QUANTITIES:
        values = [value for each in limits if (value := getattr(each, name)) is not None]
        worst[name] = (max if name == "clipped_share" else min)(values) if values else None
    return Limits(**worst)


def _edge(rows: pl.DataFrame, column: str, quantity: str) -> float | None:
    if column not in rows.columns:
        return None
    values = rows[column]
    if quantity == "snr_db":
        values = values.fill_null(math.inf)  # no noise to measure ranks as the cleanest
    measured = values.drop_nulls().to_numpy()
    if not len(measured):
        return None
    share = 1 - _WORST_SHARE if quantity == "clipped_share" else _WORST_SHARE
    edge = float(np.quantile(measured, share, method="nearest"))
    if not math.isfinite(edge):
        return None
    step = 10.0 ** (math.floor(math.log10(abs(edge))) - 2) if edge else 1.0
    return float(round((math.ceil if quantity == "clipped_share" else math.floor)(edge / step) * step, 6))
