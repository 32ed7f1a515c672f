"""Fundamental frequencies, formants and articulation rates of adults, measured as ``forensic report --phonetics`` does.

    python benchmarks/phonetics.py [--speech FOLDER] [--write FOLDER]

Everybody of the split ``population`` but the children: recordings are scanned as those of a case, and the first minute
of each person's speech is described. People with less speech than a percentile asks for are left out. Printed: how many
people there are by corpus and by register of the voice, and the quantiles of each quantity. ``--write
models/phonetics-1`` makes the table that ships again, with its card. It needs the extra ``forensic[phonetics]``.
"""

import argparse
import hashlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).parent))

from _people import rows_of_people

from forensic import Case, Settings, scan
from forensic.audio.phonetics import describe_voice
from forensic.audio.phonetics_population import FEWEST_S, PEOPLE_SCHEMA, quantities, register
from forensic.comparison.listening import Spoken, speech_used
from forensic.errors import SpeechError
from forensic.records import SAMPLE_RATE_HZ
from forensic.settings import AudioSettings, DiarizationSettings, LanguageSettings
from forensic.storage.atomic import written_whole
from forensic.storage.cards import write_card
from forensic.workflows.report import LONGEST_AUDIO_S

_GAP = np.zeros(round(0.25 * SAMPLE_RATE_HZ), np.float32)
_SHOWN = (0.05, 0.25, 0.5, 0.75, 0.95)


def main() -> None:
    """Describe everybody, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--speech", type=Path, default=Path("../shared/speech"), help="folder with manifest.csv")
    parser.add_argument("--write", type=Path, help="folder of the table and its card")
    options = parser.parse_args()
    manifest = rows_of_people(options.speech / "manifest.csv").filter(pl.col("age").fill_null("") != "child")
    people = pl.DataFrame(list(described(options.speech, manifest)), PEOPLE_SCHEMA, orient="row")
    licences = dict(manifest.select("corpus", "licence").unique("corpus").sort("corpus").iter_rows())
    for (group, corpus), part in people.group_by("register", "corpus", maintain_order=True):
        print(f"{group:5} {corpus:16} {part.height:4} people, {part['speech_s'].sum() / 60:.0f} minutes")
    for (group,), part in people.group_by("register", maintain_order=True):
        for name in PEOPLE_SCHEMA:
            if part[name].dtype == pl.Float64:
                values = part[name].drop_nulls()
                spread = "".join(f"{values.quantile(share, 'linear'):9.2f}" for share in _SHOWN)
                print(f"{group:5} {name:24}{values.len():5}{spread}")
    if options.write:
        write(options.write, people, licences)


def described(speech: Path, manifest: pl.DataFrame) -> Iterator[dict[str, object]]:
    """A row of the table for each person with enough speech."""
    settings = Settings(diarization=DiarizationSettings(speakers="1"), language=LanguageSettings(identify=False))
    with tempfile.TemporaryDirectory() as folder:
        case = Case(folder)
        scan(case, [speech / path for path in manifest["path"]], settings=settings, workers=2)
        tables = {name: case.evidence(name) for name in ("files", "segments", "quality")}
    sha256 = dict(tables["files"].select("path", "sha256").iter_rows())
    for (corpus, _speaker), rows in manifest.sort("corpus", "speaker", "path").group_by(
        "corpus", "speaker", maintain_order=True
    ):
        parts, bands, spoken_s = [], [], 0.0
        for path in (speech / each for each in rows["path"]):
            own = pl.col("sha256") == sha256.get(str(path.absolute()), "")
            stretches = tables["segments"].filter(own).sort("start_s").select("start_s", "end_s").rows()
            if not stretches or spoken_s >= LONGEST_AUDIO_S:
                continue
            parts += [speech_used(Spoken(path, 0, tuple(stretches)), LONGEST_AUDIO_S - spoken_s, AudioSettings()), _GAP]
            bands += tables["quality"].filter(own)["bandwidth_hz"].to_list()
            spoken_s = min(spoken_s + sum(end - start for start, end in stretches), LONGEST_AUDIO_S)
        if spoken_s < FEWEST_S:
            continue
        try:
            voice = describe_voice(np.concatenate(parts), spoken_s, float(np.median(bands)))
        except SpeechError:
            continue
        yield {"register": register(voice), "corpus": corpus, "speech_s": spoken_s, **quantities(voice)}


def write(folder: Path, people: pl.DataFrame, licences: dict[str, str]) -> None:
    """The table, without who is who, and its card."""
    content = people.sort(*PEOPLE_SCHEMA).write_csv(float_precision=3).encode()
    folder.mkdir(parents=True, exist_ok=True)
    with written_whole(folder / "people.csv") as file:
        file.write(content)
    counts = people["corpus"].value_counts().sort("corpus")
    by_corpus = ", ".join(f"{corpus} {number}" for corpus, number in counts.iter_rows())
    write_card(
        folder,
        {
            "name": folder.name,
            "task": "fundamental frequency, formants and articulation rate of adults, for percentiles",
            "licence": "Apache-2.0",
            "data": f"People with {FEWEST_S:g} s of speech or more, by corpus: {by_corpus}. Children are left out "
            "where the corpus states them. Read or prompted speech of microphones, in many languages.",
            "licences": licences,
            "limits": "The corpora state neither sex nor, mostly, age: people are apart by the register of the voice, "
            "not by sex. Articulation rates differ between languages and ways of speaking.",
            "table": {"file": "people.csv", "sha256": hashlib.sha256(content).hexdigest()},
        },
    )


if __name__ == "__main__":
    main()
