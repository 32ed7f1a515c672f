"""Where the bundled templates and models are: in the installed package, or in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def shipped(kind: str) -> Path:
    """The folder of the bundled ``templates``, ``models`` or ``examples``.

    A wheel has them inside the package (``forensic/_shipped``); a checkout has them at its top level.
    """
    installed = _PACKAGE / "_shipped" / kind
    return installed if installed.is_dir() else _PACKAGE.parent / kind


def languages() -> tuple[str, ...]:
    """Codes of the languages that a report can be in: English, and those of which a catalogue is bundled."""
    return ("en", *sorted(path.stem for path in shipped("templates").glob("catalogues/*.mo")))
