"""Sentences follow the settings: each is tested on a value that is not the default."""

from dataclasses import replace

import numpy as np
import pytest
from report_factory import case, method

from forensic.likelihood_ratio.envelope import Envelope
from forensic.records import ScoreMaps
from forensic.report.case.build import build_report
from forensic.report.shared import method_wording as wording
from forensic.report.shared.formats import NO_BREAK
from forensic.settings import CALIBRATORS, Settings


def with_settings(step, **changes):
    """The method with other settings of a step."""
    settings = Settings()
    return replace(method(), settings=replace(settings, **{step: replace(getattr(settings, step), **changes)}))


def said(paragraphs):
    """All of it, with plain spaces."""
    return " ".join(paragraphs).replace(NO_BREAK, " ")


def processing(step, **changes):
    """What the method section says with other settings of a step."""
    return said(wording.processing(with_settings(step, **changes)))


def test_every_calibrator_has_words_of_its_own():
    assert set(wording.CALIBRATORS) == set(CALIBRATORS)
    for calibrator, (name, shape) in wording.CALIBRATORS.items():
        text = processing("comparison", calibrator=calibrator)
        assert f"The conversion is {shape}, fitted by {name}." in text
        assert ("straight line" in text) == (calibrator in {"joint", "logistic"})
        assert said(wording.scores_pairing(with_settings("comparison", calibrator=calibrator))).count(name) == 1


def test_a_report_calibrated_by_kernel_densities_never_calls_its_conversion_straight():
    """The calibration's own words agree with the method section."""
    inputs = case()
    curve = ScoreMaps("kde", 0.2, 0.1, np.array([[-1.0, 0.5, 2.0]]), goes_on=False)
    calibrations = {key: replace(fit, score_map=curve) for key, fit in inputs.calibrations.items()}
    report = build_report(
        replace(inputs, calibrations=calibrations, method=with_settings("comparison", calibrator="kde"))
    )
    facts = {fact.value for page in report.pages for fact in page.facts if fact.label == "Calibration"}
    assert facts
    assert all(fact.partition(", ")[2].startswith("The ratio of two kernel densities: a curve") for fact in facts)
    assert not [text for text in report.method.processing if "linear" in text or "straight" in text]
    assert any("fitted by the ratio of two kernel densities" in text for text in report.method.processing)


def test_the_length_of_windows_is_said():
    assert "windows of about 2 s, one after the other." in processing("embedding", window_frames=200)


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        ("auto", "Channels of a file that differ were examined separately; those that do not differ were mixed."),
        ("split", "The channels of a file were examined separately."),
        ("mix", "The channels of a file were mixed."),
        ("2", "Of a file, channel 2 alone was examined."),
    ],
)
def test_channels_are_as_set(channels, words):
    assert words in processing("audio", channels=channels)


def test_damaged_recordings_are_refused_or_used_as_set():
    assert "A damaged recording was not examined." in processing("audio")
    text = processing("audio", damaged="use")
    assert "Of a damaged recording, the part before the damage was examined" in text
    assert "not examined" not in text


def test_speakers_are_estimated_or_set():
    """In the method section and in the limitations."""
    expected = {
        "auto": (
            "was estimated, up to 6",
            "The program estimates whether a channel contains the speech of one person only",
        ),
        "1": ("was assumed to contain one speaker", "contains one speaker, and the program did not check it"),
        "2": ("was split into 2 speakers", "a channel contains 2 speakers, and the program did not check it"),
    }
    for speakers, (step, limitation) in expected.items():
        chosen = with_settings("diarization", speakers=speakers)
        limitations = said(wording.limitations(chosen, shows_languages=True))
        assert step in said(wording.processing(chosen))
        assert limitation in limitations
        assert ("The program estimates" in limitations) == (speakers == "auto")


