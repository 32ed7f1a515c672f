"""A validated envelope in words."""

from collections.abc import Callable, Mapping

from forensic.likelihood_ratio.envelope import Envelope, Limits
from forensic.report.shared.formats import format_duration, format_number, format_quantity, format_share, printable

_SAYS: Mapping[str, Callable[[float], str]] = {
    "net_speech_s": lambda value: f"net speech of at least {format_duration(value)}",
    "snr_db": lambda value: f"SNR of at least {format_quantity(value, 'dB')}",
    "bandwidth_hz": lambda value: f"upper edge of at least {format_quantity(value, 'Hz')}",
    "c50_db": lambda value: f"clarity of at least {format_quantity(value, 'dB')}",
    "clipped_share": lambda value: f"at most {format_share(value)} of the speech clipped",
}


def envelope_in_words(envelope: Envelope) -> str:
    """Criterion, limits of either side, and where they come from; foreign text written out."""
    return (
        f"Cllr at most {format_number(envelope.criterion, 2)}, at the upper end of its 95 % interval. Questioned side: "
        f"{limits_in_words(envelope.questioned)}. Known side: {limits_in_words(envelope.known)}. "
        f"{printable(envelope.basis)}"
    )


def limits_in_words(limits: Limits) -> str:
    """Each quantity that is limited; what was not measured is not named."""
    found = [says(value) for name, says in _SAYS.items() if (value := getattr(limits, name)) is not None]
    return ", ".join(found) or "no limit"
