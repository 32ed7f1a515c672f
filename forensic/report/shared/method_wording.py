"""The sentences that depend on the method used: its settings, its reference population, its envelope.

A sentence that a setting could make false is here and is built from that setting; ``wording`` has the sentences that
no setting changes.
"""

from collections.abc import Mapping, Sequence

from forensic.comparison.method import Method, PopulationKind
from forensic.report.shared.catalogue import N_, _, ngettext, number
from forensic.report.shared.formats import (
    format_duration,
    format_number,
    format_quantity,
    format_share,
    prose,
)
from forensic.settings import Added, AudioSettings, ComparisonSettings, DiarizationSettings, EmbeddingSettings

CALIBRATORS: Mapping[str, tuple[str, str]] = {
    # what it is called, and what it makes of scores
    "joint": (
        N_("joint logistic regression"),
        N_("a straight line from score to log10 LR, moved by the conditions of both sides, fitted to all at once"),
    ),
    "logistic": (N_("logistic regression"), N_("a straight line from score to log10 LR")),
    "bi-gaussianized": (N_("bi-Gaussianized calibration"), N_("a rising curve from score to log10 LR")),
    "kde": (
        N_("the ratio of two kernel densities"),
        N_("a curve from score to log10 LR that need not rise everywhere"),
    ),
    "pav": (N_("pool adjacent violators"), N_("rising steps from score to log10 LR")),
}

_CHANNELS: Mapping[str, str] = {
    "auto": N_("Channels of a file that differ were examined separately; those that do not differ were mixed."),
    "split": N_("The channels of a file were examined separately."),
    "mix": N_("The channels of a file were mixed."),
}
_DAMAGED: Mapping[str, str] = {
    "reject": N_("A damaged recording was not examined."),
    "use": N_("Of a damaged recording, the part before the damage was examined; the list of items says so."),
}
_ADDED: Mapping[Added, str] = {"speaker": N_("one misleading speaker"), "pair": N_("one misleading pair")}
_REFERENCE: Mapping[PopulationKind | None, str] = {
    "bank": N_(
        "speakers of the model's bank, whose recordings were chosen, or degraded by simulation, to be like those of "
        "the comparison: on the questioned side like the questioned recording, on the known side like the known "
        "recordings"
    ),
    "simulated": N_(
        "speakers whose recordings were degraded by simulation to be like those of this case: on the questioned side "
        "like the questioned recording, on the known side like the known recordings"
    ),
    "own recordings": N_(
        "speakers of the laboratory's own calibration, whose recordings were chosen to be like those of the "
        "comparison: on the questioned side like the questioned recording, on the known side like the known recordings"
    ),
    "own scores": N_(
        "the laboratory's own scores of pairs of speakers, in one condition of the questioned side and one of the "
        "known side, as the laboratory stated them"
    ),
    None: N_("speakers of a reference population"),
}


def calibrator_name(calibrator: str) -> str:
    """What a calibrator is called at the start of a line: "Logistic regression"."""
    name = _(CALIBRATORS[calibrator][0])
    return name[0].upper() + name[1:]


def processing(method: Method) -> tuple[str, ...]:
    """The steps from a file to an LR, in order."""
    settings = method.settings
    name, shape = CALIBRATORS[settings.comparison.calibrator]
    return prose(
        _(
            """
{decoding}

A speech detector marked the stretches that contain speech; only these were used. The waveforms that this report
prints show them; the evidence tables of the case list the start and end of every stretch.

{speakers}

The program searched the compared recordings for copies, excerpts and parts of one source by an acoustic fingerprint
of the speech, and for recordings of one session by the device and the creation time that their files state.
{suspected} A search that finds nothing does not prove that there is nothing.

{windows}

The score of a comparison says how alike the questioned and the known embedding are. The heading System
says how it is computed, with which software and which model.

A score was converted to an LR with {reference}. The conversion is {shape}, fitted by {name}.

LRs are bounded by what the reference speakers can support: empirical lower and upper bounds (ELUB), with {added}
added to the LRs of each class. Intervals come from resampling the reference
speakers {draws} times; whole speakers are drawn, not single recordings or pairs.

{no_lr}
""",
            decoding=_decoding(settings.audio),
            speakers=_speakers(settings.diarization),
            suspected=_suspected(settings.comparison),
            windows=_windows(settings.embedding),
            reference=_(_REFERENCE[method.population_kind]),
            shape=_(shape),
            name=_(name),
            added=_(_ADDED[settings.comparison.bounds]),
            draws=number(settings.comparison.bootstrap_draws),
            no_lr=_no_lr(method),
        )
    )


