"""A plot as matplotlib writes it, adapted to be part of a page.

Matplotlib writes a separate file, with a prologue, metadata, a global style and ids that are the same in every plot.
In a page with many plots, ids must differ, a global style would change the other plots, and the PDF renderer warns
about plot properties in a ``style``.
"""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from forensic.storage.inert import inert

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_HREF = f"{{{_XLINK}}}href"
_UNWANTED = (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style")
_NO_ROTATION = "rotate(-0 "
_PAGE_TYPEFACE = "Source Sans 3, Liberation Sans, Arial, Noto Sans, DejaVu Sans, sans-serif"  # as in report.css


def inline_svg(svg: str, name: str, title: str, width_percent: float) -> str:
    """The plot as an element of a page; the same plot gives the same bytes.

    Args:
        svg: as matplotlib writes it.
        name: of the plot, unique in the page; its ids begin with it.
        title: read aloud in place of the plot.
        width_percent: width of the plot, in percent of the text's.
    """
    root = ET.fromstring(svg)  # noqa: S314 - matplotlib wrote it a moment ago
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in _UNWANTED:
                parent.remove(child)
    for element in root.iter():
        # Names without a namespace: ElementTree's prefixes are global to the process, and any library may set them.
        element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
        element.attrib = dict(_attributes(element, name))
        text = element.text or ""
        element.text = inert(text) if text.strip() else None
        element.tail = None  # line ends and indents; plots have no text between elements
    root.attrib = {
        "xmlns": _SVG,
        "xmlns:xlink": _XLINK,
        "viewBox": root.attrib["viewBox"],
        "id": name,
        "role": "img",
        "class": "plot",
        "style": f"width: {width_percent:.1f}%",
        "font-family": _PAGE_TYPEFACE,
        "stroke-linejoin": "round",
    }
    heading = ET.Element("title")
    heading.text = inert(title)
    root.insert(0, heading)
    return ET.tostring(root, encoding="unicode")


def _attributes(element: ET.Element, name: str) -> Iterator[tuple[str, str]]:
    """Attributes of an element in a page: ids begin with the plot's name, each entry of ``style`` an attribute."""
    for key, value in element.attrib.items():
        if key == "style":
            yield from (pair for pair in _style(value) if pair[0] != "font-family")  # the page's own
        elif key == "id":
            yield key, f"{name}-{value}"
        elif key == _HREF:
            is_outside = element.tag in {"a", "image"}  # a link to another place of the page, or a picture's own bytes
            yield "xlink:href", "".join(value.split()) if is_outside else value.replace("#", f"#{name}-", 1)
        elif key == "target":
            continue  # a link leads to a place of the same page
        elif not (key == "transform" and value.startswith(_NO_ROTATION)):
            yield key, value.replace("url(#", f"url(#{name}-")


def _style(style: str) -> Iterator[tuple[str, str]]:
    for entry in style.split(";"):
        key, colon, value = entry.partition(":")
        if colon:
            yield key.strip(), value.strip()
