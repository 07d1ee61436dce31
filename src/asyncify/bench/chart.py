"""A chart as SVG: a plane with two axes, and what is drawn on it. Colours are classes of the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element, SubElement

LEFT, RIGHT, TOP, BOTTOM = 44, 14, 26, 36  # pixels round the plane
STEPS = (1, 2, 2.5, 5, 10)
DOT = 3.4
FEW_LETTERS = 7
WIDTH, HEIGHT = 400, 270


class Scale:
    """From values to pixels; logarithmic if told so."""

    def __init__(self, low: float, high: float, start: float, end: float, *, is_log: bool = False) -> None:
        self._map: Callable[[float], float] = math.log10 if is_log else float
        self._low, self._high = self._map(low), self._map(high)
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        span = self._high - self._low or 1.0
        return round(self._start + (self._map(value) - self._low) / span * (self._end - self._start), 2)


class Plane:
    """A drawing with two axes, `x` and `y` their ends."""

    def __init__(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        label: str,
        size: tuple[int, int] = (WIDTH, HEIGHT),
        left: int = LEFT,
        top: int = TOP,
        is_log_x: bool = False,
    ) -> None:
        self.width, self.height = size
        self.svg = Element("svg", {"viewBox": f"0 0 {self.width} {self.height}", "role": "img", "aria-label": label})
        self._left, self._top = left, top
        self._right, self._bottom = self.width - RIGHT, self.height - BOTTOM
        self.x = Scale(*x, left, self._right, is_log=is_log_x)
        self.y = Scale(*y, self._bottom, top)

    def x_axis(self, ticks: Sequence[float], unit: str, *, grid: bool = False) -> None:
        for tick in ticks:
            at = self.x(tick)
            if grid:
                self._line(at, self._top, at, self._bottom, "grid")
            self.text(at, self._bottom + 16, short(tick), anchor="middle")
        self._line(self._left, self._bottom, self._right, self._bottom, "axis")
        self.text(self._right, self._bottom + 30, unit, anchor="end")

    def y_axis(self, ticks: Sequence[float], unit: str, show: Callable[[float], str] | None = None) -> None:
        for tick in ticks:
            at = self.y(tick)
            self._line(self._left, at, self._right, at, "grid")
            self.text(self._left - 8, at + 4, (show or short)(tick), anchor="end")
        self.text(self._left - 8, self._top - 14, unit, anchor="end" if len(unit) < FEW_LETTERS else "middle")

    def curve(self, points: Sequence[tuple[float, float]], kind: str, title: str = "") -> None:
        path = " ".join(f"{self.x(x)},{self.y(y)}" for x, y in points)
        self._titled(SubElement(self.svg, "polyline", {"points": path, "class": f"line {kind}"}), title)

    def dot(self, x: float, y: float, kind: str, title: str) -> None:
        at = {"cx": str(self.x(x)), "cy": str(self.y(y)), "r": str(DOT), "class": f"dot {kind}"}
        self._titled(SubElement(self.svg, "circle", at), title)

    def box(self, x: float, end: float, top: float, height: float, kind: str, title: str = "") -> None:
        """From `x` to `end` in values of the axis; `top` and `height` in pixels."""
        left = self.x(x)
        attributes = {
            "x": str(left),
            "width": str(max(0.5, round(self.x(end) - left, 2))),
            "y": str(round(top, 2)),
            "height": str(round(height, 2)),
            "class": kind,
        }
        self._titled(SubElement(self.svg, "rect", attributes), title)

    def mark(self, x: float, top: float, height: float, title: str) -> None:
        """A stroke across a bar."""
        at = self.x(x)
        self._titled(self._line(at, top, at, top + height, "mark"), title)

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
        attributes = {"x": str(round(x, 2)), "y": str(round(y, 2)), "text-anchor": anchor}
        SubElement(self.svg, "text", attributes | ({"class": kind} if kind else {})).text = text

    def _line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> Element:
        ends = {"x1": str(x1), "y1": str(y1), "x2": str(x2), "y2": str(y2), "class": kind}
        return SubElement(self.svg, "line", ends)

    @staticmethod
    def _titled(element: Element, title: str) -> None:
        if title:
            SubElement(element, "title").text = title


def round_ticks(high: float, most: int = 5) -> list[float]:
    """From 0 to the first round number that is not below `high`."""
    if high <= 0:
        return [0.0, 1.0]
    rough = high / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in STEPS if power * factor >= rough * 0.999)
    return [round(step * n, 10) for n in range(math.ceil(high / step - 1e-9) + 1)]


def short(value: float) -> str:
    """A number for an axis."""
    if value >= 10_000:
        return f"{value / 1000:g}k"
    return f"{value:,.10g}"
