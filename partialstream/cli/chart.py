"""Charts of a few lines, as SVG documents that load nothing from elsewhere."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from html import escape
from typing import Final

Point = tuple[float, float]

_WIDTH: Final = 880  # at least: longer names, notes and titles make the drawing wider
_HEIGHT: Final = 420
_LEFT: Final = 60
_RIGHT: Final = 730
_TOP: Final = 80
_BOTTOM: Final = 360
_NOTE: Final = 16  # height
_CHARACTER: Final = 6.9  # width at 12 pixels, on average; fonts differ
_TICKS: Final = 6  # about so many on a linear axis

# Told apart by people who see few colours, too; the first ones are by Okabe and Ito.
_COLOURS: Final = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"),
    *("#7f7f7f", "#8c564b", "#9467bd", "#bcbd22", "#5254a3"),
)


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        name: The name of its file, without the ending.
        title: What it shows.
        across: The quantity on the horizontal axis, with the unit.
        up: The quantity on the vertical axis, with the unit.
        series: The points of each line, from left to right.
        notes: What is to be known, such as which lines stop early and why.
        steps: Whether lines go up in steps, on axes that begin at 0. Otherwise both axes are
            logarithmic, and all coordinates positive.
    """

    name: str
    title: str
    across: str
    up: str
    series: dict[str, list[Point]]
    notes: list[str] = field(default_factory=list[str])
    steps: bool = False


def svg(chart: Chart) -> str:
    """Draw a chart.

    Raises:
        ValueError: A coordinate does not fit its axis.
    """
    points = [point for line in chart.series.values() for point in line] or [(1.0, 1.0)]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    across: _LinearAxis | _LogAxis
    up: _LinearAxis | _LogAxis
    if chart.steps:
        across, up = _LinearAxis(xs, _LEFT, _RIGHT), _LinearAxis(ys, _BOTTOM, _TOP, whole=True)
    else:
        across, up = _LogAxis(xs, _LEFT, _RIGHT, exact=True), _LogAxis(ys, _BOTTOM, _TOP)
    width = _width(chart)
    height = _HEIGHT + _NOTE * (len(chart.notes) + 1 if chart.notes else 0)
    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" font-family="sans-serif" font-size="12">',
        f"<title>{escape(chart.title)}</title>",
        '<rect width="100%" height="100%" fill="white"/>',
        _text(_LEFT, 24, chart.title, 'font-size="15" font-weight="bold"'),
        _text(_LEFT, _TOP - 12, chart.up),
        _text((_LEFT + _RIGHT) / 2, _BOTTOM + 40, chart.across, 'text-anchor="middle"'),
    ]
    for tick in across.ticks:
        x = across.place(tick)
        drawn.append(_rule(x, _TOP, x, _BOTTOM))
        drawn.append(_text(x, _BOTTOM + 18, _number(tick), 'text-anchor="middle"'))
    for tick in up.ticks:
        y = up.place(tick)
        drawn.append(_rule(_LEFT, y, _RIGHT, y))
        drawn.append(_text(_LEFT - 8, y + 4, _number(tick), 'text-anchor="end"'))
    for number, (name, line) in enumerate(chart.series.items()):
        places = [(across.place(x), up.place(y)) for x, y in line]
        drawn += _series(number, name, places, steps=chart.steps)
    for number, note in enumerate(chart.notes):
        drawn.append(_text(_LEFT, _HEIGHT + _NOTE * (number + 0.5), note, 'fill="#444"'))
    return "\n".join([*drawn, "</svg>", ""])


class _LinearAxis:
    """An axis from 0 to beyond the greatest value.

    Attributes:
        ticks: Multiples of 1, 2 or 5 times a power of ten.
    """

    def __init__(
        self, values: list[float], start: float, end: float, *, whole: bool = False
    ) -> None:
        greatest = max(values) or 1.0
        rough = greatest / _TICKS
        power: float = 10.0 ** math.floor(math.log10(rough))
        step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough * 0.999)
        step = max(1, round(step)) if whole else step
        self.ticks = [step * number for number in range(math.ceil(greatest / step) + 1)]
        self._start, self._size = start, (end - start) / self.ticks[-1]

    def place(self, value: float) -> float:
        """The place of a value in the drawing."""
        return self._start + value * self._size


class _LogAxis:
    """A logarithmic axis.

    Attributes:
        ticks: Powers of ten, and round numbers between them if they are few; with `exact` the
            values themselves, if there is room for all of their labels.
    """

    def __init__(
        self, values: list[float], start: float, end: float, *, exact: bool = False
    ) -> None:
        if min(values) <= 0:
            raise ValueError(f"a logarithmic axis has no place for {min(values)}")
        self._low = math.log10(min(values)) - 0.05
        self._high = math.log10(max(values)) + 0.05
        self._start, self._end = start, end
        values = sorted(set(values))
        self.ticks = values if exact and self._have_room(values) else self._round()

    def place(self, value: float) -> float:
        """The place of a value in the drawing."""
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return self._start + share * (self._end - self._start)

    def _round(self) -> list[float]:
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


def _width(chart: Chart) -> int:
    """The width with which no text is cut off."""
    names = max(map(len, chart.series), default=0) * _CHARACTER
    notes = max(map(len, chart.notes), default=0) * _CHARACTER
    title = len(chart.title) * _CHARACTER * 15 / 12 * 1.1  # bold
    ends = (_RIGHT + 60 + names, _LEFT + notes, _LEFT + title)
    return max(_WIDTH, math.ceil(max(ends)) + 10)


def _series(number: int, name: str, places: list[Point], *, steps: bool) -> list[str]:
    """A line, and its name beside the plot."""
    colour = _COLOURS[number % len(_COLOURS)]
    dashes = ' stroke-dasharray="6 4"' if steps and number else ""
    stroke = f'fill="none" stroke="{colour}" stroke-width="{1.5 if number else 3}"{dashes}'
    y = _TOP + 10 + 18 * number
    drawn = [f'<path d="M{_RIGHT + 20} {y - 4}h24" {stroke}/>', _text(_RIGHT + 50, y, name)]
    if not places:
        return drawn
    if steps:
        path = "".join(f"H{x:.1f}V{y:.1f}" for x, y in places)
        path = f"M{_LEFT} {_BOTTOM}{path}H{_RIGHT}"
    else:
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places]
    return [*drawn, f'<path class="{escape(name)}" d="{path}" {stroke}/>']


def _rule(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" stroke="#ddd"/>'


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(text)}</text>'


def _number(value: float) -> str:
    for unit, sign in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:g}{sign}"
    return f"{value:g}"