def test_turns_that_are_left_out_are_as_short_as_set():
    assert "turns shorter than 0.6 s were left out" in processing("diarization")
    assert "turns shorter than 2.0 s were left out" in processing("diarization", min_turn_s=2.0)
    assert "were left out" not in processing("diarization", min_turn_s=0.0)


def test_recordings_of_one_source_or_session_get_no_lr_unless_the_settings_allow_it():
    """In the method section, in how to read links, and where suspected pairs are counted."""
    neither = "Two recordings that are suspected to be of one source or session get no LR."
    assert neither in processing("comparison")
    chosen = with_settings("comparison", allow_same_session=True)
    for text in (said(wording.processing(chosen)), said(wording.link_reading(chosen))):
        assert "Two recordings that are suspected to be of one source get no LR." in text
        assert "The settings (comparison.allow_same_session) allow an LR between two recordings" in text
        assert neither not in text
    kinds = ["same source", "same session", "same session"]
    assert wording.suspected_pairs(method(), kinds).endswith("source or session, and kept apart from the links.")
    assert wording.suspected_pairs(chosen, kinds).endswith("; the settings allow links between 2 of them.")
    assert wording.suspected_pairs(chosen, kinds[1:]).endswith("; the settings allow links between these.")
    both = processing("comparison", allow_same_source=True, allow_same_session=True)
    assert "comparison.allow_same_source and comparison.allow_same_session" in both
    assert "get no LR. A search" not in both


def test_limits_are_those_of_the_envelope_and_of_the_settings():
    """A laboratory's own limit is named with its value; the defaults limit nothing and are not named."""
    outside = "No LR is issued outside the conditions in which validation met its criterion"
    no_limit = processing("comparison")
    assert outside not in no_limit
    assert "By the settings" not in no_limit
    assert "more than 2.0 steps away from everything in the reference population gets no LR" in no_limit
    own = processing(
        "comparison", min_net_speech_s=5.0, min_snr_db=3.0, max_clipped_share=0.2, max_condition_distance=1.5
    )
    assert (
        "By the settings, a recording with less than 5.0 s of net speech or an SNR below 3 dB or more than 20 % of the "
        "speech clipped gets no LR."
    ) in own
    assert "more than 1.5 steps" in own
    validated = replace(method(), envelope=Envelope(0.5, {}, {}, "A validation."))
    assert outside in said(wording.processing(validated))


def test_intervals_rest_on_as_many_draws_as_set():
    assert "resampling the reference speakers 250 times" in processing("comparison", bootstrap_draws=250)
    assert "fewer than 31 reference speakers" in processing("comparison", min_speakers=31)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("bank", "speakers of the model's bank"),
        ("simulated", "degraded by simulation to be like those of this case"),
        ("own recordings", "speakers of the laboratory's own calibration"),
        ("own scores", "the laboratory's own scores of pairs of speakers"),
    ],
)
def test_the_reference_population_is_the_one_that_was_used(kind, words):
    chosen = replace(method(), population_kind=kind)
    assert words in said(wording.processing(chosen))
    is_scores = kind == "own scores"
    assert ("compared with those stated for the scores" in said(wording.limitations(chosen, shows_languages=True))) == (
        is_scores
    )
    assert ("calibrated with the same scores" in said(wording.link_reading(chosen))) == is_scores
    explanation = said(wording.explanation(chosen))
    assert ("how common the voice is" in explanation) != ("Typicality:" in explanation) == (not is_scores)


def test_languages_are_spoken_of_where_they_were_looked_at_and_are_shown():
    off = with_settings("language", identify=False)
    assert "minute of speech" in wording.languages_reading(method())
    assert wording.languages_reading(off) == "By the settings, languages were not classified."
    assert "The report shows them and warns where languages differ" in said(
        wording.limitations(method(), shows_languages=True)
    )
    assert "this report does not show them" in said(wording.limitations(method(), shows_languages=False))
    assert "were not classified" in said(wording.limitations(off, shows_languages=True))
