"""What computed the results."""


def test_the_program_is_named_once(report):
    """Its name and version, the same wherever they stand."""
    software = [
        fact.value
        for facts in (report.title_page.details, report.method.system)
        for fact in facts
        if fact.label == "Software"
    ]
    assert {report.title_page.software, *software} == {"forensic 0.1.0"}
    assert len(software) == 2


def test_the_population_is_named_with_its_hash(report):
    """Which people stood for the relevant population is part of the method."""
    facts = {fact.label: fact.value for fact in report.method.system}
    assert facts["Reference population"] == "193 speakers, the model's bank."
    assert facts["Reference population, SHA-256"] == "cd" * 32
