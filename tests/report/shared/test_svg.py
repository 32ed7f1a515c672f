"""A plot as an element of a page."""

from xml.etree import ElementTree as ET

from forensic.report.shared.svg import inline_svg

PLOT = """<?xml version="1.0"?>
<svg xmlns:xlink="http://www.w3.org/1999/xlink" width="9pt" viewBox="0 0 9 9" xmlns="http://www.w3.org/2000/svg">
 <metadata><date>today</date></metadata>
 <defs><style type="text/css">*{stroke-linecap: butt}</style><clipPath id="c"/></defs>
 <!-- a name -->
 <g id="a" clip-path="url(#c)"><use xlink:href="#b" style="fill: red; stroke-width: 0.7"/></g>
 <text id="b" style="font-size: 8px; font-family: 'DejaVu Sans'" transform="rotate(-0 1 1)">1 &lt; 2 &amp; 3</text>
</svg>"""
SVG = "{http://www.w3.org/2000/svg}"


def test_ids_and_what_points_to_them_bear_the_plots_name():
    root = ET.fromstring(inline_svg(PLOT, "plot1", "Title", 50.0))  # noqa: S314 - our own
    group, text = root.find(f"{SVG}g"), root.find(f"{SVG}text")
    assert (group.get("id"), group.get("clip-path")) == ("plot1-a", "url(#plot1-c)")
    assert group[0].get("{http://www.w3.org/1999/xlink}href") == f"#{text.get('id')}" == "#plot1-b"


def test_styles_become_attributes_and_what_reaches_other_plots_goes():
    svg = inline_svg(PLOT, "plot1", "A <title>", 50.0)
    assert '<use xlink:href="#plot1-b" fill="red" stroke-width="0.7" />' in svg
    assert '<text id="plot1-b" font-size="8px">1 &lt; 2 &amp; 3</text>' in svg
    assert "<title>A &lt;title&gt;</title>" in svg
    assert 'style="width: 50.0%"' in svg
    for gone in ("<style", "metadata", "today", "'DejaVu", "rotate", "a name", "9pt"):
        assert gone not in svg


def test_the_same_plot_gives_the_same_bytes_whatever_prefixes_other_libraries_set(monkeypatch):
    first = inline_svg(PLOT, "p", "t", 100.0)
    monkeypatch.setitem(ET._namespace_map, "http://www.w3.org/2000/svg", "svg")
    assert inline_svg(PLOT, "p", "t", 100.0) == first
