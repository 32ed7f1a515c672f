"""The sentences of a validation report that no setting changes."""

from forensic.report.shared.catalogue import N_

SAME_RECORDINGS = N_(
    "The system was not changed between the first comparison and the last. Another installation with these versions, "
    "hashes, settings and seeds gives the same LRs from the same recordings."
)
SAME_LIST = N_(
    "The system was not changed between the first comparison and the last. Another installation with these versions, "
    "hashes, settings and seeds gives the same LRs from the same list."
)

PAIRING_RECORDINGS = N_("""
All known recordings of one speaker, one session and one condition form a known side, pooled as a suspect's
recordings are in a case; each questioned recording is a questioned side by itself. Every known side was compared
with every questioned side of the same corpus.

Recordings went through the steps of a case: decoding, speech detection, embedding, scoring, calibration on the
reference population in conditions like those of the two recordings, bounds, and refusal. No recording of the
validation took part in fitting any calibration.
""")

SAME_SESSION_LEFT_OUT = N_(
    "Recordings of one session of one speaker were not compared with each other: what they share besides the voice "
    "would make LRs look better than they are."
)
SAME_SESSION_ALLOWED = N_(
    "Recordings of one session of one speaker were compared with each other. They share more than the voice (the day, "
    "the room, the device), so same-speaker LRs are larger here than they would be in a case."
)

PAIRING_LRS = N_("""
The list contained log10 LRs, which were used unchanged; nothing was calibrated here. Whoever made the list has to state
how its pairs were made and on whom the LRs were calibrated. The bounds are those that these LRs themselves support.
""")

PAIRING_BANK = N_("""
Each real call of the model's reference population with {seconds} s of net speech or more was compared with every other
one of its corpus; calls of one speaker only if they are of different days. Each LR is from a calibration without either
speaker. The bounds are those that these LRs themselves support.
""")

MEASURES_NOTE = N_(
    "As issued: within the bounds, as a case would have them. Before the bounds: as calibrated. Intervals come from "
    "resampling the speakers {draws} times with the seed {seed}; they say what the measure might have been on as "
    "many other people. Where no LR misled, the interval of the rate ends at {limit}."
)

LIMITATIONS = N_("""
A validation is about the people, recordings and conditions that were in it. It shows nothing about conditions outside
the envelope above, in either direction.

Cllr_cal and devPAV grow as speakers become fewer, however good the calibration, because the best calibration is
fitted to the same LRs that it is compared with. Compare them only between validations of similar size.

Comparisons that share a speaker are not independent: the number of comparisons says little about how much was shown,
the number of speakers says more. Groups with fewer than {fewest} speakers, or with comparisons of one kind
only, are counted but not measured.

Whoever made the manifest or the list has to state that the people of the validation took no part in training the model,
and that no person is in it under two names; the program compares names, not people.
""")

ENVELOPE_NOTE = N_(
    "Smallest and largest value among the comparisons that got an LR. Within this range, the breakdown above says "
    "where the LRs are good; outside it, nothing was shown."
)
