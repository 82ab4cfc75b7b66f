"""The evaluation as HTML: how to start one, how far it is, the last report. Pure functions."""

from rag.page.evaluator import Choices, Figure, Miss, Report, Subset
from rag.page.exam import State
from rag.page.markup import bar, day, escape

WHOLE = "/evaluation"  # where the server has the whole report
UNREADABLE = "The last report cannot be read; the terminal that Footnote runs in says why."
_NONE_FIT = "No question is of that split and kind. Choose others."
_CLOSE = (
    '<button type="button" class="close" data-leave aria-label="Close the evaluation">'
    '<span aria-hidden="true">×</span></button>'
)
_WHAT = (
    "An evaluation asks questions whose answers are known, and counts how many come back right, "
    "wrong, or rightly refused. It is about the articles that Footnote was started with."
)


def opener() -> str:
    """The button in the page's header; page.js opens and closes the view with it."""
    return (
        '<button type="button" data-evaluation aria-expanded="false" '
        'aria-controls="evaluation">Evaluation</button>'
    )


def controls(choices: Choices | None, state: State) -> str:
    """The head of the view, and what can be started or stopped; without `choices`, how else."""
    if choices is None:
        inner = _elsewhere()
    elif state.running:
        inner = _stop(stopping=state.stopping)
    else:
        inner = _form(choices, state.subset or Subset())
    return (
        '<section class="exam" aria-labelledby="evaluation-title"><header>'
        f'<p class="eyebrow">Evaluation</p>{_CLOSE}'
        '<h2 id="evaluation-title" tabindex="-1">How well does it answer?</h2>'
        f"<p>{_WHAT}</p></header>{inner}</section>"
    )


def pace(state: State) -> str:
    """How far the run is, or what came of the last one; "" before the first."""
    if state.running:
        shown = f'<p role="status">{escape(_under_way(state))}</p>'
        shown += bar("Questions asked", state.done, state.total)
        return f'<div class="pace" aria-busy="true">{shown}</div>'
    if text := state.failure:
        return f'<div class="pace"><p role="status" class="urgent">{escape(text)}</p></div>'
    text = _ended(state)
    return f'<div class="pace"><p role="status">{escape(text)}</p></div>' if text else ""


def report(found: Report | None) -> str:
    """The figures, the plots and what went wrong; without a report, that there is none yet."""
    if found is None:
        return (
            '<section class="no-report"><h3>No evaluation yet</h3>'
            "<p>Begin one as said above. Its figures then stand here: each share with the interval "
            "that chance leaves open, and every question that went wrong, with its answer.</p>"
            "</section>"
        )
    return (
        '<section class="report" aria-labelledby="report-title">'
        f'<header><h3 id="report-title">The last report</h3>{_about(found)}'
        f'<p><a href="{WHOLE}" target="_blank" rel="noopener">Open the whole report'
        '<span class="apart"> in a new tab</span></a></p></header>'
        f'<ul class="shares">{"".join(map(_share, found.figures))}</ul>'
        '<p class="key">The line across a bar is its 95 % interval.</p>'
        f"{_misses(found)}{_plots(found)}</section>"
    )


def unreadable() -> str:
    """That there is a report, but a damaged one."""
    return f'<section class="no-report"><p class="urgent">{UNREADABLE}</p></section>'


def _form(choices: Choices, subset: Subset) -> str:
    splits = "".join(
        _option(name, f"{name} ({count:,})", chosen=name == subset.split)
        for name, count in choices.splits.items()
    )
    groups = _option("", "any", chosen=not (subset.kind or subset.tag))
    for label, names, chosen in (
        ("kind", choices.kinds, subset.kind),
        ("tag", choices.tags, subset.tag),
    ):
        options = "".join(
            _option(f"{label}:{name}", name.replace("_", " "), chosen=name == chosen)
            for name in names
        )
        groups += f'<optgroup label="By {label}">{options}</optgroup>' if options else ""
    most = max(choices.splits.values())
    return (
        '<form class="subset" aria-label="Start an evaluation">'
        f'<label>Split <select name="split">{splits}</select></label>'
        f'<label>Kind or tag <select name="group">{groups}</select></label>'
        f'<label>At most <input type="number" name="most" required min="1" max="{most}" '
        f'value="{min(subset.most, most)}"/></label>'
        '<button type="submit">Start</button></form>'
        '<p class="fine">It takes some seconds a question; answers of earlier runs are used again. '
        "What people ask meanwhile is answered between two of them.</p>"
    )


