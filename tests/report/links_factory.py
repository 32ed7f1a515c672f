"""What a linking found, for its report."""

from datetime import UTC, datetime

import polars as pl

from forensic.case.store import SCHEMAS
from forensic.comparison.independence import SAME_SOURCE, SharedAudio, Suspicion
from forensic.comparison.outcomes import LinkOutcome, SuspectedPair, VoiceCluster
from forensic.comparison.refusal import Refusal, RefusalKind
from forensic.comparison.tables import LINKS_SCHEMA, VOICES_SCHEMA

SHARED = SharedAudio(0, 0, 0.0, 2.0, 10.0, 9.0, 0.02)


def links_of(inputs, voices, path="/case/{}.wav"):
    """So many voices in a chain of links, the first and last of one source, in the case of a report."""
    calibration_id, fitted = next(iter(inputs.calibrations.items()))
    named = [
        {"voice": number, "path": path.format(number), "sha256": f"{number}", "channel": 0, "turn": 0}
        | {"side": "questioned", "net_speech_s": 9.0, "pairs_with_lr": 1, "links": 1, "cluster": 1}
        for number in range(1, voices + 1)
    ]
    links = [
        {"known_voice": number, "questioned_voice": number + 1, "known_path": "", "questioned_path": ""}
        | {"score": 0.9, "log10_lr": 1.5, "log10_lr_low": 0.5 + number % 2, "log10_lr_high": 2.0}
        | {"unbounded_log10_lr": 1.5, "verbal_equivalent": "moderate", "share_of_draws": 0.9, "cluster": 1}
        | {"calibration_id": calibration_id}
        for number in range(1, voices)
    ]
    failures = pl.DataFrame(schema=SCHEMAS["failures"] | {"path": pl.String})
    return LinkOutcome(
        case_details=inputs.case_details,
        report_id="20260101-000000-abcdef",
        created_utc=datetime(2026, 1, 1, tzinfo=UTC),
        threshold_log10_lr=1.0,
        voices=pl.DataFrame([{key: row.get(key) for key in VOICES_SCHEMA} for row in named], VOICES_SCHEMA),
        links=pl.DataFrame([{key: row.get(key) for key in LINKS_SCHEMA} for row in links], LINKS_SCHEMA),
        clusters=(VoiceCluster(1, tuple(range(1, voices + 1)), 1.5, 1.5, voices - 1, 9, 0.93, False),),
        draws=200,
        suspicions=(SuspectedPair(Suspicion(SAME_SOURCE, "1", f"{voices}", SHARED), (1,), (voices,)),),
        not_searched=(),
        refusals=(None,) * voices,
        pairs=voices * (voices - 1) // 2,
        uses={calibration_id: voices - 1},
        without_lr=((Refusal(RefusalKind.NO_CALIBRATION, problem="Too few speakers."), 3),),
        calibrations={calibration_id: fitted},
        failures=failures,
        method=inputs.method,
        scale=inputs.scale,
    )
