"""torchaudio's functions and transforms, whatever build of torch is installed.

torchaudio's wheel carries an extension that is linked to CUDA's torch; beside a CPU-only torch the plain
import raises ``OSError``, although everything that this package uses is pure Python. Here the plain import is
tried first, and where the extension cannot be loaded torchaudio is told that there is none. ::

    from forensic.torchaudio_shim import functional, transforms
"""

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

_EXTENSION = "torchaudio._extension"


def _import_torchaudio() -> None:
    try:
        importlib.import_module("torchaudio")
    except OSError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
            del sys.modules[name]  # half imported
        sys.modules[_EXTENSION] = _no_extension()
        importlib.import_module("torchaudio")


def _no_extension() -> ModuleType:
    """A module that stands for torchaudio's extension and says that it is not there."""
    stub = ModuleType(_EXTENSION)
    stub.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False, _IS_ALIGN_AVAILABLE=False, fail_if_no_align=_without_extension
    )
    return stub


def _without_extension(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for the functions that need the extension (forced alignment): they raise when called."""

    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError(f"{function.__name__} needs torchaudio's extension, which does not fit this torch.")

    return fail


def kaldi() -> ModuleType:
    """Kaldi's front end, imported when it is first asked for."""
    return importlib.import_module("torchaudio.compliance.kaldi")


_import_torchaudio()

from torchaudio import functional, transforms  # noqa: E402 - only now it can be imported

__all__ = ["functional", "kaldi", "transforms"]
