"""The chart of `partialstream bench`: how many items are there after how many seconds."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final

from partialstream.cli.bench_report import headline, percentile
from partialstream.cli.output import printable

if TYPE_CHECKING:
    from partialstream.cli.bench_report import Report
    from partialstream.cli.bench_runs import Kind

_WIDTH: Final = 760
_HEIGHT: Final = 420
_LEFT: Final = 60
_RIGHT: Final = 730
_TOP: Final = 80
_BOTTOM: Final = 360
_TICKS: Final = 6  # about so many on an axis
_LONGEST: Final = 100  # characters of the headline that fit

# Told apart by people who cannot tell red from green, too (Okabe and Ito).
_LINES: Final[tuple[tuple[Kind, str, str, str], ...]] = (
    ("streamed", "streamed", "#0072b2", ""),
    ("whole", "not streamed", "#d55e00", ' stroke-dasharray="6 4"'),
)


def chart(report: Report) -> str:
    """Draw a step line for each kind: the median time of each item.

    Args:
        report: What was measured.

    Returns:
        An SVG document. Nothing in it is loaded from elsewhere.
    """
    lines = {kind: _medians(report, kind) for kind, *_ in _LINES}
    end = max((times[-1] for times in lines.values() if times), default=1.0)
    most = max((len(times) for times in lines.values()), default=0)
    across = _step(end)
    last = math.ceil(end / across) * across
    up = max(1, round(_step(max(most, 1))))
    top = math.ceil(max(most, 1) / up) * up
    title = printable(headline(report))
    title = title if len(title) <= _LONGEST else title[: _LONGEST - 1] + "…"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{_LEFT}" y="24" font-size="13">{escape(title)}</text>',
    ]
    for number in range(math.ceil(end / across) + 1):
        x = _x(number * across, last)
        parts.append(_rule(x, _TOP, x, _BOTTOM))
        parts.append(_label(x, _BOTTOM + 18, f"{number * across:g}", "middle"))
    for count in range(0, top + 1, up):
        y = _y(count, top)
        parts.append(_rule(_LEFT, y, _RIGHT, y))
        parts.append(_label(_LEFT - 8, y + 4, str(count), "end"))
    middle = (_LEFT + _RIGHT) / 2
    parts.append(_label(middle, _BOTTOM + 40, "seconds since the request (median)", "middle"))
    parts.append(_label(_LEFT, _TOP - 12, "items", "end"))
    for place, (kind, name, colour, dashes) in enumerate(_LINES):
        left = _LEFT + 20 + place * 140
        stroke = f'fill="none" stroke="{colour}" stroke-width="2.5"{dashes}'
        parts.append(f'<path d="M{left} 48H{left + 30}" {stroke}/>')
        parts.append(_label(left + 38, 52, name, "start"))
        if times := lines[kind]:
            path = "".join(
                f"H{_x(seconds, last):.1f}V{_y(count, top):.1f}"
                for count, seconds in enumerate(times, 1)
            )
            parts.append(f'<path class="{kind}" d="M{_LEFT} {_BOTTOM}{path}H{_RIGHT}" {stroke}/>')
    return "\n".join([*parts, "</svg>", ""])


def _medians(report: Report, kind: Kind) -> list[float]:
    """The median time of each item that all runs of a kind have."""
    runs = len(report.of(kind))
    found = [percentile(times, 50) for times in report.item_times(kind) if len(times) == runs]
    return [seconds for seconds in found if seconds is not None]


def _step(end: float) -> float:
    """The distance of the ticks on an axis from 0 to `end`: 1, 2 or 5 times a power of ten."""
    rough = end / _TICKS
    power: float = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)


def _x(seconds: float, last: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * seconds / last


def _y(count: int, top: int) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * count / top


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="#ddd"/>'


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
