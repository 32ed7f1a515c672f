"""What computed the results."""


def test_the_program_is_named_once(report):
    """Its name and version, the same wherever they stand."""
    software = [fact.value for facts in (report.details, report.method) for fact in facts if fact.label == "Software"]
    assert {report.software, *software} == {"forensic 0.1.0"}
    assert len(software) == 2
