"""Neighbouring choices of the relevant population, in words."""

from forensic.likelihood_ratio.relevant import PopulationChoice
from forensic.report.case.neighbours import _in_words
from forensic.report.shared.catalogue import speaking


def test_a_choice_reads_as_a_phrase():
    """In the language of the report."""
    assert _in_words(PopulationChoice()) == "all but children"
    choice = PopulationChoice(age="any", sex="male", language="en")
    assert _in_words(choice) == "adults and children; language en; male"
    with speaking("de"):
        assert _in_words(choice) == "Erwachsene und Kinder; Sprache en; männlich"
