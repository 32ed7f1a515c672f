"""The learning curve of a training run."""

import io
from collections.abc import Sequence
from itertools import cycle


def draw_learning_curve(
    steps: Sequence[int],
    errors: Sequence[tuple[str, Sequence[float]]],
    title: str,
    axis: str = "EER on development people, %",
) -> str:
    """Development errors over the steps of a run.

    Args:
        steps: where they were measured.
        errors: name and EER, or another error, a share from 0 to 1, at each step.
        title: above the plot.
        axis: what the errors are.

    Returns:
        SVG.
    """
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "learning curve", "font.size": 9}):
        figure = Figure(figsize=(6.0, 3.2), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        for (name, values), style in zip(errors, cycle(("-o", "--s", ":^", "-.d", "-v", "--x"))):
            axes.plot(steps, [100 * value for value in values], style, markersize=3, label=name)
        axes.set(xlabel="step", ylabel=axis, title=title, ylim=(0, None))
        axes.grid(alpha=0.3)
        axes.legend(frameon=False)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()
