"""The other end of ``forensic.audio.decoder``: a file's audio, decoded in a process of its own.

What a file can do there ends there: a crash, a hang or a file that swells in memory costs this one file, and the
process is replaced. Limits grow with the file: a file of a megabyte cannot hold days of speech.
"""

import atexit
import contextlib
import dataclasses
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from forensic.errors import DecodeError, FileReadError, ForensicError, RecordingError, WorkerError, cannot_read
from forensic.settings import RawFormat

_HEAD_BYTES = 16
_MEGABYTE = 1 << 20
_SECOND_BYTES = 60.0  # the thriftiest codecs of telephones take more for a second of speech
_FREE_AUDIO_S = 3600.0
_FREE_MEMORY = 1 << 30
_FREE_WAIT_S = 120.0
_WAIT_S_PER_MEGABYTE = 4.0
_SMALLER = "Convert it to WAV, or export the part that matters, and scan that."


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may take.

    Attributes:
        audio_s: decoded audio of a track, in seconds.
        memory_bytes: of the decoding process, beyond what it starts with.
        wait_s: seconds that are waited for it, all in all.
    """

    audio_s: float
    memory_bytes: int
    wait_s: float


def limits_of(size_bytes: int) -> Limits:
    """The limits for a file of a size."""
    return Limits(
        audio_s=_FREE_AUDIO_S + size_bytes / _SECOND_BYTES,
        memory_bytes=_FREE_MEMORY + size_bytes,
        wait_s=_FREE_WAIT_S + _WAIT_S_PER_MEGABYTE * size_bytes / _MEGABYTE,
    )


@dataclass(frozen=True, slots=True)
class Message:
    """A step of the decoding process: its kind, what it says, and samples as bytes."""

    kind: str
    content: dict[str, Any]
    samples: bytes


class UnknownFormat(Exception):  # noqa: N818 - what it means depends on the file's name
    """The bytes are in no known format."""


@contextlib.contextmanager
def decoded(path: Path, channels: str, damaged: str, raw: RawFormat | None) -> Iterator[Iterator[Message]]:
    """The steps of decoding a file: ``format``, then ``begin`` and ``chunk`` in turn, then ``end``.

    Args:
        path: the file.
        channels: as ``audio.channels``.
        damaged: as ``audio.damaged``.
        raw: what it holds if it has no header.

    Raises:
        UnknownFormat: if the bytes are in no known format.
        DecodeError: if the audio cannot be decoded, or takes more than it may.
        FileReadError: if the bytes cannot be read.
        WorkerError: if the decoding process died of it.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        cannot_read(error)
    with file:
        limits = limits_of(os.fstat(file.fileno()).st_size)
        request = {
            "channels": channels,
            "damaged": damaged,
            "raw": None if raw is None else dataclasses.asdict(raw),
            "limit_s": limits.audio_s,
            "memory_bytes": limits.memory_bytes,
        }
        process = _take()
        try:
            process.ask(request, file.fileno(), limits)
            yield process.messages()
        finally:
            process.finish()


@dataclass(slots=True)
class _Process:
    """A decoding process, and how long it was waited for."""

    process: subprocess.Popen[bytes]
    link: socket.socket
    limits: Limits = field(default_factory=lambda: limits_of(0))
    waited_s: float = 0.0
    is_done: bool = True
    owner: int = field(default_factory=os.getpid)

    def ask(self, request: dict[str, Any], file: int, limits: Limits) -> None:
        """Send a request and the file that it is about."""
        self.limits, self.waited_s, self.is_done = limits, 0.0, False
        try:
            socket.send_fds(self.link, [json.dumps(request).encode() + b"\n"], [file])
        except OSError:
            raise self._died() from None

    def messages(self) -> Iterator[Message]:
        """What it answers; the next step is asked for before this one is used, so that both go on."""
        while True:
            message = self._receive()
            kind = message.kind
            if kind == "end":
                self.is_done = True
                yield message
                return
            if kind not in {"format", "begin", "chunk"}:
                self.is_done = True
                raise self._problem(message)
            if kind == "format":
                yield message
                self._want_more()
            else:
                self._want_more()
                yield message

    def finish(self) -> None:
        """Keep the process for the next file; one that was left in the middle of a file is ended."""
        if self.is_done and self.process.poll() is None:
            _idle.append(self)
        else:
            self.end()

    def end(self) -> None:
        """End the process, if it is ours: a forked process must not end its parent's."""
        if self.owner != os.getpid():
            return
        self.link.close()
        self.process.kill()
        self.process.wait()

    def _want_more(self) -> None:
        try:
            self.link.sendall(b"+")
        except OSError:
            raise self._died() from None

    def _receive(self) -> Message:
        head = self._read(_HEAD_BYTES)
        line = json.loads(self._read(int.from_bytes(head[:8])))
        return Message(line["kind"], line, bytes(self._read(int.from_bytes(head[8:]))))

    def _read(self, count: int) -> bytearray:
        data = bytearray(count)
        view, at = memoryview(data), 0
        while at < count:
            began = time.monotonic()
            ready, _, _ = select.select([self.link], [], [], max(0.0, self.limits.wait_s - self.waited_s))
            self.waited_s += time.monotonic() - began
            if not ready:
                self.end()
                raise DecodeError(
                    f"Decoding takes longer than {self.limits.wait_s:.0f} s, the limit for files of its size.", _SMALLER
                )
            try:
                got = self.link.recv_into(view[at:])
            except ConnectionError:
                got = 0
            if not got:
                raise self._died()
            at += got
        return data

    def _died(self) -> WorkerError:
        self.link.close()
        code = self.process.wait()
        if code > 0:  # Python's own way to end with an error: it did not come as far as the file
            raise ForensicError("The process that decodes recordings cannot be started.", "Install forensic again.")
        why = f"signal {signal.Signals(-code).name}" if code < 0 else "it ended"
        return WorkerError(f"The process that decodes it died of it ({why}).", _SMALLER)

    def _problem(self, message: Message) -> Exception:
        content = message.content
        if message.kind == "unknown":
            return UnknownFormat()
        if message.kind == "memory":
            self.is_done = False
            megabytes = self.limits.memory_bytes // _MEGABYTE
            return DecodeError(f"Decoding takes more than {megabytes:,} MB, the limit of memory for it.", _SMALLER)
        if message.kind == "bug":
            self.is_done = False
            error = DecodeError(
                f"Decoding ends in an unexpected error: {content['traceback'].strip().splitlines()[-1]}.",
                "Convert it to WAV and scan that; errors.log in the case has the details to report.",
            )
            error.add_note(content["traceback"])
            return error
        classes: dict[str, type[RecordingError]] = {FileReadError.step: FileReadError}
        return classes.get(message.kind, DecodeError)(content["problem"], content["remedy"])


_idle: list[_Process] = []


def _take() -> _Process:
    while _idle:
        process = _idle.pop()
        if process.owner == os.getpid() and process.process.poll() is None:
            return process
    here, there = socket.socketpair()
    with there:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OPENBLAS_NUM_THREADS": "1"}
        started = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "forensic.audio.decoder", str(there.fileno())],
            pass_fds=[there.fileno()],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    return _Process(started, here)


@atexit.register
def _end_all() -> None:
    while _idle:
        _idle.pop().end()
