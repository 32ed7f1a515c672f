"""Memory that is freed and asked for again, second after second."""

import contextlib
import ctypes
import gc
from collections.abc import Iterator

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_OBJECTS, _MINOR, _MAJOR = 100_000, 20, 100
_KEPT, _LARGEST = 256 << 20, 32 << 20  # bytes


def keep_freed_memory() -> None:
    """Let the C library keep what is freed, up to 256 MB, instead of giving it back at once.

    Arrays of some megabytes come and go for every stretch of audio. By default each is new memory from the system,
    whose every page has to be cleared first, which takes longer than most of what is calculated in it.
    """
    with contextlib.suppress(AttributeError, OSError):  # a C library without this setting is slower, no more
        libc = ctypes.CDLL(None)
        libc.mallopt(_MMAP_THRESHOLD, _LARGEST)
        libc.mallopt(_TRIM_THRESHOLD, _KEPT)


@contextlib.contextmanager
def rare_collection() -> Iterator[None]:
    """Look for unused cycles of objects more rarely for a while.

    Typesetting builds large trees of objects that stay, and would spend a third of its time on this search.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_OBJECTS, _MINOR, _MAJOR)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
