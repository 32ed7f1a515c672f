"""A measured condition as a report prints it."""

from forensic.quantities import Quantity
from forensic.report.shared.formats import format_duration, format_quantity, format_share


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
