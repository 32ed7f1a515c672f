"""Adds to a wheel the manifest of its release: the hash of every file in it, the code included."""

import hashlib
import json
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ReleaseHook(BuildHookInterface):  # type: ignore[type-arg]
    """Takes the hashes of models and templates from ``forensic/release.json``, and those of the code from the files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the manifest, and have the wheel take it in place of the one in the checkout."""
        if version != "standard":  # an editable installation is the checkout itself
            return
        root = Path(self.root)
        manifest = json.loads((root / "forensic" / "release.json").read_bytes())
        for name, stated in manifest["files"].items():
            if hashlib.sha256((root / name).read_bytes()).hexdigest() != stated:
                message = f"{name} is not as forensic/release.json says. Run: python -m forensic.storage.release"
                raise ValueError(message)
        code = sorted(path for path in (root / "forensic").rglob("*") if _is_code(path))
        own = {path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in code}
        manifest["files"] = dict(sorted((manifest["files"] | own).items()))
        made = Path(mkdtemp()) / "release.json"
        made.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        build_data["force_include"][str(made)] = "forensic/release.json"


def _is_code(path: Path) -> bool:
    return path.is_file() and not {"__pycache__", "_shipped"} & {*path.parts} and path.name != "release.json"
