"""A seeded case with everything that a report must cope with; no audio, no files."""

import dataclasses
import hashlib
import re
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import polars as pl

from forensic.case.details import CaseDetails, Question
from forensic.case.store import SCHEMAS
from forensic.comparison.independence import OnBothSides
from forensic.comparison.method import Method
from forensic.comparison.outcomes import Explanation, KnownRecording, KnownSpeaker, SegmentEffect
from forensic.comparison.spoken_language import LanguageDifference, OtherLanguage
from forensic.comparison.tables import COMPARISONS_SCHEMA, STATUS_LR, STATUS_NONE
from forensic.likelihood_ratio.explanation import Amount, Typicality, Voice
from forensic.likelihood_ratio.relevant import PopulationChoice
from forensic.likelihood_ratio.scale import load_scale
from forensic.records import Calibration, Conditions, Interval, ScoreMaps
from forensic.report.case.inputs import ReportInputs
from forensic.settings import ComparisonSettings, Settings

FORBIDDEN = re.compile(r"\bmatch|confiden|identif|guilt", re.IGNORECASE)
"""Words of other methods, and of verdicts, that no report uses."""

ODD_NAMES = (
    'call "><script>alert(1)</script>\n.wav',
    "voicemail \u202egpj.exe $x^2$ & {{ 7*7 }}.mp3",
    r"undecodable \udcff\udcfe name.ogg",
    "تسجيل 通話 запись 🎙.m4a",
    "a" * 180 + ".wav",
)
ODD_SUSPECTS = ("Novak", "O'Hara <b>", "Müller-Żółć $\\alpha$", "ключ 證人")
SCALE = load_scale()
MODEL, SETTINGS = "5e" * 32, "7a" * 32
KEY = {"model_sha256": MODEL, "settings_sha256": SETTINGS}
SHORT = (
    "The questioned recording has 1.2 s of net speech and 2.0 s are needed. "
    "A longer excerpt of the same recording would make an LR possible."
)
NOISY = "The SNR of -3 dB is below the limit of 0 dB. The original instead of a copy may be cleaner."


