"""Every condition that is measured of a recording, declared once, with all that the program needs to know of it.

``Measured`` is the table: a field a quantity, whose metadata says how it is matched, pooled, limited and named. From it
follow the columns of the tables, the differences between recordings, the validated envelope, the refusals and the rows
of the reports. To add a quantity, add a field here, and an estimator to ``forensic.audio.quality``.

The steps of matching are choices, made so that a difference of one step is one that an examiner would remark on; they
are not fitted to data.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Value: TypeAlias = float | None
"""What was measured; None where nothing was."""

CLEAN_SNR_DB = 30.0
"""Above it, more SNR moves no score."""

DRY_C50_DB = 20.0
"""Above it, a clearer room moves no score."""

LOWEST_EDGE_HZ = 150.0
"""Below it voices end anyway."""

_BETTER = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A measured condition.

    Attributes:
        name: of the field that holds it, with its unit; filled in by ``declared``.
        noun: what the text of a sentence calls it.
        label: what the row of a table calls it.
        unit: "s", "dB", "Hz" or "share" (0 to 1).
        scale: on which two values are compared: by their ratio, difference, difference in percent, or equality.
        step: difference on the scale that counts 1.
        least, most: values beyond count as this when they are compared.
        worse: which way scores get worse.
        better_counts: share that a difference to the better counts; 1 where the direction does not matter.
        comparatives: of a positive and of a negative difference.
        is_always_measured: whether every recording with speech has a value.
        none_states: what no value says of the recording; None: that nothing was measured.
        none_reads: how a report prints no value of a reference cell, where that says something.
        assumed: value that is compared where nothing was measured; None: then nothing is compared.
        pooled: how the recordings of one side become one value; means are weighted by net speech.
        is_limited: whether the validated envelope has a limit of it.
        setting: the comparison setting by which a laboratory limits it further, if any.
        shortfall: what is wrong outside a limit.
        amount: a value in a sentence about a shortfall.
        limit: a limit of the envelope; "{}" takes the value with its unit.
        brief: a value in a list of conditions; empty leaves it out.
        none_brief: the same of no value; empty leaves it out.
        remedy: what helps against a shortfall.
    """

    name: str = ""
    noun: str
    label: str
    unit: Literal["s", "dB", "Hz", "share"]
    scale: Literal["octaves", "dB", "points"]
    step: float
    least: float = -math.inf
    most: float = math.inf
    worse: Literal["less", "more", "neither"] = "neither"
    better_counts: float = 1.0
    comparatives: tuple[str, str] = ("more", "less")
    is_always_measured: bool = False
    none_states: float | None = None
    none_reads: str = ""
    assumed: float | None = None
    pooled: Literal["sum", "mean", "geometric mean", "worst"]
    is_limited: bool = False
    setting: str = ""
    shortfall: str = ""
    amount: str = ""
    limit: str = ""
    brief: str = ""
    none_brief: str = ""
    remedy: str = ""

    def of_side(self, side: str) -> str:
        """Its column in a table with both sides: "net_speech_known_s"."""
        stem, unit = self.name.rsplit("_", 1)
        return f"{stem}_{side}_{unit}"

    def is_worse(self, value: float, than: float) -> bool:
        """Whether scores get worse from one value to another."""
        return value > than if self.worse == "more" else value < than


def _declare(quantity: Quantity) -> Mapping[str, Quantity]:
    return {"quantity": quantity}