def _decoding(settings: AudioSettings) -> str:
    if settings.channels in _CHANNELS:
        channels = _(_CHANNELS[settings.channels])
    else:
        channels = _("Of a file, channel {number} alone was examined.", number=settings.channels)
    return _(
        "Every file was hashed (SHA-256) and decoded. {channels} The sound was resampled to 16 kHz with a filter "
        "against aliasing. {damaged}",
        channels=channels,
        damaged=_(_DAMAGED[settings.damaged]),
    )


def _speakers(settings: DiarizationSettings) -> str:
    if settings.speakers == "1":
        return _(
            "By the settings, every channel was assumed to contain one speaker, unless an examiner marked who speaks "
            "when; the program did not look for others."
        )
    if settings.min_turn_s:
        each = _(
            "Where there were several, each was examined separately, with the speech in which nobody else seemed to "
            "speak; turns shorter than {shortest} were left out. The folder of the case says who speaks when.",
            shortest=format_duration(settings.min_turn_s),
        )
    else:
        each = _(
            "Where there were several, each was examined separately, with the speech in which nobody else seemed to "
            "speak. The folder of the case says who speaks when."
        )
    if settings.speakers == "auto":
        return _(
            "Unless an examiner marked who speaks when, the number of speakers in a channel was estimated, up to "
            "{most}: the windows of the channel were split into groups, which count as different speakers if they "
            "differ more than parts of one voice do. {each}",
            most=settings.max_speakers,
            each=each,
        )
    return _(
        "By the settings, every channel was split into {number} speakers, as far as its speech allows, unless an "
        "examiner marked who speaks when. {each}",
        number=settings.speakers,
        each=each,
    )


def _suspected(settings: ComparisonSettings) -> str:
    """What becomes of two recordings that may not be independent."""
    source, session = settings.allow_same_source, settings.allow_same_session
    if not source and not session:
        return _("Two recordings that are suspected to be of one source or session get no LR.")
    if source and session:
        return _(
            "The settings (comparison.allow_same_source and comparison.allow_same_session) allow an LR between two "
            "recordings that are suspected to be of one source or session."
        )
    if source:
        return _(
            "Two recordings that are suspected to be of one session get no LR. The settings "
            "(comparison.allow_same_source) allow an LR between two recordings that are suspected to be of one source."
        )
    return _(
        "Two recordings that are suspected to be of one source get no LR. The settings (comparison.allow_same_session) "
        "allow an LR between two recordings that are suspected to be of one session."
    )


def _windows(settings: EmbeddingSettings) -> str:
    return _(
        "The speech was cut into windows of about {window}, one after the other. Each window was turned into mel-band "
        "energies and then into an embedding by a recurrent (LSTM) network. The embedding of a recording is the mean "
        "direction of its windows; that of a known speaker is the mean direction of their recordings.",
        window=f"{number(settings.window_frames / 100, 'g')} s",
    )


def _no_lr(method: Method) -> str:
    """When no LR is issued: the envelope's limits, the laboratory's own, and those of the population."""
    settings, without = method.settings.comparison, ComparisonSettings()
    sentences = []
    if method.envelope is not None:
        sentences.append(
            _(
                "No LR is issued outside the conditions in which validation met its criterion (see Validated envelope "
                "under System), nor from a calibration that does not meet it."
            )
        )
    own = []
    if settings.min_net_speech_s > without.min_net_speech_s:
        own.append(_("less than {limit} of net speech", limit=format_duration(settings.min_net_speech_s)))
    if settings.min_snr_db > without.min_snr_db:
        own.append(_("an SNR below {limit}", limit=format_quantity(settings.min_snr_db, "dB")))
    if settings.max_clipped_share < without.max_clipped_share:
        own.append(_("more than {limit} of the speech clipped", limit=format_share(settings.max_clipped_share)))
    if own:
        sentences.append(_("By the settings, a recording with {limits} gets no LR.", limits=_(" or ").join(own)))
    sentences.append(
        _(
            "A recording that is more than {steps} steps away from everything in the reference population gets no LR, "
            "and no calibration rests on fewer than {speakers} reference speakers.",
            steps=format_number(settings.max_condition_distance, 1),
            speakers=number(settings.min_speakers),
        )
    )
    return " ".join(sentences)


def explanation(method: Method) -> tuple[str, ...]:
    """How to read what each LR rests on, in as many ways as the calibration allows."""
    has_voices = method.population_kind != "own scores"
    return prose(_(_EXPLAINED)) + prose(_(_AMOUNTS_AND_VOICES if has_voices else _NO_VOICES))


