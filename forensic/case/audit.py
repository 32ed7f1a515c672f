"""The audit log: one JSON object per line, each with the hash of the line before, so that any change shows."""

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from forensic.errors import CaseError

_FIRST = "0" * 64


def append_audit(log: Path, action: str, facts: dict[str, Any]) -> str:
    """Add a line.

    Args:
        log: the file; made if it is missing.
        action: what was done.
        facts: paths, hashes, versions and counts, as JSON values.

    Returns:
        The SHA-256 of the new line.
    """
    lines = log.read_bytes().splitlines() if log.exists() else []
    previous = hashlib.sha256(lines[-1]).hexdigest() if lines else _FIRST
    entry = {
        "time_utc": datetime.now(UTC).isoformat(),
        "action": action,
        "facts": facts,
        "previous_sha256": previous,
    }
    line = json.dumps(entry, ensure_ascii=True, sort_keys=True).encode()
    with log.open("ab") as file:
        file.write(line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return hashlib.sha256(line).hexdigest()


def verify_audit(log: Path) -> int:
    """Check the chain.

    Returns:
        The number of lines.

    Raises:
        CaseError: if a line was changed, removed or inserted.
    """
    previous = _FIRST
    lines = log.read_bytes().splitlines()
    for number, line in enumerate(lines, 1):
        try:
            stated = json.loads(line)["previous_sha256"]
        except (ValueError, KeyError, TypeError):
            stated = None
        if stated != previous:
            raise CaseError(
                f"The audit log {log} is broken at line {number}.",
                "It was changed after it was written: compare it with a copy from elsewhere.",
            )
        previous = hashlib.sha256(line).hexdigest()
    return len(lines)