def sha256_of(text):
    """A stand-in for the hash of a file."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def calibration(seed=0, *, speakers=120, upper=2.1, name="AMR-NB 5.9", snr_db=14.0):
    """A plausible calibration on Gaussian scores."""
    rng = np.random.default_rng(seed)
    same, different = rng.normal(0.72, 0.09, 900), rng.normal(0.41, 0.1, 20_000)
    slope, intercept = 14.0, -8.1
    return Calibration(
        id=sha256_of(f"calibration {seed}")[:16],
        questioned=Conditions(20.0, snr_db, 3400.0, 240.0, 12.0, name=name),
        known=Conditions(60.0, None, 8000.0, 80.0, 29.0, name="clean"),
        questioned_distance=0.41,
        known_distance=0.18,
        score_map=ScoreMaps("logistic", 0.0, 1.0, np.array([[intercept, intercept + slope]]), goes_on=True),
        limit=np.array([intercept, intercept + slope]),
        draws=rng.normal((intercept, intercept + slope), (0.5, 0.8), (1000, 2)),
        lower_bound_log10_lr=-2.4,
        upper_bound_log10_lr=upper,
        cllr=Interval(0.243, 0.211, 0.282),
        cllr_min=Interval(0.221, 0.192, 0.254),
        eer=Interval(0.058, 0.044, 0.073),
        speakers=speakers,
        recordings=4 * speakers,
        same_speaker_scores=same,
        different_speaker_scores=different,
        same_speaker_log10_lr=slope * same + intercept,
        different_speaker_log10_lr=slope * different + intercept,
        corpora=("Common Voice 17 (en)", "LibriSpeech"),
    )


def method():
    """What computed the results."""
    return Method(
        software_version="0.1.0",
        model_name="ge2e-lstm-256",
        model_sha256=MODEL,
        model_licence="Apache-2.0",
        model_training_data="LibriSpeech train-clean-360, 921 speakers, with simulated telephone channels.",
        score="cosine of the questioned and the known embedding",
        score_identity="cosine",
        settings=Settings(comparison=ComparisonSettings(min_net_speech_s=2.0, min_snr_db=0.0)),
        settings_sha256=SETTINGS,
        hardware="x86-64, 8 cores, no accelerator",
        operating_system="Debian GNU/Linux 12",
        python_version="3.11.9",
        libraries={"torch": "2.13.0", "numpy": "2.4.1", "av": "18.0.0", "polars": "2.1.0"},
        seeds={"comparison": 20260701},
        command_line="forensic compare CASE --reference 'suspects & co'",
        duration_s=73.4,
        population="193 speakers, the model's bank.",
        population_sha256="cd" * 32,
        population_kind="bank",
    )


def details():
    """A case.toml that was filled in, though not all of it."""
    return CaseDetails(
        reference="2026/0417-A",
        title="Forensic voice comparison: emergency calls",
        laboratory="State Laboratory, Speech and Audio\n12 Harbour Street",
        customer="Public Prosecutor, District 4",
        examiner="Dr A. Examiner",
        received=date(2026, 3, 2),
        questions=(
            Question("Are the callers of the ten recordings among the four suspects?"),
            Question("Is ключ 證人 the caller of call 2?", ("call 2.wav",), ("ключ 證人",), "See the figures."),
        ),
        information_received="Ten calls to the emergency line were secured.\n\nFour suspects were heard.",
        relevant_population=PopulationChoice("Adult speakers of English, of either sex, over a mobile telephone."),
        assumptions=("Each channel of a recording holds the speech of one person.",),
        remarks="",
    )


class _Tables:
    """Rows of the evidence tables, added file by file."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.rows = {name: [] for name in SCHEMAS}
        self.seen = set()

    def file(self, path, side, *, content=None, status="audio", reason=None, remedy=None):
        sha256 = None if status == "unreadable" else sha256_of(content or path)
        self.rows["files"].append(
            {
                "path": path,
                "sha256": sha256,
                "size_bytes": int(self.rng.integers(40_000, 9_000_000)),
                "modified_ns": 0,
                "side": side,
                "status": status,
                "reason": reason,
                "remedy": remedy,
                "scanned_utc": datetime(2026, 3, 3, tzinfo=UTC),
            }
        )
        return sha256

    def examined(self, sha256, channels=(0,), *, notes=()):
        if sha256 in self.seen:
            return
        self.seen.add(sha256)
        duration = float(self.rng.uniform(15, 400))
        self.rows["recordings"].append(
            {
                "sha256": sha256,
                **KEY,
                "container": "wav",
                "codec": "pcm_s16le",
                "sample_rate_hz": 8000,
                "channels": max(1, len(channels)),
                "bit_rate": 128_000,
                "bits_per_sample": 16,
                "duration_s": duration,
                "notes": list(notes),
            }
        )
        for channel in channels:
            self._channel({"sha256": sha256, "channel": channel, **KEY}, duration)

    def _channel(self, key, duration):
        points = 1000
        times = np.linspace(0, duration, points)
        starts = np.arange(0.4, duration - 3, 4.0)
        ends = starts + self.rng.uniform(1, 3, len(starts))
        loud = np.zeros(points)
        for start, end in zip(starts, ends, strict=True):
            loud[(times >= start) & (times < end)] = 0.3
        envelope = (loud + 0.01) * self.rng.uniform(0.3, 1, points)
        clean = self.rng.random() < 0.2
        self.rows["quality"].append(
            {
                **key,
                "duration_s": duration,
                "net_speech_s": float(np.sum(ends - starts)),
                "speech_level_dbfs": float(self.rng.uniform(-32, -18)),
                "noise_level_dbfs": None if clean else -52.0,
                "snr_db": None if clean else float(self.rng.uniform(4, 38)),
                "peak_dbfs": float(self.rng.uniform(-9, 0)),
                "clipped_share": float(self.rng.choice([0.0, 0.0004, 0.021])),
                "bandwidth_hz": float(self.rng.choice([3400.0, 3700.0, 7900.0])),
                "low_edge_hz": float(self.rng.choice([72.4, 281.0])),
                "c50_db": float(self.rng.choice([4.2, 30.0])),
                "envelope_low": (-envelope).tolist(),
                "envelope_high": envelope.tolist(),
            }
        )
        named = len(self.rows["language"]) % 2 == 0
        self.rows["language"].append(
            {
                **key,
                "answer": "named" if named else "not covered",
                "language": "cy" if named else None,
                "probability": 0.91,
                "top_languages": ["cy", "br"],
                "top_probabilities": [0.91, 0.05],
                "speech_s": 9.0,
            }
        )
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            segment = {"segment": number, "start_s": start, "end_s": end, "windows": 2, "embedding": None}
            self.rows["segments"].append(key | segment)

    def fails(self, sha256, step, problem, remedy, channel=None):
        key = {"sha256": sha256, "channel": channel, **KEY}
        self.rows["failures"].append(key | {"step": step, "problem": problem, "remedy": remedy})

    def frame(self, name):
        return pl.DataFrame(self.rows[name], schema=SCHEMAS[name])


