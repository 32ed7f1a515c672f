"""Forensic voice comparison with an LSTM: from folders of recordings to likelihood ratios and a report.

What programs and notebooks use is in ``forensic.api``, and is loaded on its first use: the command must answer at once.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from forensic.api import Case, compare, identify, link, scan, verify
    from forensic.settings import Settings

__version__ = "0.1.0"

__all__ = ["Case", "Settings", "__version__", "compare", "identify", "link", "scan", "verify"]


def __getattr__(name: str) -> Any:
    """Load a name of the API on its first use."""
    if name not in __all__:
        raise AttributeError(f"module 'forensic' has no attribute {name!r}")
    from forensic import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return __all__
