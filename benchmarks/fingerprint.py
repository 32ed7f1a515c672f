"""How well copies of a recording are found by their acoustic fingerprint, and how often others are taken for copies.

    python benchmarks/fingerprint.py [--speech FOLDER] [--cuts 60]

Detection: people of the split ``population``, their clips, each from its first to its last speech, joined to recordings
of 34 s or more, changed, and then cut, at any sample, to 5, 10 and 30 s; found if the right lag comes out (to 80 ms).
False alarms: all pairs of different clips, which hold many sentences said twice, and of the joined recordings through
one codec. Speech is found in each version by itself, as in a scan. Speed is time of this process a second of audio, one
thread.
"""

import argparse
import csv
import itertools
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from scipy.signal import resample_poly

from forensic.audio.channel import Band, Channel, Noise, Room, Sources, simulate
from forensic.audio.codec import Codec
from forensic.audio.duplicates import find_overlaps
from forensic.audio.fingerprint import FingerprintMeter
from forensic.audio.sources import read_samples
from forensic.audio.speech import find_speech, speech_probability
from forensic.settings import SpeechSettings

_RATE_HZ = 16_000
_LENGTHS_S = (5.0, 10.0, 30.0)
_RIGHT_S = 0.08
_CHANGES = {
    "level -20 dB": (),
    "44.1 kHz and back": (),
    "AMR-NB 4.75": (Codec("AMR-NB", 4_750),),
    "AMR-NB 12.2": (Codec("AMR-NB", 12_200),),
    "GSM, telephone band": (Band(300, 3_400), Codec("GSM")),
    "G.711, telephone band": (Band(300, 3_400), Codec("G.711 A-law")),
    "Opus 8 kbit/s": (Codec("Opus narrowband", 8_000),),
    "MP3 16 kbit/s": (Codec("MP3", 16_000),),
    "AAC 24 kbit/s": (Codec("AAC", 24_000),),
    "AMR 7.95 twice": (Codec("AMR-NB", 7_950), Codec("AMR-NB", 7_950)),
    "pink noise 15 dB": (Noise(15.0, "pink"),),
    "pink noise 10 dB, AMR 5.9": (Noise(10.0, "pink"), Codec("AMR-NB", 5_900)),
    "played in a room (T60 0.5 s)": (Room(0.5, 0.0),),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--cuts", type=int, default=60, help="recordings that are changed and cut")
    options = parser.parse_args()
    torch.set_num_threads(1)
    by_speaker: dict[str, list[np.ndarray]] = defaultdict(list)
    with (options.speech / "manifest.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["split"] == "population":
                by_speaker[f"{row['corpus']}/{row['speaker']}"].append(read_samples(options.speech / row["path"]))
    clips = [clip for own in by_speaker.values() for clip in own]
    false_alarms("clips", _fingerprints(clips))
    spoken = iter(_spoken(clips))
    trimmed = [np.concatenate([next(spoken) for _ in own]) for own in by_speaker.values()]
    joined = [whole for whole in trimmed if len(whole) >= 34 * _RATE_HZ]
    chosen = [joined[index] for index in np.random.default_rng(1).permutation(len(joined))[: options.cuts]]
    originals = _fingerprints(chosen)
    detection(chosen, originals)
    amr = _fingerprints([simulate(one, Channel("", (Codec("AMR-NB", 5_900),)), Sources(), 1) for one in joined])
    false_alarms("recordings joined of a speaker's clips, AMR-NB 5.9", amr)
    speed(chosen, originals)


def detection(recordings: Sequence[np.ndarray], originals: Sequence[np.ndarray]) -> None:
    """Print the share of cuts that are found, by change and length."""
    print(f"\nFound, % of {len(recordings)} cuts, each looked for in all {len(recordings)} recordings at once")
    print(f"{'change':30}" + "".join(f"{length_s:7.0f} s" for length_s in _LENGTHS_S) + "   bits differing   wrong")
    for name, steps in _CHANGES.items():
        changed = [_changed(one, name, steps) for one in recordings]
        shares, errors, wrong = [], [], 0
        for length_s in _LENGTHS_S:
            random = np.random.default_rng(7)
            starts = [int(random.integers(0, len(one) - length_s * _RATE_HZ)) for one in changed]
            length = round(length_s * _RATE_HZ)
            cuts = _fingerprints([one[start : start + length] for one, start in zip(changed, starts, strict=True)])
            overlaps = find_overlaps([*originals, *cuts], [0] * len(originals) + [1] * len(cuts))
            right = set()
            for one in overlaps:
                cut = one.second - len(originals)
                lag_s = one.first_start_s - one.second_start_s
                if one.first == cut and abs(lag_s - starts[cut] / _RATE_HZ) <= _RIGHT_S:
                    right.add(cut)
                    errors.append(one.bit_error_rate)
                else:
                    wrong += 1
            shares.append(100 * len(right) / len(cuts))
        rate = f"{100 * float(np.mean(errors)):5.0f} %" if errors else "    -"
        print(f"{name:30}" + "".join(f"{share:9.0f}" for share in shares) + f"{rate:>17}{wrong:8}", flush=True)


def _changed(samples: np.ndarray, name: str, steps: tuple[object, ...]) -> np.ndarray:
    if name.startswith("level"):
        return 0.1 * samples
    if name.startswith("44.1"):
        return resample_poly(resample_poly(samples, 441, 160), 160, 441).astype(np.float32)
    return simulate(samples, Channel(name, steps), Sources(), 3)  # type: ignore[arg-type]


def false_alarms(what: str, fingerprints: Sequence[np.ndarray]) -> None:
    """Print how many pairs of different recordings are taken for copies, and the strongest that is short."""
    began = time.process_time()
    found = find_overlaps(fingerprints, range(len(fingerprints)))
    taken = time.process_time() - began
    short = find_overlaps(fingerprints, range(len(fingerprints)), least_s=0.0)
    pairs = len(list(itertools.combinations(range(len(fingerprints)), 2)))
    print(f"\n{what}: {len(fingerprints)}, {sum(map(len, fingerprints)) / 25 / 60:.0f} minutes")
    print(f"taken for copies: {len({(one.first, one.second) for one in found})} of {pairs:,} pairs, in {taken:.1f} s")
    print(f"  with stretches of any length: {len({(one.first, one.second) for one in short})}")
    for one in sorted(short, key=lambda one: -one.evidence)[:3]:
        print(f"  {one.compared_s:.1f} s, {100 * one.bit_error_rate:.0f} % of bits differ, evidence {one.evidence:.1f}")


def speed(recordings: Sequence[np.ndarray], fingerprints: Sequence[np.ndarray]) -> None:
    """Print times real time and bytes a second."""
    seconds = sum(map(len, recordings)) / _RATE_HZ
    times = []
    for _ in range(3):
        began = time.process_time()
        for samples in recordings:
            meter = FingerprintMeter()
            meter.update(samples)
            meter.result([])
        times.append(time.process_time() - began)
    size = sum(one.nbytes for one in fingerprints) / seconds
    print(f"\nspeed: {seconds / np.median(times):.0f} times real time; {size:.0f} bytes a second")


def _spoken(clips: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Each clip from its first to its last speech."""
    found = []
    for first in range(0, len(clips), 64):
        batch = list(clips[first : first + 64])
        for samples, probability in zip(batch, speech_probability(batch), strict=True):
            segments = find_speech(probability, len(samples), SpeechSettings())
            begin = round(segments[0].start_s * _RATE_HZ) if segments else 0
            end = round(segments[-1].end_s * _RATE_HZ) if segments else 0
            found.append(samples[begin:end])
    return found


def _fingerprints(recordings: Sequence[np.ndarray]) -> list[np.ndarray]:
    found = []
    for first in range(0, len(recordings), 64):
        batch = list(recordings[first : first + 64])
        for samples, probability in zip(batch, speech_probability(batch), strict=True):
            meter = FingerprintMeter()
            meter.update(samples)
            found.append(meter.result(find_speech(probability, len(samples), SpeechSettings())))
    return found


if __name__ == "__main__":
    main()
