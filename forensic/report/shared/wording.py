"""The sentences of a report that are the same in every case, whatever the settings."""

from forensic.report.shared.catalogue import N_

READING = N_("""
A likelihood ratio (LR) says how much more likely the evidence is if H1 is true than if H2 is true. The
evidence is the degree of similarity that the program measured between the questioned and the known speech,
seen against how that degree varies within and between speakers of the reference population.

An LR above 1 supports H1 over H2; an LR below 1 supports H2 over H1; an LR of 1 supports neither. An LR of
1/100 weighs as much for H2 as an LR of 100 weighs for H1.

An LR is not the probability that H1 is true, nor that H2 is. That the evidence is 100 times more likely if
H1 is true does not mean that H1 is 100 times more probable than H2: how probable a proposition is depends
also on everything else that is known in the case, which is for the court to weigh, not for this
examination.

An LR holds for the two propositions, the relevant population and the recordings stated here. With other
propositions, another population or other recordings, the LR would be different.

The 95 % interval says between which limits the LR may lie with other reference speakers. Where one calibration
serves all conditions, it also covers errors of the measured conditions, and that a calibration for exactly
these telephones, codecs and rooms would differ. It does not cover a reference population that is not the
relevant one.

LRs of several comparisons in this report must not be multiplied: comparisons that share a recording or a
speaker are not independent.
""")

OPEN_SET = N_(
    "The question is which of the known speakers each questioned speaker may be; it may be none of them. The known "
    "speakers are ranked by LR: a rank says nothing by itself, and the highest of many LRs is high by chance more "
    "often than a single one. What chance alone would give is stated below."
)

NO_POSTERIOR = N_(
    "A likelihood ratio (LR) is not the probability that the speaker is the known speaker: that depends also on the "
    "other evidence, which is for the court to weigh. It says how much more likely the findings are if the speaker is "
    "the known speaker (H1) than if it is someone else of the relevant population (H2)."
)

DECLARATION = N_("""
I have examined the items listed in this report with the software and settings that it states, and I have checked its
results. The findings and their limits are stated to the best of my knowledge, without regard to which party they help.
""")

AUTOMATIC = N_("No stretch of speech was chosen or removed by hand in this program.")

BY_HAND = N_("Manual choices: an examiner set who speaks when in {items}; speech outside these turns was not used.")
