"""A validated envelope in words."""

from forensic.likelihood_ratio.envelope import Envelope, EnvelopeLimits
from forensic.quantities import LIMITED
from forensic.report.shared.formats import format_number, printable
from forensic.report.shared.measured import format_measured


def envelope_in_words(envelope: Envelope) -> str:
    """Criterion, limits of either side, and where they come from; foreign text written out."""
    return (
        f"Cllr at most {format_number(envelope.criterion, 2)}, at the upper end of its 95 % interval. Questioned side: "
        f"{limits_in_words(envelope.questioned)}. Known side: {limits_in_words(envelope.known)}. "
        f"{printable(envelope.basis)}"
    )


def limits_in_words(limits: EnvelopeLimits) -> str:
    """Each quantity that is limited; what was not measured is not named."""
    found = [
        quantity.limit.format(format_measured(quantity, limits[quantity.name]))
        for quantity in LIMITED
        if quantity.name in limits
    ]
    return ", ".join(found) or "no limit"