_EXPLAINED = N_("""
The page of a comparison shows what its LR rests on; it changes no LR. Only the highest LR of each questioned
speaker is examined in this way.

Stretches: the LR is computed again without each stretch of the questioned speech. What a stretch adds is the log10
LR of all stretches minus the log10 LR without this stretch, both before the bounds. Above 0 the stretch supports
H1, below 0 H2. Listen where the effect is large: there may be a noise, another voice, or a line said in another
tone. Times are minutes and seconds from the start of the recording.
""")
_AMOUNTS_AND_VOICES = N_("""
Amount: the LR is computed from the first stretches only, then from more and more of them. Each amount is calibrated
with reference recordings of about as much speech. An LR that has settled is worth more than one that still changes;
an LR at its bound does not show whether it still changes. Some of these amounts may be too small for an LR to be
issued. The LR of all stretches can differ a little from the issued LR, which also uses windows that span two
stretches.

Typicality: the questioned speech is compared with every voice of the reference population. If many of
them score as high as the known speaker does, the questioned voice is a common one, and its LR is low for that reason.
The names of reference voices contain the names of their corpora.
""")
_NO_VOICES = N_("""
The calibration is a list of scores, without recordings: it cannot show how the LR grows with the amount of
speech, nor how common the voice is.
""")


VOICES = N_(
    "Measured with Praat on the first minute of the speech that was used; of a known speaker, on the recording with "
    "most speech. F0 is the fundamental frequency: its median, and between which values 80 % of it are. F1 to F3 are "
    "the formants of voiced speech: their medians and quartiles. A telephone raises F1 and cuts off what is beyond its "
    "band, and voices vary with mood, effort and the listener. The description is for the examiner; no LR rests on it. "
    "P 40 (n 131): 40 % of 131 people have a lower value. They are the adults, as far as their corpora say, of the "
    "table {table}, who read or were prompted, in many languages. Formants are compared with those of the people whose "
    "median F0 is, like that of the voice, up to {f0} Hz, or above: their sex is not stated. There is no percentile of "
    "less than {seconds} s of speech, nor of formants in a band as narrow as a telephone's."
)
"""How to read the description of the voices."""


def languages_reading(method: Method) -> str:
    """How to read the languages in a table."""
    if not method.settings.language.identify:
        return _("By the settings, languages were not classified.")
    return _(
        "The language is how the program classified the first minute of speech, with its probability among the "
        "languages that the model knows. It does not replace a listener."
    )


def limitations(method: Method, *, shows_languages: bool) -> tuple[str, ...]:
    """What the examination does not do.

    Args:
        method: in force.
        shows_languages: whether the report shows the languages that were classified.
    """
    return prose(
        _(
            """
The examination is automatic. It compares how speakers sound to a trained network; it does not weigh language,
dialect, word choice, content or circumstances, and it does not replace an auditory or acoustic-phonetic examination.

{one_person}

The following was not examined: disguise, emotion, illness, intoxication and ageing, synthetic or converted speech,
and whether a recording was edited. Each of these can move an LR in either direction.
{languages}

The reference population represents the relevant population only as far as its speakers and recordings resemble
it. The edges of the band, noise, reverberation, clipping and the amount of speech were
estimated and {compared}; language, accent, sex and age count only as far as the reference people
were chosen by them, and speaking style does not count. Where the two recordings of a reference speaker
were made in one session (some corpora have no others), they are more alike than recordings of
different days, moods or microphones; an LR can then be too low where H1 is true.

H2 is about an unrelated speaker. Close relatives, twins above all, sound more alike than unrelated speakers;
if such a person may be the speaker, the LRs here do not apply.

Little speech carries little information. An LR near 1 means that these recordings do not distinguish H1
from H2; it does not support H2.

A comparison for which no LR was issued supports neither proposition.
""",
            one_person=_one_person(method.settings.diarization),
            languages=_languages(method, shows_languages=shows_languages),
            compared=_compared(method.population_kind),
        )
    )


def _one_person(settings: DiarizationSettings) -> str:
    if settings.speakers == "1":
        return _(
            "The settings say that a channel contains one speaker, and the program did not check it. If a second "
            "person speaks in a channel, the LR is about both together."
        )
    if settings.speakers == "auto":
        return _(
            "The program estimates whether a channel contains the speech of one person only. It can miss a second "
            "person who says little or sounds alike, and it does not separate people who speak at the same time."
        )
    return _(
        "The settings say that a channel contains {number} speakers, and the program did not check it. If a channel "
        "contains fewer or more, voices are split or mixed. People who speak at the same time are not separated.",
        number=settings.speakers,
    )


