"""The learning curve is drawn, the same each time."""

from forensic.report.model.learning_curve import draw_learning_curve


def test_a_curve_is_svg_and_does_not_change_from_one_drawing_to_the_next():
    errors = [("clean", [0.1, 0.05]), ("degraded", [0.3, 0.1])]
    once = draw_learning_curve([0, 200], errors, "a run")
    assert "<svg" in once
    assert once == draw_learning_curve([0, 200], errors, "a run")
