"""A measured condition as a report prints it."""

from forensic.quantities import Quantity
from forensic.report.shared.formats import format_duration, format_quantity, format_share, printable


def format_measured(quantity: Quantity, value: float | str) -> str:
    """A value with its unit: "3 min 05 s", "12 dB", "3.4 %", "AMR or GSM".

    Raises:
        ReportError: if it is a number that is not finite.
    """
    if isinstance(value, str):
        return printable(value)
    if quantity.unit == "s":
        return format_duration(value)
    if quantity.unit == "share":
        return format_share(value)
    return format_quantity(value, quantity.unit)
