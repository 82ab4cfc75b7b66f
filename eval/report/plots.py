"""Small plots as inline SVG: no script, no font, no colour of its own.

Colours come from the page's style by class, so that one drawing suits a dark and a light page.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from eval.report.curves import Bin, Points, Share

_WIDTH, _HEIGHT = 400, 250
_PERCENT = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Frame:
    """A plotting area: data ranges, the ticks of both axes and what they are called."""

    x_ticks: Sequence[float]
    y_ticks: Sequence[float]
    x_label: str
    y_label: str
    x_percent: bool = True
    y_percent: bool = True
    left: int = 50
    right: int = 22
    top: int = 24
    bottom: int = 42

    def x(self, value: float) -> float:
        """Where a value lies across, in the drawing's units."""
        span = self.x_ticks[-1] - self.x_ticks[0]
        width = _WIDTH - self.left - self.right
        return round(self.left + (value - self.x_ticks[0]) / span * width, 2)

    def y(self, value: float) -> float:
        """Where a value lies from the top, in the drawing's units."""
        span = self.y_ticks[-1] - self.y_ticks[0]
        height = _HEIGHT - self.top - self.bottom
        return round(_HEIGHT - self.bottom - (value - self.y_ticks[0]) / span * height, 2)

    def draw(self, title: str, marks: Iterable[Markup]) -> Markup:
        """The axes with their labels, and the marks on top."""
        foot = _HEIGHT - self.bottom
        parts = [
            Markup('<line class="grid" x1="{}" x2="{}" y1="{y}" y2="{y}"/>').format(
                self.left, _WIDTH - self.right, y=self.y(tick)
            )
            for tick in self.y_ticks
        ]
        parts += [
            _text(self.left - 6, self.y(tick) + 4, _number(tick, self.y_percent), "end")
            for tick in self.y_ticks
        ]
        parts += [
            _text(self.x(tick), foot + 16, _number(tick, self.x_percent), "middle")
            for tick in self.x_ticks
        ]
        parts.append(_text((self.left + _WIDTH - self.right) / 2, foot + 34, self.x_label))
        parts.append(_text(4, 13, self.y_label, "start"))
        return _svg(title, _HEIGHT, [*parts, *marks])


def coverage_plot(points: Points) -> Markup:
    """The accuracy-coverage curve."""
    frame = Frame(_PERCENT, _PERCENT, "questions answered", "of these, right")
    marks = [_line(frame, points)]
    marks += [_dot(frame, x, y, f"{x:.0%} answered, {y:.0%} right") for x, y in points[-1:]]
    return frame.draw("Accuracy over coverage", marks)


def reliability_plot(bins: Sequence[Bin]) -> Markup:
    """The reliability diagram: on the diagonal the confidence is what it says."""
    frame = Frame(_PERCENT, _PERCENT, "confidence", "answers that are right")
    marks = [_line(frame, [(0, 0), (1, 1)], "guide")]
    for found in bins:
        share = found.right
        low, high = share.bounds
        x = frame.x(found.confidence)
        marks.append(_rule(x, x, frame.y(low), frame.y(high)))
        told = f"confidence {share.label}: {share.k} of {share.n} right"
        marks.append(_dot(frame, found.confidence, share.rate, told))
    return frame.draw("Reliability of the confidence", marks)


def recall_plot(points: Points) -> Markup:
    """Recall over k."""
    ticks = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    frame = Frame(ticks, _PERCENT, "first k sentences", "facts found", x_percent=False)
    dots = [_dot(frame, k, share, f"first {k:.0f}: {share:.0%}") for k, share in points]
    return frame.draw("Recall of the search", [_line(frame, points), *dots])


def latency_plot(seconds: Sequence[float]) -> Markup:
    """A histogram of seconds, about a dozen bars wide."""
    step = nice_step(max(seconds) / 12)
    count = max(1, math.ceil(max(seconds) / step + 1e-9))
    heights = [0] * count
    for value in seconds:
        heights[min(int(value / step), count - 1)] += 1
    x_step = step * max(1, math.ceil(count / 6))
    x_ticks = [x_step * place for place in range(math.ceil(count * step / x_step - 1e-9) + 1)]
    y_step = max(1, nice_step(max(heights) / 4))
    y_ticks = [y_step * place for place in range(math.ceil(max(heights) / y_step) + 1)]
    frame = Frame(x_ticks, y_ticks, "seconds", "answers", x_percent=False, y_percent=False)
    marks = [
        Markup('<rect class="mark" x="{}" y="{}" width="{}" height="{}">{}</rect>').format(
            frame.x(place * step) + 1,
            frame.y(height),
            round(frame.x((place + 1) * step) - frame.x(place * step) - 2, 2),
            round(frame.y(0) - frame.y(height), 2),
            _title(f"{place * step:g} to {(place + 1) * step:g} s: {height}"),
        )
        for place, height in enumerate(heights)
        if height
    ]
    return frame.draw("Latency", marks)


