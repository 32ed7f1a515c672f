"""The glossary: every term once, and the terms that each kind of report explains."""

from forensic.report.shared.catalogue import _
from forensic.report.shared.content import Fact
from forensic.report.shared.formats import paragraphs

_TERMS = """
Bandwidth: The frequency up to which a recording carries speech; a telephone line ends near 3.4 kHz.

Bound: The largest or smallest LR that the calibration data can support. An LR beyond it is replaced by the
bound.

C3f9c, …: Calibrations. A label is the start of the calibration's id, a number computed from everything that the
calibration is made of. In every report, the same label means the same calibration.

Calibration: The conversion of scores to likelihood ratios, learned from speakers who are known.

Clipped: The share of speech samples cut off at the recording's highest level.

Cllr: Log-likelihood-ratio cost, a measure of how good a system's LRs are: 0 is perfect; a system that
always says LR = 1 has a Cllr of 1.

Cllr_cal: Cllr \N{MINUS SIGN} Cllr_min: the part of Cllr that better calibration would remove.

Cllr_min: The part of Cllr that remains after the best possible calibration: it shows how well the scores
discriminate.

Cluster: Voices that are proposed for examination together, because their LRs with each other are high on average.

Comparison: One questioned recording (or one channel of it, or one speaker in that channel) compared with one known
speaker.

dBFS: Decibels relative to the highest level that the recording can hold, which is 0.

DET plot: The rates of the two kinds of error against each other, for every threshold, on axes of normal deviates.

devPAV: The mean distance, in log10 LR, between the LRs and what the best possible calibration makes of them.

Different-speaker: Describes a comparison of two people, for which H2 is true.

ECE plot: Empirical cross-entropy: how much remains unknown after the LRs are used, for every prior. It is shown to
judge the LRs at all priors; no prior is proposed.

EER: Equal error rate: the share of errors of either kind if scores were cut at the value where both kinds are
equally frequent. It describes the system; this report makes no such cut.

Embedding: The numbers by which the network describes a voice.

G1, G2, …: The clusters, numbered for this report.

K1, K2, …: The known recordings, numbered for this report; the SHA-256 says which file each is.

Known recording: A recording whose speaker is not in dispute; here, a recording of a suspect of the reference set.

Likelihood ratio (LR): The probability of the evidence if H1 is true, divided by its probability if H2 is
true. Strictly speaking, both are probability densities.

Link: A pair of voices whose LR reaches the threshold of this report.

log10 LR: The LR as a power of ten: 2 means 100, \N{MINUS SIGN}2 means 1/100, 0 means 1.

Misleading evidence: An LR above 1 where H2 is true, or below 1 where H1 is true.

Net speech: The total length of the stretches in which speech was detected.

PAV: Pool adjacent violators: a method that finds the best rising map from the LRs to calibrated LRs when the truth
is known.

Q1, Q2, …: The questioned recordings, numbered for this report; the SHA-256 says which file each is.

Questioned recording: A recording whose speaker is in dispute.

Refused: A comparison for which no LR was issued, with a reason.

Relevant population: The people to whom the questioned speaker belongs if H2 is true.

S1, S2, …: The known speakers, numbered for this report.

Same-speaker: Describes a comparison of two recordings of one person, for which H1 is true.

Score: The similarity of two embeddings. It is not calibrated and has no meaning of its own.

SHA-256: A number computed from all bytes of a file. Files with the same SHA-256 hold the same bytes.

SNR: Signal-to-noise ratio: how far the level of the speech is above that of the noise in its pauses, in decibels.

Tippett plot: For every LR, the share of same-speaker and of different-speaker comparisons whose LR is at
least that large.

V1, V2, …: The voices, numbered for this report.

Voice: All speech of one channel of a recording, or of one of several speakers in it.

Zoo plot: For each speaker, the mean log10 LR with their own recordings, against the mean log10 LR with other
people's.
"""
ENTRIES = {entry.split(": ", 1)[0]: entry for entry in paragraphs(_TERMS)}
"""Of each term "term: what it means"."""

_ALL = (
    "Bound|C3f9c, …|Calibration|Cllr|Different-speaker|EER|Likelihood ratio (LR)|log10 LR|Misleading evidence|"
    "Net speech|Same-speaker|SNR"
)
CASE = (
    f"{_ALL}|Bandwidth|Clipped|Cllr_min|Comparison|dBFS|Embedding|K1, K2, …|Known recording|Q1, Q2, …|"
    "Questioned recording|Relevant population|S1, S2, …|Score|SHA-256|Tippett plot"
)
VALIDATION = f"{_ALL}|Cllr_cal|Cllr_min|DET plot|devPAV|ECE plot|PAV|Refused|Tippett plot|Zoo plot"
LINKS = f"{_ALL}|Cluster|G1, G2, …|Link|Score|V1, V2, …|Voice"


def glossary(terms: str) -> tuple[Fact, ...]:
    """Terms and what they mean, in alphabetical order.

    Args:
        terms: separated by bars, such as ``CASE``.
    """
    entries = [_(ENTRIES[term]).split(": ", 1) for term in terms.split("|")]
    return tuple(Fact(term, meaning) for term, meaning in sorted(entries, key=lambda entry: entry[0].casefold()))
