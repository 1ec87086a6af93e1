"""Line charts as SVG, written by hand: both axes are logarithmic."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

Point = tuple[float, float]

WIDTH, HEIGHT = 860, 480
"""At least; names and notes that are longer make the drawing wider."""

_LEFT, _TOP, _BOTTOM = 70, 40, 60
_PLOT = 540  # width
_KEY = 34  # from the plot to the names of the lines

_CHARACTER = 6.9  # width at 12 pixels, on average; fonts differ
_NOTE = 16  # height

# Told apart by people who see few colours, too; ours comes first and is drawn thickest.
_COLOURS = (
    *("#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22"),
    *("#17becf", "#ff7f0e", "#000000", "#5254a3"),
)


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        name: Of its file, without the ending.
        title: What it shows.
        across: What the horizontal axis is, with the unit.
        up: What the vertical axis is, with the unit.
        series: The points of each line, from left to right; all coordinates are positive.
        notes: What is to be known, such as which lines stop early and why.
    """

    name: str
    title: str
    across: str
    up: str
    series: dict[str, list[Point]]
    notes: list[str] = field(default_factory=list)


def svg(chart: Chart) -> str:
    """Draw a chart.

    Raises:
        ValueError: If there is nothing to draw, or a coordinate is not positive.
    """
    points = [point for line in chart.series.values() for point in line]
    if not points:
        raise ValueError(f"chart {chart.name!r} has no points")
    right, bottom = _LEFT + _PLOT, HEIGHT - _BOTTOM
    across = _Axis([x for x, _ in points], _LEFT, right)
    up = _Axis([y for _, y in points], bottom, _TOP)
    width = _width(chart)
    height = HEIGHT + _NOTE * (len(chart.notes) + 1 if chart.notes else 0)
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        _text(_LEFT, 22, chart.title, 'font-size="15" font-weight="bold"'),
    ]
    for tick in across.ticks(exact=True):
        x = across.place(tick)
        drawn.append(_line(x, _TOP, x, bottom))
        drawn.append(_text(x, bottom + 18, _number(tick), 'text-anchor="middle"'))
    for tick in up.ticks():
        y = up.place(tick)
        drawn.append(_line(_LEFT, y, right, y))
        drawn.append(_text(_LEFT - 8, y + 4, _number(tick), 'text-anchor="end"'))
    middle = (_LEFT + right) / 2
    drawn.append(_text(middle, bottom + 42, chart.across, 'text-anchor="middle"'))
    y = (_TOP + bottom) / 2
    turn = f'text-anchor="middle" transform="rotate(-90 16 {y:g})"'
    drawn.append(_text(16, y, chart.up, turn))
    for number, (name, line) in enumerate(chart.series.items()):
        drawn += _series(number, name, [(across.place(x), up.place(y)) for x, y in line])
    for number, note in enumerate(chart.notes):
        drawn.append(_text(_LEFT, HEIGHT + _NOTE * (number + 0.5), note, 'fill="#444"'))
    return "\n".join([*drawn, "</svg>", ""])


def _width(chart: Chart) -> int:
    """So wide that nothing that is written is cut off."""
    names = max(map(len, chart.series)) * _CHARACTER
    notes = max(map(len, chart.notes), default=0) * _CHARACTER
    title = len(chart.title) * _CHARACTER * 15 / 12 * 1.1  # bold
    ends = (_LEFT + _PLOT + _KEY + names, _LEFT + notes, _LEFT + title)
    return max(WIDTH, math.ceil(max(ends)) + 10)


class _Axis:
    """A logarithmic axis.

    Args:
        values: What it must have room for.
        start: Where it begins in the drawing.
        end: Where it ends.
    """

    def __init__(self, values: list[float], start: float, end: float) -> None:
        if min(values) <= 0:
            raise ValueError(f"a logarithmic axis has no place for {min(values)}")
        self._values = sorted(set(values))
        self._low = math.log10(min(values)) - 0.05
        self._high = math.log10(max(values)) + 0.05
        self._start, self._end = start, end

    def place(self, value: float) -> float:
        """Where a value is."""
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._start + share * (self._end - self._start)

    def ticks(self, *, exact: bool = False) -> list[float]:
        """Round numbers on the axis: powers of ten, and what is between if they are few.

        Args:
            exact: Give the values themselves, if there is room for all of their labels.
        """
        if exact and self._have_room(self._values):
            return self._values
        span = self._high - self._low
        steps = (1.0,) if span > 2.5 else (1.0, 2.0, 5.0) if span > 1 else (1.0, 1.5, 2, 3, 5, 7)
        decades = range(math.floor(self._low), math.ceil(self._high) + 1)
        ticks = [step * 10.0**decade for decade in decades for step in steps]
        return [tick for tick in ticks if self._low <= math.log10(tick) <= self._high]

    def _have_room(self, values: list[float]) -> bool:
        return all(
            self.place(value) - self.place(before)
            > (len(_number(value)) + len(_number(before))) / 2 * _CHARACTER + 4
            for before, value in itertools.pairwise(values)
        )


def _series(number: int, name: str, places: list[Point]) -> list[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    width = 1.5 if number else 3
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    drawn = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>']
    drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    x, y = _LEFT + _PLOT + _KEY - 20, _TOP + 10 + 18 * number
    drawn.append(f'<rect x="{x}" y="{y - 8}" width="14" height="8" fill="{colour}"/>')
    drawn.append(_text(x + 20, y, name))
    return drawn


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(text)}</text>'


def _number(value: float) -> str:
    for unit, sign in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{sign}"
    return f"{value:g}"
