"""Minimum cuts of small directed graphs, by augmenting along shortest paths."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable
from itertools import pairwise

SMALLEST = 1e-9
"""What is left of a capacity after rounding, in units of the largest finite one."""

Node = Hashable


class Network:
    """A directed graph with capacities; a node is there when an edge names it."""

    def __init__(self) -> None:
        self._left: dict[Node, dict[Node, float]] = {}
        self._largest = 0.0

    def add(self, source: Node, sink: Node, capacity: float = math.inf) -> None:
        """Adds to the capacity of an edge."""
        assert capacity >= 0
        edges = self._left.setdefault(source, {})
        edges[sink] = edges.get(sink, 0.0) + capacity
        self._left.setdefault(sink, {}).setdefault(source, 0.0)
        if math.isfinite(capacity):
            self._largest = max(self._largest, capacity)

    def sink_side(self, source: Node, sink: Node) -> set[Node]:
        """
        The nodes on the sink's side of a minimum cut, as few as can be.

        The cut parts `source` from `sink`; which of several minimum cuts is found does
        not depend on the order of edges.
        """
        while (path := self._path(source, sink)) is not None:
            pairs = list(pairwise(path))
            flow = min(self._left[a][b] for a, b in pairs)
            assert math.isfinite(flow), "no finite cut"
            for a, b in pairs:
                self._left[a][b] -= flow
                self._left[b][a] += flow
        found = {sink}
        waiting = deque([sink])
        while waiting:
            node = waiting.popleft()
            for before in self._left[node]:
                if before not in found and self._is_open(before, node):
                    found.add(before)
                    waiting.append(before)
        return found

    def _is_open(self, a: Node, b: Node) -> bool:
        return self._left[a][b] > SMALLEST * self._largest

    def _path(self, source: Node, sink: Node) -> list[Node] | None:
        """A shortest path with capacity left."""
        came_from: dict[Node, Node] = {source: source}
        waiting = deque([source])
        while waiting:
            node = waiting.popleft()
            for after in self._left[node]:
                if after in came_from or not self._is_open(node, after):
                    continue
                came_from[after] = node
                if after == sink:
                    path = [sink]
                    while path[-1] != source:
                        path.append(came_from[path[-1]])
                    return path[::-1]
                waiting.append(after)
        return None
