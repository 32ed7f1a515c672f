"""The sentences of a report that are the same in every case."""

from forensic.report.shared.formats import paragraphs

INTERVAL = "95 % interval"
NOT_MEASURED = "not measured"

READING = paragraphs("""
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
propositions, another population or other recordings it would be another.

The 95 % interval says between which limits the LR would lie with ever more reference speakers, found by
drawing the reference speakers anew. It covers the limited number of reference speakers only; it does not
cover differences between the reference recordings and the recordings of the case that were not measured.

LRs of several comparisons in this report must not be multiplied: comparisons that share a recording or a
speaker are not independent.
""")

EXPLANATION = paragraphs("""
This chapter shows what each LR hangs on; it changes no LR. It looks at the highest LR of each questioned speaker in
three ways.

Stretches: the LR is computed again without each stretch of the questioned speech. What a stretch adds is the log10 LR
of all stretches less that without it, neither bounded: above 0 it speaks for H1, below 0 for H2. A large effect says
where to listen: to a noise, another voice, a line said in another tone. Times are minutes and seconds of the recording.

Amount: the LR is computed of the first stretches only, then of more and more, each amount calibrated with reference
recordings of about as much speech. An LR that has settled is worth more than one that still moves; one at its bound
cannot be seen to move. Some of these amounts may be less than an LR would be issued for. The LR of all stretches can
differ a little from the one issued, which also counts what overlaps two stretches.

Typicality: the questioned speech is compared with every voice of the reference population. A voice against which many
score as high as the known speaker does is a common one, and its LR is low for that. Reference voices bear the names of
their corpora.
""")

OPEN_SET = (
    "The question is which of the known speakers each questioned speaker may be; it may be none of them. The known "
    "speakers are ranked by LR: a rank says nothing by itself, and the highest of many LRs is high by chance more "
    "often than a single one. What chance alone would give is stated below."
)

PROCESSING = paragraphs("""
Every file was hashed (SHA-256) and decoded. Its channels were kept apart or mixed as the settings say, and
resampled to 16 kHz with a filter against aliasing.

A detector of speech marked the stretches that hold speech; only these were used. The waveforms in this report
show what was used, as far as they are printed; the start and end of every stretch is in the evidence tables of
the case.

Unless the settings say how many speakers a channel holds, their number was estimated: the windows of a channel
were parted into groups, which count as different speakers where they lie further apart than one voice does.
Where several were found, each was examined by itself, with the speech in which nobody else seemed to speak;
turns that were too short to tell whose they are were left out. Who speaks when is in the folder of the case.

Copies, excerpts and parts of one source among the recordings compared were looked for with an acoustic
fingerprint of the speech, and recordings of one sitting by the device and time of making that their files
state. Two recordings suspected to be of one source or session get no LR unless the settings allow it; a
search that finds nothing does not prove that there is nothing.

The speech was cut into short overlapping windows, each turned into mel-band energies and then into an
embedding by a recurrent (LSTM) network. The embedding of a recording is the mean direction of its windows;
that of a known speaker is the mean direction of their recordings.

The score of a comparison says how alike the questioned and the known embedding are. How it is computed stands
under Score, with the software and the model.

A score was converted to an LR with speakers of a reference population whose recordings were chosen, or
degraded by simulation, to be like those of the comparison: on the questioned side like the questioned
recording, on the known side like the known recordings. The conversion is linear in log10 LR.

LRs are bounded by what the number of reference speakers can support. Intervals come from drawing the
reference speakers anew, whole speakers at a time.

No LR is issued where a recording is too short, too noisy, too clipped, or unlike everything in the
reference population. The limits are in the settings.
""")

LIMITATIONS = paragraphs("""
The examination is automatic. It compares how speakers sound to a trained network; it does not weigh
language, dialect, word choice, content or circumstances, and it replaces no auditory or acoustic-phonetic
examination.

That a channel holds the speech of one person only is an estimate of the program: it can miss a second one
who says little or sounds alike, and does not separate people who speak at the same time.

What was not examined: disguise, emotion, illness, intoxication and ageing, synthetic or converted speech, and
whether a recording was edited. Each of these can move an LR in either direction. Languages and accents are told by
a network that can err; they are shown, and warned of where they differ, and are no part of an LR.

The reference population stands for the relevant population only as far as its speakers and recordings
resemble it. The edges of the band, noise, reverberation, traces of a codec, clipping and the amount of speech were
estimated and taken into account; language, accent, sex, age and speaking style were not. Its two
recordings of one speaker were made in one sitting where its corpora have no other; speech of another day, mood
or microphone sounds less alike, so an LR can be too low where H1 is true.

H2 speaks of an unrelated speaker. Close relatives, twins above all, sound more alike than unrelated
speakers; where such a person comes into question, the LRs here do not apply.

Little speech carries little information. An LR near 1 says that these recordings do not tell H1 and H2
apart; it is no support for H2.

Where no LR was issued, nothing follows from that for or against either proposition.
""")

AUTOMATIC = "No stretch of speech was chosen or removed by hand in this program."

BY_HAND = "Manual choices: who speaks when was set by an examiner in {items}; speech outside these turns was not used."

_GLOSSARY = """
Bandwidth: The frequency up to which a recording carries speech; a telephone line ends near 3.4 kHz.

Bound: The largest or smallest LR that the calibration data can support. An LR beyond it is replaced by the
bound.

Calibration: The conversion of scores to likelihood ratios, learned from speakers who are known.

Clipped: The share of speech samples cut off at the recording's highest level.

Cllr: Log-likelihood-ratio cost, a measure of how good a system's LRs are: 0 is perfect; a system that
always says LR = 1 has 1.

Cllr_min: The part of Cllr that remains after the best possible calibration: how well the scores
discriminate.

Comparison: One questioned recording (or one channel of it, or one speaker in that) against one known speaker.

dBFS: Decibels relative to the highest level that the recording can hold, which is 0.

Different-speaker: Of a comparison of two people: H2 is true.

EER: Equal error rate: the share of errors of either kind if scores were cut at the value where both are
equally frequent. It describes the system; no such cut is made in this report.

Embedding: The numbers by which the network describes a voice.

Known recording: A recording whose speaker is not in dispute; here, of a suspect of the reference set.

Likelihood ratio (LR): The probability of the evidence if H1 is true, divided by its probability if H2 is
true. Strictly: of probability densities.

log10 LR: The LR as a power of ten: 2 stands for 100, \N{MINUS SIGN}2 for 1/100, 0 for 1.

Misleading evidence: An LR above 1 where H2 is true, or below 1 where H1 is true.

Net speech: The total length of the stretches in which speech was detected.

Questioned recording: A recording whose speaker is in dispute.

Relevant population: The people of whom the speaker would be one if H2 is true.

Same-speaker: Of a comparison of two recordings of one person: H1 is true.

Score: The similarity of two embeddings. It is not calibrated and has no meaning of its own.

SHA-256: A number computed from all bytes of a file. Files with the same SHA-256 hold the same bytes.

SNR: Signal-to-noise ratio: the level of the speech above that of the noise between it, in decibels.

Tippett plot: For every LR, the share of same-speaker and of different-speaker comparisons of the reference
population whose LR is at least that large.
"""
GLOSSARY = tuple(tuple(entry.split(": ", 1)) for entry in paragraphs(_GLOSSARY))
"""Terms and what they mean, in alphabetical order."""