def _stop(*, stopping: bool) -> str:
    label = "Stopping…" if stopping else "Stop"
    return (
        f'<p class="subset"><button type="button" data-stop>{label}</button>'
        '<span class="fine">Nothing is lost: the same choice goes on from there.</span></p>'
    )


def _elsewhere() -> str:
    return (
        '<div class="fine"><p>The bundled questions are about the bundled articles, not about '
        "those. Write your own, and ask them from a terminal; their figures then stand here, if "
        "Footnote was started in the same folder:</p>"
        '<pre tabindex="0">footnote eval new mine.yaml\n'
        "footnote eval run --cases mine.yaml --corpus FOLDER</pre></div>"
    )


def _option(value: str, label: str, *, chosen: bool) -> str:
    mark = " selected" if chosen else ""
    return f'<option value="{escape(value)}"{mark}>{escape(label)}</option>'


def _under_way(state: State) -> str:
    if not state.total:
        return "Beginning…"
    count = f"{state.done:,} of {state.total:,} questions"
    if state.stopping:
        return f"{count}; stopping after the one under way"
    return f"{count}, {state.left} left" if state.left else count


def _ended(state: State) -> str:
    if state.subset is None:
        return ""
    if not state.total:
        return _NONE_FIT
    if state.done == state.total:
        noun = "question" if state.done == 1 else "questions"
        return f"Asked {state.done:,} {noun}; the figures below are theirs."
    count = f"{state.done:,} of {state.total:,} questions"
    if state.stopping:
        return f"Stopped after {count}. Start the same again to go on."
    return f"The articles were changed after {count}, which ended it. Start it again."


def _about(found: Report) -> str:
    at = found.made.isoformat(timespec="minutes")
    made = f"{day(found.made.date().isoformat())}, {found.made:%H:%M}"
    where = "started on this page" if found.on_page else "from the command line"
    note = f'<p class="fine">{escape(found.note)}</p>' if found.note else ""
    return (
        f'<p class="fine"><time datetime="{at}">{made}</time>, {where}. '
        f"<bdi>{escape(found.asked)}</bdi>. Articles: <bdi>{escape(found.corpus)}</bdi>. "
        f"Model: <bdi>{escape(found.model)}</bdi>.</p>{note}"
    )


def _share(figure: Figure) -> str:
    share = f"{figure.count / figure.of:.0%}"
    return (
        f'<li><span class="label">{escape(figure.label)}</span> '
        f'<span class="bar">{figure.drawing}</span> '
        f'<span class="value"><strong>{share}</strong> {figure.count:,} of {figure.of:,}, '
        f"{figure.low:.0%} to {figure.high:.0%}</span></li>"
    )


def _misses(found: Report) -> str:
    items = "".join(map(_miss, found.missed)) or "<p>None.</p>"
    return f"<h3>What went wrong <span>{len(found.missed):,}</span></h3>{items}"


def _miss(miss: Miss) -> str:
    rows = [("Answer", miss.answer or "none"), ("Expected", miss.expected), ("Why", miss.reason)]
    told = "".join(f'<dt>{name}</dt><dd dir="auto">{escape(text)}</dd>' for name, text in rows)
    return (
        f'<details class="miss"><summary><span class="outcome">{escape(miss.outcome)}</span> '
        f"<bdi>{escape(miss.question)}</bdi></summary><dl>{told}</dl></details>"
    )


def _plots(found: Report) -> str:
    drawn = "".join(
        f"<figure><figcaption><strong>{escape(plot.title)}</strong> {escape(plot.caption)}"
        f"</figcaption>{plot.drawing}</figure>"
        for plot in found.plots
    )
    return f'<h3>Plots</h3><div class="plots">{drawn}</div>' if drawn else ""
