"""The verbal scale."""


def test_the_whole_scale_is_printed_in_both_directions(inputs, report):
    """Every step, for H1 and for H2."""
    assert len(report.scale) == len(inputs.scale.steps)
    assert (report.scale[1].for_h1, report.scale[1].for_h2) == ("2 to 10", "1/2 to 1/10")
    assert (report.scale[-1].for_h1, report.scale[-1].for_h2) == ("over 1,000,000", "under 1/1,000,000")