def _languages(method: Method, *, shows_languages: bool) -> str:
    if not method.settings.language.identify:
        return _("Languages and accents were not classified.")
    if not shows_languages:
        return _("Languages and accents are not part of an LR, and this report does not show them.")
    return _(
        "A network that can err classifies languages and accents. The report shows them and warns where languages "
        "differ; they are not part of an LR."
    )


def _compared(kind: PopulationKind | None) -> str:
    return _("compared with those stated for the scores") if kind == "own scores" else _("taken into account")


def pruning_rule(method: Method) -> str:
    """Why a pair was pruned."""
    return _(
        "The score is below those of the {number} best pairs of each of the two voices, and no cluster needs the pair.",
        number=number(method.settings.link.candidates),
    )


def link_reading(method: Method, pruned: int = 0) -> tuple[str, ...]:
    """How to read a report of links.

    Args:
        method: in force.
        pruned: pairs that were not weighed.
    """
    if method.population_kind == "own scores":
        chosen = _("All pairs were calibrated with the same scores.")
    else:
        chosen = _(
            "The reference recordings of that side were chosen to be like that voice, and those of the questioned side "
            "to be like the other voice."
        )
    compared = _("Every voice was compared with every other.")
    if pruned:
        compared = ngettext(
            "All pairs of voices were scored, and {n} pair was then pruned, without an LR. {rule} A pruned pair may be "
            "of one speaker. The numbers to expect by chance and the numbers of pairs in the table of calibrations are "
            "of all pairs, pruned ones included; the numbers found are of the pairs that have an LR, so pruning can "
            "only lower them.",
            "All pairs of voices were scored, and {n} pairs were then pruned, without an LR. {rule} A pruned pair may "
            "be of one speaker. The numbers to expect by chance and the numbers of pairs in the table of calibrations "
            "are of all pairs, pruned ones included; the numbers found are of the pairs that have an LR, so pruning "
            "can only lower them.",
            pruned,
            rule=pruning_rule(method),
        )
    return prose(
        _(
            """
A voice is all speech of one channel of a recording or, where several speakers were found in it, of one of them.
{compared} Of two voices, the one with more net speech was taken as the known side. {chosen}

A link is a pair whose LR reaches the threshold. It does not mean that the two are one speaker: among many pairs of
different people, some reach any threshold by chance. The table in the summary says how many to expect; if that
number is not far below the number found, links by themselves say little.

A cluster was made by joining, again and again, the two groups of voices with the highest mean log10 LR between
them, while that mean was at least the threshold (average linkage). The means leave out pairs without an LR.
"Together" is the share of the bootstrap draws of reference speakers in which all voices of the cluster were still
in one cluster. It covers the limited number of reference speakers only. A cluster proposes what to examine by
comparison; its LRs are not independent and must not be multiplied.

Recordings of one source or session may be alike because of the recording, the room or the line, not the voice.
{suspected}
""",
            compared=compared,
            chosen=chosen,
            suspected=_suspected(method.settings.comparison),
        )
    )


def suspected_pairs(method: Method, kinds: Sequence[str]) -> str:
    """How many pairs of recordings may not be independent, and what that means for links.

    Args:
        method: in force.
        kinds: of each pair, "same source" or "same session".
    """
    settings = method.settings.comparison
    allowed = {"same source": settings.allow_same_source, "same session": settings.allow_same_session}
    linkable = sum(allowed[kind] for kind in kinds)
    if not linkable:
        return ngettext(
            "{n} pair of recordings is suspected of one source or session, and kept apart from the links.",
            "{n} pairs of recordings are suspected of one source or session, and kept apart from the links.",
            len(kinds),
        )
    if linkable == len(kinds):
        return ngettext(
            "{n} pair of recordings is suspected of one source or session; the settings allow links between these.",
            "{n} pairs of recordings are suspected of one source or session; the settings allow links between these.",
            len(kinds),
        )
    return ngettext(
        "{n} pair of recordings is suspected of one source or session; the settings allow links between {linkable} of "
        "them.",
        "{n} pairs of recordings are suspected of one source or session; the settings allow links between {linkable} "
        "of them.",
        len(kinds),
        linkable=number(linkable),
    )


def scores_pairing(method: Method) -> tuple[str, ...]:
    """How a list of scores was calibrated for its validation."""
    return prose(
        _(
            """
The comparisons are those of the list of scores; whoever made it has to state how its pairs were made. The scores
were calibrated by {calibrator}, each one on the other speakers' scores: neither of its two speakers took part. The
bounds are those that the LRs of the validation themselves support.
""",
            calibrator=_(CALIBRATORS[method.settings.comparison.calibrator][0]),
        )
    )
