"""A validated envelope in words."""

from forensic.likelihood_ratio.envelope import Envelope
from forensic.report.shared.envelope import envelope_in_words


def test_foreign_text_is_written_out_and_the_spaces_of_quantities_are_not():
    """The basis comes from a file; an escaped no-break space in a report looks like a fault of the recording."""
    limits = {"net_speech_s": 3.0, "snr_db": -3.0, "bandwidth_hz": 3180.0}
    words = envelope_in_words(Envelope(0.5, limits, limits, "one\nline\u202e"))
    assert "\\x" not in words
    assert "net speech of at least 3.0\N{NO-BREAK SPACE}s" in words
    assert words.endswith("one\\nline\\u202e")
