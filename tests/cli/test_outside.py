"""Commands leave nothing outside the case: no temporary data, no account of this machine for anybody.

matplotlib keeps the list of installed fonts in the user's cache, which is of no case.
"""

import os
import subprocess
import sys

from factories import write_wav
from spoken import spoken


def test_nothing_is_left(tmp_path):
    """Left alone, onnxruntime keeps events of the machine below the home folder, to send to its maker."""
    home, temporary, case = (tmp_path / name for name in ("home", "t", "case"))  # short: sockets have short paths
    for folder in (home, temporary, tmp_path / "calls", tmp_path / "suspects"):
        folder.mkdir()
    write_wav(tmp_path / "calls" / "call.wav", spoken("adler", 8.0))
    write_wav(tmp_path / "suspects" / "Anna.wav", spoken("adler", 16.0, start_s=10.0))
    own = os.environ | {"HOME": str(home), "TMPDIR": str(temporary), "XDG_CACHE_HOME": str(home / "cache")}
    own = {name: value for name, value in own.items() if name != "ORT_DISABLE_TELEMETRY"}
    for command in (("scan", "calls"), ("compare", "--ref", "suspects")):
        call = [sys.executable, "-m", "forensic", *command, "--case", str(case), "--workers", "2"]
        subprocess.run(call, check=True, capture_output=True, env=own, cwd=tmp_path)
    left = [path.name for folder in (home, temporary) for path in folder.rglob("*") if path.is_file()]
    assert [name for name in left if not name.startswith("fontlist-")] == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calls", "case", "home", "suspects", "t"]