def compared(path, sha256, speaker, log10_lr, fit, **changes):
    """A row of the comparisons with an LR, bounded where it passes the calibration's bounds."""
    low, high = fit.lower_bound_log10_lr, fit.upper_bound_log10_lr
    issued = float(np.clip(log10_lr, low, high))
    row = {
        "questioned_path": path,
        "questioned_sha256": sha256,
        "channel": 0,
        "turn": 0,
        "suspect": speaker.name,
        "known_sha256": [recording.sha256 for recording in speaker.recordings],
        "score": (log10_lr - fit.score_map.log10_lr[0, 0]) / np.diff(fit.score_map.log10_lr[0]).item(),
        "log10_lr": issued,
        "log10_lr_low": max(issued - 0.5, low),
        "log10_lr_high": min(issued + 0.5, high),
        "unbounded_log10_lr": float(log10_lr),
        "verbal_equivalent": SCALE.describe(max(issued - 0.5, low), min(issued + 0.5, high)),
        "status": STATUS_LR,
        "reason": None,
        "calibration_id": fit.id,
        "questioned_cell": f"{fit.questioned.name}, {fit.questioned.net_speech_s:.0f} s",
        "questioned_distance": 0.72,
        "questioned_differs": "3 dB less SNR",
        "known_cell": f"{fit.known.name}, {fit.known.net_speech_s:.0f} s",
        "known_distance": 0.2,
        "known_differs": "no notable difference",
    }
    return row | changes


def refused(path, sha256, speaker, reason, **changes):
    """A row of the comparisons without an LR."""
    row = compared(path, sha256, speaker, 0.0, calibration())
    nothing = dict.fromkeys(name for name in row if "log10" in name or name in {"score", "calibration_id"})
    nothing["verbal_equivalent"] = None
    return row | nothing | {"status": STATUS_NONE, "reason": reason} | changes


def case(seed=1):
    """Ten questioned recordings, four suspects: failures, odd names, refusals, bounded LRs, duplicates."""
    tables = _Tables(seed)
    calibrations = [calibration(1), calibration(2, upper=1.7, name="GSM 06.10", snr_db=7.0)]
    speakers = [_speaker(tables, name, 1 + number % 2) for number, name in enumerate(ODD_SUSPECTS)]
    rows = []
    for number, name in enumerate([*ODD_NAMES, "call 2.wav", "call 10.wav", "call 10 copy.wav"]):
        path = f"/cases/417/questioned/{name}"
        content = "call 10" if name.startswith("call 10") else None
        sha256 = tables.file(path, "questioned", content=content)
        notes = ["The container states another duration."] if name == "call 2.wav" else ()
        tables.examined(sha256, notes=notes)
        rows += _case_rows(path, sha256, speakers, calibrations[number % 5 % 2], reason=SHORT if number == 2 else "")
    rows += _stereo(tables, speakers, calibrations[0])
    rows += _broken(tables, speakers)
    tables.file("/cases/417/questioned/lost.wav", "questioned", status="unreadable", reason="Permission denied.")
    tables.file("/cases/417/questioned/notes\n.txt", "questioned", status="skipped", reason="No audio in it.")
    return explained(_inputs(tables, rows, speakers, calibrations))


def explained(inputs, seed=5):
    """The case with the highest LR of each questioned speaker explained."""
    rng = np.random.default_rng(seed)
    highest = (
        inputs.comparisons.filter(pl.col("status") == STATUS_LR)
        .sort("log10_lr", descending=True, maintain_order=True)
        .unique(["questioned_sha256", "channel", "turn"], keep="first", maintain_order=True)
    )
    return replace(inputs, explanations=tuple(_explanation(row, rng) for row in highest.to_dicts()))


def _explanation(row, rng):
    """Of twelve stretches, in a recording of a good hour."""
    starts = np.sort(rng.uniform(0, 4000, 12))
    changes = rng.normal(0.1, 0.3, 12)
    unbounded = row["unbounded_log10_lr"]
    amounts = []
    for number, net_speech_s in ((1, 1.4), (2, 3.1), (4, 7.0), (7, 15.2), (12, 24.0)):
        value = row["log10_lr"] * net_speech_s / 24.0
        log10_lr = None if number == 1 else (value, value - 0.4, value + 0.5)
        amounts.append(Amount(number, net_speech_s, log10_lr, None if number == 1 else net_speech_s))
    voices = tuple(Voice(f"corpus/{n:03}", 0.6 - 0.02 * n) for n in range(5))
    return Explanation(
        **{name: row[name] for name in ("questioned_path", "questioned_sha256", "channel", "turn", "suspect")},
        stretches=12,
        net_speech_s=24.0,
        log10_lr_of_stretches=unbounded,
        segments=tuple(
            SegmentEffect(float(start), float(start) + 2.0, unbounded - float(change), float(change))
            for start, change in zip(starts, changes, strict=True)
        ),
        amounts=tuple(amounts),
        typicality=Typicality(120, 3, 0.025, voices, row["score"]),
    )


