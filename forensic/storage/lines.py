"""Values by key in a file of JSON lines that grows, and of which a kill tears the last line at most."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class KeyedLines:
    """What a file keeps, and more of it.

    Args:
        path: the file; made with the first value.

    Raises:
        OSError: if it is there and cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, Any] = {}
        content = path.read_bytes() if path.exists() else b""
        for line in content.splitlines():
            try:
                value = json.loads(line)
                self._found[value["key"]] = value["value"]
            except (ValueError, KeyError, TypeError):
                continue  # torn by a kill, or of somebody else
        self._is_torn = bool(content) and not content.endswith(b"\n")

    def __contains__(self, key: str) -> bool:
        """Whether a value is kept."""
        return key in self._found

    def __getitem__(self, key: str) -> Any:
        """The value of a key that is kept."""
        return self._found[key]

    def add(self, values: Mapping[str, Any]) -> None:
        """Keep values by key; they are on the disk when this returns.

        Raises:
            OSError: if the disk refuses.
        """
        if not values:
            return
        lines = "".join(f"{json.dumps({'key': key, 'value': value})}\n" for key, value in values.items())
        with self._path.open("a", encoding="utf-8") as file:
            file.write("\n" * self._is_torn + lines)
            file.flush()
            os.fsync(file.fileno())
        self._is_torn = False
        self._found |= values
