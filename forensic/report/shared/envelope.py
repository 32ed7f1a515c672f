"""A validated envelope in words."""

from forensic.likelihood_ratio.envelope import Envelope, EnvelopeLimits
from forensic.quantities import LIMITED
from forensic.report.shared.catalogue import _
from forensic.report.shared.formats import format_number, printable
from forensic.report.shared.measured import format_measured
from forensic.report.shared.noted import noted


def envelope_in_words(envelope: Envelope) -> str:
    """The criterion, the limits of either side, and where they come from."""
    return _(
        "Cllr at most {criterion}, at the upper end of its 95 % interval. Questioned side: {questioned}. Known side: "
        "{known}. {basis}",
        criterion=format_number(envelope.criterion, 2),
        questioned=limits_in_words(envelope.questioned),
        known=limits_in_words(envelope.known),
        basis=printable(noted(envelope.basis)),
    )


def limits_in_words(limits: EnvelopeLimits) -> str:
    """The limit of each quantity that has one."""
    found = [
        _(quantity.limit).format(format_measured(quantity, limits[quantity.name]))
        for quantity in LIMITED
        if quantity.name in limits
    ]
    return ", ".join(found) or _("no limit")
