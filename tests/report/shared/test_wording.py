"""The sentences that are the same in every case."""

from forensic.report.shared import wording


def test_the_glossary_explains_every_measure():
    """Terms of the tables are in it, in alphabetical order."""
    terms = [entry[0] for entry in wording.GLOSSARY]
    assert {"Cllr", "Cllr_min", "EER", "SNR", "Likelihood ratio (LR)", "Tippett plot"} <= set(terms)
    assert terms == sorted(terms, key=str.casefold)
