"""What the program stated in English, with values in it, in the language of a report."""

import string

import pytest
from babel.messages.pofile import read_po

from forensic.report.shared.catalogue import speaking
from forensic.report.shared.noted import NOTED, noted
from forensic.storage.shipped import shipped


def said(text):
    """A text in German."""
    with speaking("de"):
        return noted(text)


@pytest.mark.parametrize(
    ("text", "german"),
    [
        ("Only 0.4 s of speech in 1,002.0 s of audio.", "Nur 0,4 s Sprache in 1.002,0 s Ton."),
        (
            "The recording is damaged: decoding fails at 3.02 s (Invalid data). Obtain an intact copy.",
            (
                "Die Aufnahme ist beschädigt: das Dekodieren scheitert bei 3,02 s (Invalid data). "
                "Eine unbeschädigte Kopie beschaffen."
            ),
        ),
        (
            "Recording 2, track 1: Damaged, and used only up to 3.20 s: the file breaks off at 2.10 s.",
            "Aufnahme 2, Spur 1: Beschädigt und nur bis 3,20 s verwendet: die Datei bricht ab bei 2,10 s.",
        ),
        (
            "The file holds 2 audio tracks: track 1 is channel 1, track 2 is channels 2 to 3.",
            "Die Datei enthält 2 Tonspuren: Spur 1 ist Kanal 1, Spur 2 ist Kanäle 2 bis 3.",
        ),
        ("By sex: not stated 291, male 12, others 3.", "Nach Geschlecht: nicht angegeben 291, männlich 12, andere 3."),
        ("AMR-NB 5.9 + room + 15 dB noise", "AMR-NB 5.9 + Raum + 15 dB Rauschen"),
        ("A sentence of a laboratory's own, 1.5 long.", "A sentence of a laboratory's own, 1.5 long."),
    ],
)
def test_sentences_lists_and_places_are_said_with_their_values(text, german):
    assert said(text) == german


@pytest.mark.parametrize("name", ["Rossi, Ana", "this is me.wav", "call 1.5 at once.wav"])
def test_a_name_within_a_sentence_stays_as_it_is(name):
    """A report must not rename evidence."""
    text = f"Who speaks when was set by hand, in {name}: {name}."
    assert said(text) == f"Wer wann spricht, ist von Hand gesetzt, in {name}: {name}."


def test_english_is_left_alone():
    assert noted("Only 0.4 s of speech in 2.0 s of audio.") == "Only 0.4 s of speech in 2.0 s of audio."


@pytest.mark.parametrize("path", sorted(shipped("templates").glob("catalogues/*.po")), ids=lambda path: path.stem)
def test_every_pattern_is_found_again_with_its_values(path):
    """No pattern is hidden by another that fits as well."""
    with path.open("rb") as file:
        patterns = {each.id: each.string for each in read_po(file, locale=path.stem) if each.context == NOTED}
    assert len(patterns) > 100
    for text, translation in patterns.items():
        values = [str(7 + n) for n in range(len([one for one in string.Formatter().parse(text) if one[1] is not None]))]
        with speaking(path.stem):
            assert noted(text.format(*values)) == translation.format(*values), text
