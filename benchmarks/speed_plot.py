"""The seconds of `speed.py` as a drawing for documents: SVG, for light and dark pages."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from benchmarks.speed_figures import FLOOR, NAMES
from eval.report.plots import nice_step

_WIDTH, _LEFT, _RIGHT, _ROW, _FOOT = 720, 230, 60, 40, 46
_STYLE = Markup(
    "text{font:13px sans-serif;fill:#333}.whole{fill:#9fb8d9}.first{fill:#1f5fa8}"
    ".grid{stroke:#ddd}.spread{stroke:#333;stroke-width:1.5}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.whole{fill:#4a6488}.first{fill:#8ab8f0}"
    ".grid{stroke:#444}.spread{stroke:#ddd}}"
)


def plot(figures: Mapping[str, Any]) -> str:
    """A bar for the median of each pipeline in `speed_figures.summary`, from nothing to its end.

    The darker part of a bar ends where the first token is there; a line goes from the 10th to the
    90th percentile.
    """
    sides = figures["pipelines"]
    longest = max(side["total_s"]["p90"] for side in sides.values())
    step = nice_step(longest / 6)
    ticks = [step * n for n in range(int(longest / step + 1.999))]
    scale = (_WIDTH - _LEFT - _RIGHT) / ticks[-1]
    height = _ROW * len(sides) + _FOOT

    def across(seconds: float) -> float:
        return round(_LEFT + seconds * scale, 1)

    parts = [
        Markup(
            '<line class="grid" x1="{0}" x2="{0}" y1="0" y2="{1}"/>'
            '<text x="{0}" y="{2}" text-anchor="middle">{3:g}</text>'
        ).format(across(tick), height - _FOOT + 4, height - _FOOT + 20, tick)
        for tick in ticks
    ]
    for row, (name, side) in enumerate(sides.items()):
        top, whole, first = row * _ROW + 8, side["total_s"], side["first_token_s"]["p50"]
        parts.append(
            Markup(
                '<text x="{}" y="{}" text-anchor="end">{}</text>'
                '<rect class="whole" x="{left}" y="{top}" width="{}" height="22"/>'
            ).format(
                _LEFT - 10, top + 16, NAMES[name], round(whole["p50"] * scale, 1),
                left=_LEFT, top=top,
            )
        )  # fmt: skip
        if name != FLOOR:
            parts.append(
                Markup('<rect class="first" x="{}" y="{}" width="{}" height="22"/>').format(
                    _LEFT, top, round(first * scale, 1)
                )
            )
        parts.append(
            Markup(
                '<line class="spread" x1="{}" x2="{end}" y1="{middle}" y2="{middle}"/>'
                '<text x="{}" y="{}">{:.2f}</text>'
            ).format(
                across(whole["p10"]), across(whole["p90"]) + 6, top + 16, whole["p50"],
                end=across(whole["p90"]), middle=top + 11,
            )
        )  # fmt: skip
    told = "seconds for an answer (median; dark: to its first token; line: 10th to 90th percentile)"
    parts.append(
        Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>').format(
            _WIDTH / 2, height - 8, told
        )
    )
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" aria-label="{}">'
    return Markup(head + "<style>{}</style>{}</svg>\n").format(
        _WIDTH, height, told, _STYLE, Markup("").join(parts)
    )
