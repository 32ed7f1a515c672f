"""What a command loads: no library that its answer does not need, for loading one takes up to seconds."""

import gc
import json
import subprocess
import sys

import pytest
from factories import write_wav
from spoken import spoken

from forensic.cli.loading import loading

_RUN = """
import json, sys
from forensic.cli.app import main
sys.argv[0] = "forensic"
try:
    main()
finally:
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def _loaded(*arguments):
    """Top-level packages that were loaded when the command ended."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [("--help",), ("verify", "--help"), ("link", "--help")], ids=" ".join)
def test_help_loads_nothing_that_calculates(arguments):
    """Nor what reads, stores or draws."""
    heavy = {"numpy", "polars", "onnxruntime", "torch", "torchaudio", "scipy", "av"}
    assert _loaded(*arguments) & (heavy | {"matplotlib", "jinja2", "weasyprint"}) == set()


_LEARNS_OR_REPORTS = {"torch", "torchaudio", "onnx", "matplotlib", "jinja2", "weasyprint", "fontTools"}


def test_a_verification_without_a_report_loads_nothing_that_learns_or_reports(tmp_path):
    """It decodes, embeds, classifies and calibrates; torch alone would take longer than all of that."""
    settings = tmp_path / "settings.toml"
    settings.write_text("[comparison]\nbootstrap_draws = 100\n")
    pair = [write_wav(tmp_path / f"{voice}.wav", spoken(voice, 6.0)) for voice in ("adler", "brook")]
    loaded = _loaded("verify", *pair, "--json", "--settings", settings)
    assert "onnxruntime" in loaded
    assert loaded & _LEARNS_OR_REPORTS == set()


def test_a_scan_loads_nothing_that_learns_or_reports(tmp_path):
    """By default, with the language and its accent."""
    (tmp_path / "calls").mkdir()
    write_wav(tmp_path / "calls" / "adler.wav", spoken("adler", 6.0))
    loaded = _loaded("scan", tmp_path / "calls", "--case", tmp_path / "case", "--workers", 1)
    assert "onnxruntime" in loaded
    assert loaded & _LEARNS_OR_REPORTS == set()


def test_garbage_is_collected_again_after_loading():
    """Whether the libraries could be loaded or not; and stays off where it was off."""
    with pytest.raises(ImportError), loading():
        assert not gc.isenabled()
        raise ImportError
    assert gc.isenabled()
    gc.disable()
    try:
        with loading():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