def share_plot(name: str, shares: Sequence[Share]) -> Markup:
    """A bar for each share, with its interval and its count; `name` is what they are by."""
    left, right, row, top = 118, 52, 26, 6
    width = _WIDTH - left - right
    marks = []
    for place, share in enumerate(shares):
        middle = top + place * row + row / 2
        marks += [
            _text(left - 8, middle + 4, _short(share.label), "end"),
            *_bar(share, left, width, middle),
            _text(_WIDTH - right + 8, middle + 4, f"{share.k}/{share.n}", "start"),
        ]
    return _svg(f"Share of cases that went well, by {name}", 2 * top + row * len(shares), marks)


def bar_plot(share: Share, kind: str = "mark") -> Markup:
    """The bar of one share alone, to stand beside its figures; `kind` is "mark" or "alarm"."""
    marks = Markup("").join(_bar(share, 0, _WIDTH / 2, 8, kind))
    return Markup('<svg viewBox="0 0 {} 16" aria-hidden="true">{}</svg>').format(_WIDTH // 2, marks)


def change_plot(rows: Sequence[tuple[str, float, float, float, bool]]) -> Markup:
    """Changes of shares with their intervals, about a line at none; the last field marks alarm."""
    left, right, row, top = 14, 14, 42, 6
    reach = max(0.1, *(abs(bound) for _, _, low, high, _ in rows for bound in (low, high)))
    width = _WIDTH - left - right

    def across(value: float) -> float:
        return round(left + (value + reach) / (2 * reach) * width, 2)

    height = 2 * top + row * len(rows) + 16
    marks = [_rule(across(0), across(0), top, height - 18, "grid")]
    for place, (label, change, low, high, alarm) in enumerate(rows):
        middle = top + place * row + 28
        kind = "alarm" if alarm else "mark"
        marks += [
            _text(left, middle - 12, f"{label}: {change:+.1%}", "start"),
            _rule(across(low), across(high), middle, middle, "whisker"),
            Markup('<circle class="{}" cx="{}" cy="{}" r="5">{}</circle>').format(
                kind, across(change), middle, _title(f"{low:+.1%} to {high:+.1%}")
            ),
        ]
    marks += [_text(across(x), height - 4, f"{x:+.0%}" if x else "no change", place)
              for x, place in ((-reach, "start"), (0.0, "middle"), (reach, "end"))]  # fmt: skip
    return _svg("Change of each figure against the baseline", height, marks)


def nice_step(rough: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `rough`."""
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return float(next(times * power for times in (1, 2, 5, 10) if times * power >= rough * 0.999))


def _svg(title: str, height: float, marks: Iterable[Markup]) -> Markup:
    return Markup('<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, round(height), title, Markup("").join(marks)
    )


def _text(x: float, y: float, text: str, anchor: str = "middle") -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(
        round(x, 2), round(y, 2), anchor, text
    )


def _bar(
    share: Share, left: float, width: float, middle: float, kind: str = "mark"
) -> list[Markup]:
    """The whole, the share of it, and the interval, on a line at the height `middle`."""
    low, high = (left + bound * width for bound in share.bounds)
    rect = Markup('<rect class="{}" x="{}" y="{}" width="{}" height="14">{}</rect>')
    told = _title(f"{share.label}: {share.k} of {share.n}")
    return [
        rect.format("track", left, middle - 7, width, ""),
        rect.format(kind, left, middle - 7, round(share.rate * width, 2), told),
        _rule(round(low, 2), round(high, 2), middle, middle),
    ]


def _short(label: str, most: int = 17) -> str:
    """What fits beside a bar; the whole is in the bar's own title."""
    label = label.replace("_", " ")
    return label if len(label) <= most else f"{label[: most - 1]}…"


def _line(frame: Frame, points: Points, kind: str = "line") -> Markup:
    places = " ".join(f"{frame.x(x)},{frame.y(y)}" for x, y in points)
    return Markup('<polyline class="{}" points="{}"/>').format(kind, places)


def _dot(frame: Frame, x: float, y: float, told: str) -> Markup:
    return Markup('<circle class="mark" cx="{}" cy="{}" r="4">{}</circle>').format(
        frame.x(x), frame.y(y), _title(told)
    )


def _rule(x1: float, x2: float, y1: float, y2: float, kind: str = "whisker") -> Markup:
    return Markup('<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/>').format(kind, x1, x2, y1, y2)


def _title(text: str) -> Markup:
    return Markup("<title>{}</title>").format(text)


def _number(value: float, percent: bool) -> str:
    return f"{value:.0%}" if percent else f"{value:g}"
