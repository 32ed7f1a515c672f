"""How well models tell people apart, beside peers (Resemblyzer 0.1.4, CAM++) on the same waveforms.

    python benchmarks/speaker_accuracy.py [MODEL_FOLDER ...] [--manifest FILE] [--out FOLDER]
    python benchmarks/speaker_accuracy.py --check-import    # the public weights, imported, against the peer itself
    python benchmarks/speaker_accuracy.py --speakers 20 --conditions clean "AMR-NB 5.9"    # a quick look

People of the split "population". The known side is clean, 25 s of speech where there is as much, at least 8 s. The
questioned side goes through simulated channels and is cut to 2, 5, 10 and 20 s of speech, up to three pieces a person.
All systems get the very same samples, speech alone, cut at the same instants in every condition, each side at a random
gain of -12 to +6 dB (`--as-recorded` leaves it out): without it a peer that keeps the level tells people apart by how
loud they recorded themselves. Ours embeds as in a case; the peer does what its authors document (`preprocess_wav`,
`embed_utterance`, cosine), in an environment of its own. `--campplus` adds CAM++ and the sum of its cosine and the
first model's score. Different-speaker pairs are within one corpus, and within one language where it has several. None
of the people may have been trained on.

Printed: EER and Cllr_min with 95 % intervals over speakers, and the ratio of Cllr_min to the peer's. `--out` also
writes results.csv, table.md and accuracy.svg. Waveforms and embeddings are kept in `--work`; a run that was stopped
goes on, and another model only embeds.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from _accuracy import Cell, measure
from _accuracy_report import cost, percent, summary_lines, write_report
from _campplus import campplus_python
from _embeddings import campplus_system, our_system, peer_system, sum_of
from _peer import peer_python
from _trials import TrialRequest, make_trials

from forensic.audio.channel import CASE_CHANNELS
from forensic.speaker.extractor import default_model_folder

_CHANNELS = {channel.name: channel for channel in CASE_CHANNELS}
_CONDITIONS = tuple(name for name in _CHANNELS if name != "15 dB noise")


def main() -> None:
    """Make the comparisons, embed them with everything, print the tables."""
    options = _options()
    conditions = tuple(_CHANNELS[name] for name in options.conditions)
    python = peer_python(options.peer)
    people = make_trials(
        TrialRequest(
            options.manifest,
            options.work,
            conditions,
            options.seed,
            options.workers,
            options.speakers,
            has_random_gain=not options.as_recorded,
        )
    )
    print(f"{len(people)} people with enough speech on both sides")
    if options.check_import:
        from _import_check import check_import

        sys.exit(0 if check_import(python, people, conditions) else 1)
    peer = peer_system(python, people, conditions, options.workers)
    systems = [peer, *(our_system(folder, people, conditions, options.workers) for folder in options.models)]
    if options.campplus is not None:
        strongest = campplus_system(campplus_python(options.campplus), people, conditions, options.workers)
        systems += [strongest, sum_of(systems[1], strongest)]
    print(f"the peer's own speech detector left nothing of {peer.fallbacks} pieces; they were embedded without it")
    names = [system.name for system in systems]
    if len(set(names)) < len(names):
        sys.exit("Two of the models have one name. Give folders with names of their own.")
    print(f"\n{'corpus':24}{'questioned':26}{'speech s':>8}{'people':>7}{'same':>6}{'different':>10}  ", end="")
    print(f"{'system':18}{'EER %':>23}{'Cllr_min':>25}{'ratio':>7}")
    cells = measure(people, options.conditions, systems, options.fewest_people, options.draws, _print_cell)
    print()
    print("\n".join(summary_lines(cells, names)))
    if options.out is not None:
        write_report(options.out, cells, names)
        print(f"written: {options.out}")


def _print_cell(cell: Cell) -> None:
    start = (
        f"{cell.corpus:24}{cell.condition:26}{cell.net_speech_s:8.0f}{cell.people:7}{cell.same:6}{cell.different:10}  "
    )
    peer = next(iter(cell.eer))
    for name in cell.eer:
        ratio = "" if name == peer else f"{cell.ratio(name, peer):7.2f}"
        print(f"{start:83}{name:18}{percent(cell.eer[name]):>23}{cost(cell.cllr_min[name]):>25}{ratio}", flush=True)
        start = ""


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="*", default=[default_model_folder()], help="model folders")
    parser.add_argument(
        "--manifest", type=Path, default=Path("../shared/speech/manifest.csv"), help="CSV of recordings"
    )
    parser.add_argument("--work", type=Path, default=Path("work/speaker_accuracy"), help="waveforms and embeddings")
    parser.add_argument("--peer", type=Path, default=Path("work/peer"), help="folder of the peer's environment")
    parser.add_argument("--campplus", type=Path, help="folder of CAM++'s environment; without it CAM++ is left out")
    parser.add_argument("--as-recorded", action="store_true", help="no random gain")
    parser.add_argument("--out", type=Path, help="folder for results.csv, table.md and accuracy.svg")
    parser.add_argument("--check-import", action="store_true", help="compare imported weights with the peer, no more")
    parser.add_argument("--conditions", nargs="+", choices=list(_CHANNELS), default=_CONDITIONS, metavar="NAME")
    parser.add_argument("--speakers", type=int, help="people a corpus at most, those with the most audio")
    parser.add_argument("--fewest-people", type=int, default=15, help="in a cell that is printed")
    parser.add_argument("--draws", type=int, default=500, help="of the bootstrap over speakers")
    parser.add_argument("--seed", type=int, default=1, help="of the channels")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
