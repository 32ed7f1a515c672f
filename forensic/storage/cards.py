"""A model folder's ``card.toml``: what it says, and whether a file beside it is the one that it names."""

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from forensic.errors import ModelError
from forensic.storage.atomic import written_whole

CARD = "card.toml"
REMEDY = "Restore the model folder from its source."

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a model folder.

    Raises:
        ModelError: if it is missing or cannot be parsed.
    """
    path = folder / CARD
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"{folder} is no model folder: cannot read its {CARD} ({error.strerror}).",
            "Name a folder with card.toml and weights.safetensors, as `forensic train` leaves one.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is not valid TOML: {error}.", REMEDY) from error


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    """Write a card.

    Args:
        folder: made where it is missing.
        card: strings, numbers, lists of them, and tables of the same, in any depth.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / CARD) as file:
        file.write(toml_text(card).encode())


def toml_text(table: Mapping[str, Any]) -> str:
    """TOML of strings, numbers, lists of them, and tables of the same, in any depth."""
    return "\n".join(_lines(table, "")) + "\n"


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


def _lines(table: Mapping[str, Any], name: str) -> Iterator[str]:
    """TOML of a table; JSON's strings, numbers and lists are TOML's."""
    for key, value in table.items():
        if not isinstance(value, Mapping):
            yield f"{_key(key)} = {json.dumps(value, ensure_ascii=False)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            inner = f"{name}.{_key(key)}" if name else _key(key)
            yield from ("", f"[{inner}]")
            yield from _lines(value, inner)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else json.dumps(key, ensure_ascii=False)