def _speaker(tables, name, recordings):
    known = []
    for take in range(recordings):
        path = f"/cases/417/suspects/{name}/interview {take + 1}.wav"
        known.append(KnownRecording(path, tables.file(path, "reference")))
        tables.examined(known[-1].sha256)
    return KnownSpeaker(name, tuple(known))


def _case_rows(path, sha256, speakers, fit, *, reason="", channel=0):
    """Rows of one channel; the same bytes give the same LRs."""
    rng = np.random.default_rng(int(sha256[:8], 16) + channel)
    speaker_of_it = int(rng.integers(len(speakers)))
    rows = []
    for place, speaker in enumerate(speakers):
        log10_lr = float(rng.normal(2.2 if place == speaker_of_it else -1.1, 0.7))
        if reason:
            rows.append(refused(path, sha256, speaker, reason, channel=channel))
        elif log10_lr < -2.3:
            rows.append(refused(path, sha256, speaker, NOISY, channel=channel, score=0.44))
        else:
            rows.append(compared(path, sha256, speaker, log10_lr, fit, channel=channel))
    return rows


def _stereo(tables, speakers, fit):
    path = "/cases/417/questioned/stereo.wav"
    sha256 = tables.file(path, "questioned")
    tables.examined(sha256, (1, 2))
    tables.fails(sha256, "speech", "Channel 3 holds no speech.", "Nothing would help.", channel=3)
    return [row for channel in (1, 2) for row in _case_rows(path, sha256, speakers, fit, channel=channel)]


def _broken(tables, speakers):
    path = "/cases/417/questioned/broken.mp3"
    sha256 = tables.file(path, "questioned")
    tables.fails(sha256, "decode", "The recording breaks off after 3.1 s.", "Ask for the original file.")
    return [refused(path, sha256, speaker, "The recording could not be decoded.") for speaker in speakers]


def large_case(questioned=60, suspects=20, seed=2):
    """Many recordings, many suspects."""
    tables = _Tables(seed)
    rng = np.random.default_rng(seed)
    calibrations = [calibration(number, name=f"cell {number}") for number in range(8)]
    speakers = []
    for number in range(suspects):
        path = f"/cases/9/suspects/Suspect {number:02}/known.wav"
        sha256 = tables.file(path, "reference")
        tables.examined(sha256)
        speakers.append(KnownSpeaker(f"Suspect {number:02}", (KnownRecording(path, sha256),)))
    rows = []
    for number in range(questioned):
        path = f"/cases/9/questioned/call {number:03}.wav"
        sha256 = tables.file(path, "questioned")
        tables.examined(sha256)
        fit = calibrations[number % len(calibrations)]
        for place, speaker in enumerate(speakers):
            value = float(rng.normal(2.2 if number % suspects == place else -1.3, 0.8))
            refuse = number % 17 == 3
            rows.append(
                refused(path, sha256, speaker, SHORT) if refuse else compared(path, sha256, speaker, value, fit)
            )
    return _inputs(tables, rows, speakers, calibrations)


def without_lr(inputs):
    """The same case with no LR for any comparison."""
    empty = ("score", "log10_lr", "log10_lr_low", "log10_lr_high", "unbounded_log10_lr", "verbal_equivalent")
    columns = {name: pl.lit(None, COMPARISONS_SCHEMA[name]) for name in (*empty, "calibration_id")}
    rows = inputs.comparisons.with_columns(**columns, status=pl.lit(STATUS_NONE), reason=pl.lit(SHORT))
    return replace(inputs, comparisons=rows, calibrations={}, explanations=())


def empty_case():
    """A case into which nothing came."""
    return replace(_inputs(_Tables(0), [], [], []), case_details=CaseDetails(), leaks=())


def _inputs(tables, rows, speakers, calibrations):
    return ReportInputs(
        case_details=details(),
        comparison_id="20260331-140512-3f9c1b",
        created_utc=datetime(2026, 3, 31, 14, 5, 12, tzinfo=UTC),
        files=tables.frame("files"),
        recordings=tables.frame("recordings"),
        quality=tables.frame("quality"),
        segments=tables.frame("segments"),
        language=tables.frame("language"),
        failures=tables.frame("failures"),
        comparisons=pl.DataFrame(rows, schema=COMPARISONS_SCHEMA),
        known_speakers=tuple(speakers),
        calibrations={fit.id: fit for fit in calibrations},
        method=method(),
        scale=SCALE,
        language_differences=(
            LanguageDifference(
                "ключ 證人", ("cy",), (OtherLanguage("/cases/417/questioned/call 2.wav", 0, 0, 1, "br"),)
            ),
        ),
        leaks=(OnBothSides("/cases/417/questioned/call 10.wav", "ключ 證人", "ab" * 32),),
    )


def texts(value):
    """Every string in nested dataclasses."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from texts(part)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from texts(getattr(value, field.name))
