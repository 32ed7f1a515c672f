"""The glossary of each kind of report."""

import pytest

from forensic.report.shared.glossary import CASE, LINKS, VALIDATION, glossary


@pytest.mark.parametrize("terms", [CASE, LINKS, VALIDATION])
def test_every_term_is_explained_in_alphabetical_order(terms):
    entries = glossary(terms)
    assert all(entry.value for entry in entries)
    labels = [entry.label for entry in entries]
    assert labels == sorted(labels, key=str.casefold)
    assert {"Cllr", "EER", "SNR", "Likelihood ratio (LR)"} <= set(labels)
