"""How long the report of many comparisons takes.

    python benchmarks/report_speed.py [--sizes 13x6 60x20 100x100] [--out FOLDER]

Made-up outcomes of so many questioned recordings and suspects, as the tests have them, become HTML and PDF. Printed:
processor seconds of stating the content, of the HTML page with its plots, and of the PDF; wall seconds of all; sizes in
MB. ``--out`` keeps the reports, to be looked at.
"""

import argparse
import sys
import time
from itertools import pairwise
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests"


def main() -> None:
    """Time each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["13x6", "60x20", "100x100"], help="questioned x suspects")
    parser.add_argument("--out", type=Path, help="folder in which the reports are kept")
    options = parser.parse_args()
    print(f"{'comparisons':>11}{'content':>9}{'HTML':>7}{'PDF':>7}{'all, wall':>11}{'HTML, MB':>10}{'PDF, MB':>9}")
    for size in options.sizes:
        questioned, suspects = map(int, size.split("x"))
        measure(questioned, suspects, options.out)


def measure(questioned: int, suspects: int, out: Path | None) -> None:
    """Make one report, and print a line."""
    sys.path[:0] = [str(TESTS), str(TESTS / "report")]
    from report_factory import large_case

    from forensic.report.case.build import build_report
    from forensic.report.case.render import render_case_html
    from forensic.report.shared.render import render_pdf

    inputs = large_case(questioned, suspects)
    began, times = time.perf_counter(), [time.process_time()]
    report = build_report(inputs)
    times.append(time.process_time())
    html = render_case_html(report)
    times.append(time.process_time())
    pdf = render_pdf(html)
    times.append(time.process_time())
    content, page, printed = (end - start for start, end in pairwise(times))
    print(
        f"{questioned * suspects:11,}{content:9.1f}{page:7.1f}{printed:7.1f}{time.perf_counter() - began:11.1f}"
        f"{len(html) / 1e6:10.1f}{len(pdf) / 1e6:9.1f}",
        flush=True,
    )
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{questioned}x{suspects}.pdf").write_bytes(pdf)
        (out / f"{questioned}x{suspects}.html").write_text(html, encoding="utf-8")


if __name__ == "__main__":
    main()
