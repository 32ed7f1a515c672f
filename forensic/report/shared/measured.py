"""A measured condition as a report prints it."""

import re

from forensic.quantities import Quantity
from forensic.report.shared.catalogue import _, figures
from forensic.report.shared.formats import format_duration, format_quantity, format_share

_DIFFERENCE = re.compile(r"(?P<amount>[\d.]+) (?P<scale>\w+) (?P<comparative>\w+) (?P<noun>.+)")


def format_measured(quantity: Quantity, value: float) -> str:
    """A value with its unit: "3 min 05 s", "12 dB", "3.4 %".

    Raises:
        ReportError: if it is not finite.
    """
    if quantity.unit == "s":
        return format_duration(value)
    if quantity.unit == "share":
        return format_share(value)
    return format_quantity(value, quantity.unit)


def differences_in_words(text: str) -> str:
    """How two conditions differ, in the language of the report: "12 dB less SNR, 1.0 octaves more bandwidth".

    Args:
        text: in English, as the tables have it (``forensic.likelihood_ratio.conditions.in_words``).
    """
    return ", ".join(map(_difference, text.split(", ")))


def _difference(text: str) -> str:
    found = _DIFFERENCE.fullmatch(text)
    if found is None:  # "no notable difference"
        return _(text)
    return _(
        "{amount} {scale} {comparative} {noun}",
        amount=figures(found["amount"]),
        scale=_(found["scale"]),
        comparative=_(found["comparative"]),
        noun=_(found["noun"]),
    )
