"""How far work is: what those who watch a command are told."""

from collections.abc import Callable
from typing import TypeAlias

Note: TypeAlias = Callable[[str], None]
"""Called with the name of each step before it."""

Watch: TypeAlias = Callable[[int, int], None]
"""Called with how much of a step is done, and how much there is."""


def unnoted(step: str) -> None:
    """Nobody looks at the steps."""
    del step


def unwatched(done: int, total: int) -> None:
    """Nobody looks at the progress."""
    del done, total


def counting(note: Note, step: str, unit: str) -> Watch:
    """Watches a step as "calibrating, 12 of 57 conditions".

    Args:
        note: takes the words.
        step: its name.
        unit: what is counted, in the plural.
    """
    return lambda done, total: note(f"{step}, {done} of {total} {unit}")
