"""The components of the page, and how they are laid out."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.page import evaluation, library, render, source

if TYPE_CHECKING:
    import gradio as gr

FOLDER = Path(__file__).parent
HINT = "Enter asks; Shift and Enter start a new line."
EMPTY_HINT = "Type a question first."
GONE_HINT = "That conversation is no longer there."
ANEW_HINT = (
    "This conversation was deleted or went on elsewhere. What you see here is kept as a new one."
)
CLOSED_HINT = (
    "This collection is not open. Choose one at the head of the page, or wait while it opens."
)
NOTHING_HINT = "There is nothing to ask about yet: add articles first."
BUSY_HINT = "One question at a time: wait for this answer or stop it."
AGAIN_HINT = "Asked as if nothing had come after it. Empty the field to ask something new."
TYPED_HINT = (
    "What you have typed was left there. Ask it or empty the field, then edit that question."
)
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
FOCUS = "() => { document.querySelector('#question textarea')?.focus(); return []; }"
# The values for asking, the last of which only the browser knows.
ASKED = (
    "(question, exchanges, kept, where) => "
    "[question, exchanges, kept, where, window.footnote.again()]"
)

Update = dict[Any, Any]
"""New values by component, as Gradio takes them."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that events read or change."""

    collections: "gr.HTML"
    conversation: "gr.HTML"
    question: "gr.Textbox"
    hint: "gr.HTML"
    ask: "gr.Button"
    halt: "gr.Button"
    new: "gr.Button"
    panel: "gr.HTML"
    adding: "gr.HTML"
    work: "gr.HTML"
    articles: "gr.HTML"
    conversations: "gr.HTML"
    parcel: "gr.HTML"
    to_evaluation: "gr.HTML"
    exam: "gr.HTML"
    pace: "gr.HTML"
    report: "gr.HTML"
    exchanges: "gr.State"
    kept: "gr.State"
    where: "gr.State"
    again: "gr.Number"


def head() -> str:
    """What goes into the page's head: the style sheet, and the script that each part runs."""
    # Not as `css`: Gradio rewrites the selectors of that, and loses :root in media queries.
    style = (FOLDER / "style.css").read_text(encoding="utf-8")
    script = (FOLDER / "page.js").read_text(encoding="utf-8")
    run = f"window.runFootnote = (element, trigger, props, watch) => {{\n{script}}};"
    return f"<style>{style}</style><script>{run}</script>"


def lay_out(menu: str, blank: str, exam: str) -> Parts:
    """Make the page's parts, inside its `gr.Blocks`.

    `menu` is that of the collections, `blank` the empty conversation, `exam` the head of the
    evaluation before one was begun.
    """
    import gradio as gr

    run = "runFootnote(element, trigger, props, watch);"
    live: dict[str, Any] = {"js_on_load": run, "apply_default_css": False}
    with gr.Row(elem_id="masthead"):
        gr.HTML(render.masthead(), elem_id="brand", apply_default_css=False)
        collections = gr.HTML(menu, elem_id="collections", **live)
        to_evaluation = gr.HTML(evaluation.opener(), elem_id="to-evaluation", **live)
        new = gr.Button("New conversation", elem_id="new")
    with gr.Row(elem_id="desk"):
        with gr.Column(elem_id="main"):
            conversation = gr.HTML(blank, elem_id="conversation", **live)
            with gr.Column(elem_id="composer"):
                with gr.Row(elem_id="field"):
                    question = gr.Textbox(
                        label="Question",
                        show_label=False,
                        container=False,
                        placeholder="Ask about the articles",
                        max_lines=6,
                        autofocus=True,
                        elem_id="question",
                        html_attributes=gr.InputHTMLAttributes(
                            autocomplete="off", enterkeyhint="send"
                        ),
                    )
                    ask = gr.Button("Ask", elem_id="ask")
                    halt = gr.Button("Stop", elem_id="halt", visible=False)
                hint = gr.HTML(render.hint(HINT), elem_id="hint", apply_default_css=False)
        with gr.Column(elem_id="evaluation"):
            head = gr.HTML(exam, elem_id="exam", **live)
            pace = gr.HTML(elem_id="pace", **live)
            report = gr.HTML(elem_id="report", **live)
        with gr.Column(elem_id="side"):
            panel = gr.HTML(source.no_source(), elem_id="source", **live)
            conversations = gr.HTML(elem_id="conversations", **live)
            adding = gr.HTML(library.adding(), elem_id="adding", **live)
            work = gr.HTML(elem_id="work", **live)
            articles = gr.HTML(elem_id="articles", **live)
    parcel = gr.HTML(elem_id="parcel", **live)
    return Parts(
        collections,
        conversation,
        question,
        hint,
        ask,
        halt,
        new,
        panel,
        adding,
        work,
        articles,
        conversations,
        parcel,
        to_evaluation,
        head,
        pace,
        report,
        exchanges=gr.State(()),
        kept=gr.State(""),
        where=gr.State(""),
        again=gr.Number(0, precision=0, visible=False),
    )