@dataclass(frozen=True, slots=True)
class Measured:
    """What is measured of the speech of one recording, or of one side of a comparison; the table of all quantities.

    Attributes:
        net_speech_s: length of what the speech detector kept.
        snr_db: level of speech without its noise over the noise; None where there is no noise to measure.
        bandwidth_hz: the frequency below which the codec or line passes speech.
        low_edge_hz: the frequency above which the line passes speech, or the voice's own lower end; None where it was
            not measured.
        c50_db: estimated clarity of the room, its first 50 ms over what follows; None where it was not measured.
        clipped_share: share of speech samples in runs at the highest level, 0 to 1; None where it was not measured.
    """

    net_speech_s: float = field(
        metadata=_declare(
            Quantity(
                noun="net speech",
                label="Net speech",
                unit="s",
                scale="octaves",
                step=1.0,
                worse="less",
                better_counts=_BETTER,
                is_always_measured=True,
                pooled="sum",
                is_limited=True,
                setting="min_net_speech_s",
                shortfall="Too little speech",
                amount="{:.1f} s of net speech",
                limit="net speech of at least {}",
                brief="{:.0f} s of speech",
                remedy="Supply more speech of this speaker.",
            )
        )
    )
    snr_db: float | None = field(
        metadata=_declare(
            Quantity(
                noun="SNR",
                label="SNR",
                unit="dB",
                scale="dB",
                step=5.0,
                most=CLEAN_SNR_DB,
                worse="less",
                better_counts=_BETTER,
                none_states=math.inf,
                none_reads="clean",
                pooled="mean",
                is_limited=True,
                setting="min_snr_db",
                shortfall="Too much noise",
                amount="an SNR of {:.0f} dB",
                limit="SNR of at least {}",
                brief="SNR {:.0f} dB",
                none_brief="no noise",
                remedy="Supply a cleaner recording.",
            )
        )
    )
    bandwidth_hz: float = field(
        metadata=_declare(
            Quantity(
                noun="bandwidth",
                label="Upper band edge",
                unit="Hz",
                scale="octaves",
                step=0.5,
                worse="less",
                is_always_measured=True,
                pooled="geometric mean",
                is_limited=True,
                shortfall="Too narrow a band",
                amount="an upper edge of {:.0f} Hz",
                limit="upper edge of at least {}",
                brief="upper edge {:.0f} Hz",
                remedy="Supply the original, or a better copy.",
            )
        )
    )
    low_edge_hz: float | None = field(
        default=None,
        metadata=_declare(
            Quantity(
                noun="start of the band",
                label="Lower band edge",
                unit="Hz",
                scale="octaves",
                step=0.5,
                least=LOWEST_EDGE_HZ,
                comparatives=("higher", "lower"),
                pooled="mean",
                brief="lower edge {:.0f} Hz",
            )
        ),
    )
    c50_db: float | None = field(
        default=None,
        metadata=_declare(
            Quantity(
                noun="clarity",
                label="Clarity of the room (C50)",
                unit="dB",
                scale="dB",
                step=5.0,
                most=DRY_C50_DB,
                worse="less",
                better_counts=_BETTER,
                pooled="mean",
                is_limited=True,
                shortfall="Too much reverberation",
                amount="a clarity (C50) of {:.0f} dB",
                limit="clarity of at least {}",
                brief="C50 {:.0f} dB",
                remedy="Supply a recording nearer to the speaker.",
            )
        ),
    )
    clipped_share: float | None = field(
        default=None,
        metadata=_declare(
            Quantity(
                noun="clipping",
                label="Clipping",
                unit="share",
                scale="points",
                step=5.0,
                worse="more",
                better_counts=_BETTER,
                assumed=0.0,
                pooled="worst",
                is_limited=True,
                setting="max_clipped_share",
                shortfall="Clipping",
                amount="{:.0%} of the speech clipped",
                limit="at most {} of the speech clipped",
                remedy="Supply an original that is not overdriven.",
            )
        ),
    )


def declared(table: type[Measured]) -> tuple[Quantity, ...]:
    """The quantities of a table, in its order."""
    return tuple(replace(each.metadata["quantity"], name=each.name) for each in fields(table))


QUANTITIES = declared(Measured)
"""Every measured condition."""

LIMITED = tuple(quantity for quantity in QUANTITIES if quantity.is_limited)
"""Those that the validated envelope limits."""

BY_NAME: Mapping[str, Quantity] = {quantity.name: quantity for quantity in QUANTITIES}
PLACE: Mapping[str, int] = {quantity.name: number for number, quantity in enumerate(QUANTITIES)}
"""Where in ``QUANTITIES`` each one stands."""


@dataclass(frozen=True, slots=True)
class Term:
    """A function of one quantity of one side.

    Attributes:
        quantity: its name.
        least, most: values beyond count as this.
        origin: value at which the term is 0.
        unit: what the difference from the origin is divided by; doublings where it is logarithmic.
        is_log: whether the quantity counts by its logarithm.
        otherwise: value where nothing was measured.
        moves_slope: whether it moves the slope as well as the offset.
    """

    quantity: str
    least: float
    most: float
    origin: float
    unit: float
    otherwise: float
    is_log: bool = False
    moves_slope: bool = False

    def of(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The term, of values with NaN where nothing was measured."""
        value = np.clip(np.where(np.isnan(values), self.otherwise, values), self.least, self.most)
        if self.is_log:
            return np.asarray(np.log2(value / self.origin) / self.unit)
        return np.asarray((value - self.origin) / self.unit)


TERMS: tuple[Term, ...] = (
    Term("net_speech_s", 2.0, 30.0, 10.0, 1.0, 10.0, is_log=True, moves_slope=True),
    Term("snr_db", -5.0, CLEAN_SNR_DB, CLEAN_SNR_DB, 10.0, CLEAN_SNR_DB),
    Term("bandwidth_hz", 2000.0, 8000.0, 8000.0, 1.0, 8000.0, is_log=True),
    Term("c50_db", -5.0, DRY_C50_DB, DRY_C50_DB, 10.0, DRY_C50_DB),
)
"""By which conditions move scores and embeddings. Only what can be estimated on recordings that no simulator made."""


def side_terms(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The terms of one side.

    Args:
        values: quantities in the order of ``QUANTITIES``, NaN where nothing was measured, shape (n, quantities).

    Returns:
        Shape (n, terms).
    """
    return np.stack([term.of(values[:, PLACE[term.quantity]]) for term in TERMS], 1)


def quantities_of(measured: Measured) -> NDArray[np.float64]:
    """The quantities of one recording or side, in the order of ``QUANTITIES``, NaN where nothing was measured."""
    found = [getattr(measured, quantity.name) for quantity in QUANTITIES]
    return np.array([math.nan if value is None else value for value in found], np.float64)
