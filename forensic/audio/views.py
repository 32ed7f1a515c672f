"""A part of an open file, read as if it were a file of its own."""

import io
from collections.abc import Mapping
from typing import BinaryIO


class View(io.RawIOBase):
    """A window of a file, behind bytes of our own, with some bytes replaced; it has no name.

    Args:
        file: that is read; nobody else may read it meanwhile.
        start: where the window starts in it.
        length: of the window; None goes to the end.
        prefix: bytes before the window, such as a header that the file lacks.
        patches: by place in the view, what is read there instead.

    Attributes:
        is_pcm: whether it has been opened, and was found to be a WAV file of plain samples.
    """

    def __init__(
        self,
        file: BinaryIO,
        start: int = 0,
        length: int | None = None,
        prefix: bytes = b"",
        patches: Mapping[int, bytes] | None = None,
    ) -> None:
        super().__init__()
        self.file, self.start, self.prefix = file, start, prefix
        self._patches = patches or {}
        there = max(0, file.seek(0, io.SEEK_END) - start)
        self.size = len(prefix) + (there if length is None else min(length, there))
        self.is_pcm = False
        self._at = 0

    def twin(self) -> "View":
        """The same view with a place of its own."""
        return View(self.file, self.start, self.size - len(self.prefix), self.prefix, self._patches)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The place of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, which may be behind the end: nothing is read there."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise OSError(22, "Invalid argument")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: "memoryview | bytearray") -> int:  # type: ignore[override]
        """Fill the buffer as far as there are bytes."""
        wanted = max(0, min(len(buffer), self.size - self._at))
        data = self.prefix[self._at : self._at + wanted]
        if len(data) < wanted:
            self.file.seek(self.start + self._at + len(data) - len(self.prefix))
            data += self.file.read(wanted - len(data))
        if self._patches:
            data = self._patched(data)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def _patched(self, data: bytes) -> bytes:
        patched = bytearray(data)
        for place, content in self._patches.items():
            for index, byte in enumerate(content, place - self._at):
                if 0 <= index < len(patched):
                    patched[index] = byte
        return bytes(patched)
