"""A model folder's ``card.toml``: what it says, and whether a file beside it is the one that it names."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from forensic.errors import ModelError, SettingsError
from forensic.storage import toml
from forensic.storage.shipped import shipped

CARD = "card.toml"
REMEDY = "Restore the model folder from its source."
_BLAME = toml.Blame(ModelError, "the card ", REMEDY)

Shape = TypeVar("Shape")


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a model folder.

    Raises:
        ModelError: if it is missing or cannot be parsed.
    """
    if not (folder / CARD).is_file():
        raise ModelError(
            f"{folder} is no model folder: it has no {CARD}.",
            "Name a folder with card.toml and weights.safetensors, as `forensic train` leaves one.",
        )
    return toml.read(folder / CARD, dict[str, Any], _BLAME)


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write a card.

    Args:
        folder: made where it is missing.
        card: strings, numbers, lists of them, and tables of the same, in any depth.
    """
    folder.mkdir(parents=True, exist_ok=True)
    toml.write(folder / CARD, card)


def shape_of(folder: Path, card: Mapping[str, Any], kind: type[Shape]) -> Shape:
    """The shape of the network that the card describes.

    Args:
        folder: of the model.
        card: as ``read_card`` gives it.
        kind: data class of that shape.

    Raises:
        ModelError: if the card describes none, or a key of it is unknown, missing or has a value that is not allowed.
    """
    if "architecture" not in card:
        raise ModelError(f"The card of {folder} describes no architecture.", REMEDY)
    try:
        return toml.convert(card["architecture"], kind, str(folder / CARD), _BLAME, "architecture")
    except SettingsError as error:
        raise ModelError(f"The card of {folder} describes no network: {error.problem}", REMEDY) from error


def named_file(folder: Path, card: Mapping[str, Any], table: str) -> bytes:
    """The file that a table of the card names, checked against the SHA-256 beside its name.

    Args:
        folder: of the model.
        card: as ``read_card`` gives it.
        table: with ``file`` and ``sha256``.

    Raises:
        ModelError: if the card names none, it cannot be read, or it is another file.
    """
    try:
        path, expected = folder / str(card[table]["file"]), card[table]["sha256"]
        content = path.read_bytes()
    except (KeyError, TypeError) as error:
        raise ModelError(f"The card of {folder} does not say which file its {table} is.", REMEDY) from error
    except OSError as error:
        raise ModelError(f"Cannot read {path}: {error.strerror}.", REMEDY) from error
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != expected:
        raise ModelError(f"{path} is not the file that its card names: its SHA-256 is {sha256}.", REMEDY)
    return content


def named_folder(given: Path) -> Path:
    """The folder of a bundled model that is given by its name alone; any other path as it is."""
    bundled = shipped("models") / given
    return bundled if (bundled / CARD).is_file() and not (given / CARD).is_file() else given
