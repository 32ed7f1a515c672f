"""Whether the public GE2E weights, made into a model of ours, give the peer's own embeddings."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from _embeddings import run_peer
from _trials import KNOWN, Person, audio_file

from forensic.audio.channel import Channel
from forensic.records import Samples
from forensic.speaker.extractor import SpeakerModel, embed_windows, load_model, mean_embedding
from forensic.speaker.features import MEL_HOP, mel_power
from forensic.workflows.models import import_checkpoint

_TOLERANCE = 1e-4
_WAVEFORMS = 40
_WINDOW, _STEP, _LEAST_COVERAGE = 160, 77, 0.75  # the peer's windows: 1.3 a second are 77 frames apart


def check_import(python: Path, people: Sequence[Person], conditions: Sequence[Channel]) -> bool:
    """Embed the same waveforms with both, and print the largest difference.

    The waveforms are clean, degraded, short and long in turn, as the peer preprocesses them.

    Args:
        python: of the peer's environment, which brings the checkpoint.
        people: whose waveforms.
        conditions: of the questioned side.
    """
    torch.set_num_threads(1)
    (checkpoint,) = python.parent.parent.glob("lib/python*/site-packages/resemblyzer/pretrained.pt")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        imported = import_checkpoint(checkpoint, folder / "imported", "imported", "Apache-2.0", "see Resemblyzer")
        model = load_model(imported)
        jobs = []
        for index in range(_WAVEFORMS):
            person, turn = people[index % len(people)], index % (1 + len(conditions))
            side = KNOWN if turn == 0 else conditions[turn - 1]
            pieces = person.pieces(side if isinstance(side, str) else side.name)
            piece = pieces[index * 5 % len(pieces)]
            jobs.append(
                {
                    "audio": str(audio_file(person.folder, side)),
                    "pieces": [[piece.start, piece.stop]],
                    "out": str(folder / f"{index}.npz"),
                    "keep_wavs": True,
                }
            )
        run_peer(python, jobs, 1)
        differences, seconds = [], []
        for index in range(_WAVEFORMS):
            with np.load(folder / f"{index}.npz") as stored:
                wav, peers = stored["wav_0"], stored["embeddings"][0]
            differences.append(float(np.abs(_embedding(wav, model) - peers).max()))
            seconds.append(len(wav) / 16_000)
    is_equal = max(differences) <= _TOLERANCE
    print(f"{_WAVEFORMS} waveforms of {min(seconds):.1f} to {max(seconds):.1f} s, as the peer preprocesses them")
    print(f"largest absolute difference of an embedding's value: {max(differences):.2e}")
    print(f"equal to 1e-4: {'yes' if is_equal else 'no'}")
    return is_equal


def _embedding(wav: Samples, model: SpeakerModel) -> Samples:
    """Our features and network in the peer's windows."""
    starts = _window_starts(len(wav))
    padded = np.pad(wav, (0, max(0, (starts[-1] + _WINDOW) * MEL_HOP - len(wav))))
    power = mel_power(padded)
    windows = np.stack([power[start : start + _WINDOW] for start in starts])
    return mean_embedding(embed_windows(windows, model))


def _window_starts(samples: int) -> list[int]:
    """First frame of each window.

    Source: ``VoiceEncoder.compute_partial_slices`` of Resemblyzer 0.1.4.
    """
    frames = -(-(samples + 1) // MEL_HOP)
    starts = list(range(0, max(1, frames - _WINDOW + _STEP + 1), _STEP))
    coverage = (samples / MEL_HOP - starts[-1]) / _WINDOW
    return starts[:-1] if coverage < _LEAST_COVERAGE and len(starts) > 1 else starts
