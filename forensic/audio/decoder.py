"""The process that decodes: files of strangers meet FFmpeg here, and nothing else.

It is handed open files through a socket, may write none, and sends back numbers and JSON, which cannot make its reader
run anything. Its memory is limited; what it takes longer than it may, its reader ends it for.

Run as ``python -m forensic.audio.decoder SOCKET``.
"""

import contextlib
import ctypes
import dataclasses
import json
import os
import resource
import signal
import socket
import sys
import traceback
from typing import Any, BinaryIO

from forensic.audio.reading import Begin, Reading
from forensic.audio.source import UnknownContent
from forensic.errors import RecordingError
from forensic.records import Samples
from forensic.settings import RawFormat

_PDEATHSIG, _NO_NEW_PRIVILEGES = 1, 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_LINE_BYTES = 8
_MOST_OPEN_FILES = 64


def main(number: int) -> None:
    """Serve requests from a socket until its other end closes."""
    with socket.socket(fileno=number) as link:
        _confine()
        while True:
            request, files, _, _ = socket.recv_fds(link, 1 << 16, 1)
            if not request:
                return
            while not request.endswith(b"\n"):
                more = link.recv(1 << 16)
                if not more:
                    return
                request += more
            with os.fdopen(files[0], "rb") as file:
                _answer(link, json.loads(request), file)


def _confine() -> None:
    """End with the parent, gain no rights, reach no network where the system allows that, and write no file."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)  # refused in some containers, and by some administrators
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MOST_OPEN_FILES, _MOST_OPEN_FILES))


def _answer(link: socket.socket, request: dict[str, Any], file: BinaryIO) -> None:
    """Decode one file: a line of JSON for every step, samples behind those that announce them."""
    _limit_memory(request["memory_bytes"])
    try:
        raw = request["raw"]
        reading = Reading(
            file, RawFormat(**raw) if raw else None, request["channels"], request["damaged"], request["limit_s"]
        )
        _send(link, {"kind": "format", "format": dataclasses.asdict(reading.audio_format)})
        if not _is_wanted(link):
            return
        for step in reading.steps():
            if isinstance(step, Begin):
                _send(link, {"kind": "begin", **dataclasses.asdict(step)})
            else:
                _send(link, {"kind": "chunk", "shape": step.shape}, step)
            if not _is_wanted(link):
                return
        _send(link, {"kind": "end", "notes": reading.notes})
    except UnknownContent:
        _send(link, {"kind": "unknown"})
    except MemoryError:
        _send(link, {"kind": "memory"})
    except RecordingError as error:
        _send(link, {"kind": error.step, "problem": error.problem, "remedy": error.remedy})
    except Exception:  # noqa: BLE001 - whatever a file does to the decoder is that file's failure
        if "Cannot allocate memory" in (text := traceback.format_exc()):
            _send(link, {"kind": "memory"})
        else:
            _send(link, {"kind": "bug", "traceback": text})


def _limit_memory(more: int) -> None:
    """Allow so many bytes beyond what the process has."""
    with open("/proc/self/statm") as file:  # noqa: PTH123 - two system calls
        now = int(file.read().split()[0]) * resource.getpagesize()
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (now + more, resource.RLIM_INFINITY))


def _send(link: socket.socket, content: dict[str, Any], samples: Samples | None = None) -> None:
    line = json.dumps(content).encode()
    data = b"" if samples is None else samples.tobytes()
    link.sendall(len(line).to_bytes(_LINE_BYTES) + len(data).to_bytes(_LINE_BYTES) + line)
    if data:
        link.sendall(data)


def _is_wanted(link: socket.socket) -> bool:
    """Whether the reader wants the next step."""
    return link.recv(1) == b"+"


if __name__ == "__main__":
    main(int(sys.argv[1]))
