"""Verbal equivalents in the language of the report."""

from forensic.likelihood_ratio.scale import Direction
from forensic.report.shared.catalogue import N_, _


def verbal(strength: str, direction: Direction) -> str:
    """The verbal equivalent in full: "moderate support for H1 over H2".

    Args:
        strength: in the language of the report: "moderate support".
        direction: the proposition that is supported; empty for neither.
    """
    if not direction:
        return strength
    return _(_FULL[direction], strength=strength)


def brief_verbal(strength: str, direction: Direction) -> str:
    """The verbal equivalent without the proposition that it does not support: "moderate support for H1"."""
    if not direction:
        return strength
    return _("{strength} for {hypothesis}", strength=strength, hypothesis=direction)


_FULL = {"H1": N_("{strength} for H1 over H2"), "H2": N_("{strength} for H2 over H1")}
