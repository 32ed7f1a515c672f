"""The sentences of a validation report that no setting changes."""

from forensic.report.shared.formats import paragraphs
from forensic.validation.measures import FEWEST_SPEAKERS

_SAME_SYSTEM = (
    "The system was not changed between the first comparison and the last. Another installation with these versions, "
    "hashes, settings and seeds gives the same LRs from the same "
)
SAME_RECORDINGS, SAME_LIST = f"{_SAME_SYSTEM}recordings.", f"{_SAME_SYSTEM}list."

PAIRING_RECORDINGS = paragraphs("""
All known recordings of one speaker, one session and one condition form a known side, pooled as a suspect's
recordings are in a case; each questioned recording is a questioned side by itself. Every known side was compared
with every questioned side of the same corpus.

Recordings went through the steps of a case: decoding, speech detection, embedding, scoring, calibration on the
reference population in conditions like those of the two recordings, bounds, and refusal. No recording of the
validation took part in fitting any calibration.
""")

SAME_SESSION_LEFT_OUT = (
    "Recordings of one session of one speaker were not compared with each other: what they share besides the voice "
    "would make LRs look better than they are."
)
SAME_SESSION_ALLOWED = (
    "Recordings of one session of one speaker were compared with each other. They share more than the voice (the day, "
    "the room, the device), so same-speaker LRs are larger here than they would be in a case."
)

PAIRING_LRS = paragraphs("""
The list held log10 LRs, which were taken as they are; nothing was calibrated here. How its pairs were made, and on
whom they were calibrated, is for whoever made it to state. The bounds are those that these LRs themselves support.
""")

MEASURES_NOTE = (
    "As issued: within the bounds, as a case would have them. Before the bounds: as calibrated. Intervals come from "
    "drawing speakers again, {draws:,} times with the seed {seed}, and say what the measure might have been on as many "
    "other people. Where no LR misled, the interval of the rate ends at 1 \N{MINUS SIGN} 0.025^(1/speakers)."
)

LIMITATIONS = paragraphs(f"""
A validation speaks of the people, recordings and conditions that were in it. What is outside the envelope above was
not shown, in either direction.

Cllr_cal and devPAV grow as speakers become fewer, however good the calibration, since the best calibration is fitted
to the very LRs that it is compared with. Compare them between validations of like size only.

Comparisons that share a speaker are not independent: the number of comparisons says little of how much was shown, the
number of speakers says more. Groups with fewer than {FEWEST_SPEAKERS} speakers, or with comparisons of one kind
only, are counted
and not measured.

That the people of the validation took no part in training the model, and that no person is in it under two names,
is stated by whoever made the manifest or the list; the program compares names, not people.
""")

ENVELOPE_NOTE = (
    "Smallest and largest value among the comparisons that got an LR. Within it, the breakdown above says where the "
    "LRs are good; outside, nothing was shown."
)
