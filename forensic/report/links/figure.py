"""The graph of voices, as SVG."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from forensic.comparison.independence import SAME_SESSION, SAME_SOURCE
from forensic.report.links.content import Graph, GraphEdge
from forensic.report.shared.canvas import DIFFERENT, INK, SAME, SOFT, WIDTH_IN, as_svg, new_figure, style
from forensic.report.shared.catalogue import N_, _

Positions = NDArray[np.float64]

# Pale tints of the colours of Okabe & Ito: a dark label can be read on each; after the last, the first comes again.
_FILLS = ("#a6cee3", "#f9c88f", "#a9dfbf", "#f5e58a", "#d9b8d9", "#c4c9d1", "#f2b5a7", "#b5e3e8")
_STEPS = 220
_NODE_IN = 0.3  # least distance of two nodes
_LABEL_PT = 7.0
_MOST_HEIGHT_IN = 7.0  # so that a page holds it with its heading and caption


def draw_all(graph: Graph | None) -> dict[str, str]:
    """The graph as SVG, by name, where there is one."""
    return {"graph": draw_graph(graph)} if graph else {}


def draw_graph(graph: Graph) -> str:
    """Voices as circles, links and suspicions as lines."""
    positions = place_nodes(len(graph.nodes), [(edge.first, edge.second) for edge in graph.edges])
    height_in = float(positions[:, 1].max()) + 2 * _NODE_IN + 0.5
    with style():
        figure, axes = new_figure(height_in)
        axes.set_axis_off()
        axes.set_aspect("equal")
        axes.set_xlim(-_NODE_IN, WIDTH_IN - _NODE_IN)
        axes.set_ylim(-_NODE_IN, height_in - _NODE_IN)
        for edge in graph.edges:
            ends = positions[[edge.first, edge.second]]
            axes.plot(ends[:, 0], ends[:, 1], zorder=1, **_line(edge))
        for node, (x, y) in zip(graph.nodes, positions, strict=True):
            fill = _FILLS[(node.cluster - 1) % len(_FILLS)] if node.cluster else "white"
            axes.plot(
                x, y, "o", markersize=17, markerfacecolor=fill, markeredgecolor=INK, markeredgewidth=0.7, zorder=2
            )
            axes.text(x, y, node.label, ha="center", va="center_baseline", fontsize=_LABEL_PT, zorder=3)
        kinds = dict.fromkeys((edge.kind, edge.is_firm) for edge in graph.edges)
        for kind, is_firm in sorted(kinds):
            label = _(_LABELS[kind] if is_firm else _NOT_FIRM)
            axes.plot([], [], label=label, **_line(GraphEdge(0, 0, kind, 1.0, is_firm)))
        axes.legend(loc="upper left", ncols=2, fontsize=7.5, handlelength=3.0, borderaxespad=0.0)
        return as_svg(figure, "graph", graph.caption)


_LABELS = {
    "link": N_("link"),
    SAME_SOURCE: N_("same source suspected"),
    SAME_SESSION: N_("same session suspected"),
}
_NOT_FIRM = N_("link whose interval reaches below the threshold")


def _line(edge: GraphEdge) -> dict[str, Any]:
    if edge.kind == SAME_SOURCE:
        return {"color": DIFFERENT, "linewidth": 3.0, "linestyle": (0, (1.0, 1.2))}
    if edge.kind == SAME_SESSION:
        return {"color": SOFT, "linewidth": 1.6, "linestyle": (0, (1.0, 1.8))}
    width = 0.5 + 0.9 * min(max(edge.log10_lr, 0.0), 4.0)
    return {"color": SAME, "linewidth": width, "alpha": 0.75, "linestyle": "-" if edge.is_firm else (0, (4, 2))}


def place_nodes(count: int, edges: list[tuple[int, int]]) -> Positions:
    """Where to draw nodes: each connected part by itself, the parts in rows, the largest first.

    Args:
        count: of nodes.
        edges: pairs of nodes.

    Returns:
        In inches within the width of a page, shape (count, 2); the same graph always gives the same positions.
    """
    positions = np.zeros((count, 2))
    left = top = row_height = 0.0
    room = WIDTH_IN - 3 * _NODE_IN
    for part in sorted(_parts(count, edges), key=lambda one: (-len(one), one)):
        own = {node: index for index, node in enumerate(part)}
        placed = _spring(len(part), [(own[a], own[b]) for a, b in edges if a in own], room)
        width, height = placed.max(axis=0)
        if left and left + width > room:
            left, top, row_height = 0.0, top + row_height + 2 * _NODE_IN, 0.0
        positions[part] = placed + np.array([left, top])
        left, row_height = left + width + 2.2 * _NODE_IN, max(row_height, float(height))
    return positions * min(1.0, _MOST_HEIGHT_IN / max(float(positions[:, 1].max()), 1e-9))


def _parts(count: int, edges: list[tuple[int, int]]) -> list[list[int]]:
    """Nodes of each connected part."""
    one, other = np.array(edges, dtype=np.intp).reshape(-1, 2).T
    number, part = connected_components(coo_array((np.ones(len(one)), (one, other)), shape=(count, count)))
    return [np.flatnonzero(part == which).tolist() for which in range(number)]


def _spring(count: int, edges: list[tuple[int, int]], room: float) -> Positions:
    """Nodes that repel each other and are drawn together by edges, in inches from 0.

    Source: Fruchterman & Reingold (1991), Graph drawing by force-directed placement.
    """
    angle = 2 * np.pi * np.arange(count) / count
    placed = np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.sqrt(count)
    if count > 2:  # noqa: PLR2004 - two nodes are side by side already
        one, other = np.array(edges).T
        for step in range(_STEPS):
            apart = placed[:, None] - placed
            distance = np.linalg.norm(apart, axis=2) + 1e-6
            force = (apart / distance[..., None] ** 2).sum(axis=1)
            pull = apart[one, other] * distance[one, other, None] * 0.5
            np.add.at(force, one, -pull)
            np.add.at(force, other, pull)
            size = np.linalg.norm(force, axis=1, keepdims=True) + 1e-9
            placed = placed + force / size * np.minimum(size, np.sqrt(count) * 0.3 * (1 - step / _STEPS))
    distance = np.linalg.norm(placed[:, None] - placed, axis=2) + np.where(np.eye(count, dtype=bool), np.inf, 0.0)
    placed = (placed - placed.mean(axis=0)) @ np.linalg.svd(placed - placed.mean(axis=0))[
        2
    ].T  # its longest direction is horizontal
    placed = (placed - placed.min(axis=0)) * (1.6 * _NODE_IN / np.min(distance, initial=1e9))
    least = np.maximum(placed.max(axis=0), 1e-9)
    scale: Positions = placed * min(1.0, room / least[0], room / least[1])
    return scale
