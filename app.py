"""The page: composes it, wires its events, serves it. It calls `Assistant` and nothing below."""

import errno
import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.errors import ConfigError, FootnoteError
from rag.page import earlier, export, render, source
from rag.page.conversations import Conversations
from rag.page.desk import Desk, frames
from rag.page.exchange import Exchange, moved
from rag.settings import Settings

if TYPE_CHECKING:
    import gradio as gr

    from rag.assistant import Assistant
    from rag.server.running import Running

PAGE = Path(__file__).resolve().parent / "rag" / "page"
EXAMPLES = (
    "Who led the Iraqi delegation to Qom?",
    "How many MEK militants live at Camp Ashraf?",
    "Is al-Sadr in Iran?",
    "What did Ryan Crocker say about Iran's role in the truce?",
)
HINT = "Enter asks; Shift and Enter start a new line."
EMPTY_HINT = "Type a question first."
GONE_HINT = "That conversation is no longer there."
BUSY_HINT = "One question at a time: wait for this answer or stop it."
LOCAL = ("127.0.0.1", "localhost")
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
FOCUS = "() => { document.querySelector('#question textarea')?.focus(); return []; }"

Update = dict[Any, Any]
"""New values by component, as Gradio takes them."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The components that events read or change."""

    conversation: "gr.HTML"
    question: "gr.Textbox"
    hint: "gr.HTML"
    ask: "gr.Button"
    halt: "gr.Button"
    new: "gr.Button"
    panel: "gr.HTML"
    articles: "gr.HTML"
    conversations: "gr.HTML"
    parcel: "gr.HTML"
    exchanges: "gr.State"
    kept: "gr.State"


def build_page(assistant: "Assistant", examples: Sequence[str] = EXAMPLES) -> "gr.Blocks":
    """The page over `assistant`; the empty conversation offers `examples`."""
    # Read while gradio is imported and its queue is made: no calls home, and no statistics of
    # its own (a pandas frame for each event) for a dashboard that is switched off.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**9)
    import gradio as gr

    desk = Desk(assistant)
    shelf = Conversations(assistant.conversations_dir, assistant.settings.conversations)
    page = gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True)
    with page:
        parts = _lay_out(render.conversation((), {}, examples))
        _wire_asking(desk, shelf, parts, examples)
        _wire_shelf(desk, shelf, parts, examples)
        _wire_export(desk, parts)
        _wire_reading(desk, parts)

        def leave(request: gr.Request) -> None:
            desk.stop(str(request.session_hash))

        def begin() -> Update:
            return {
                parts.articles: source.article_list(desk.articles()),
                parts.conversations: earlier.conversation_list(shelf.all()),
            }

        page.load(begin, None, [parts.articles, parts.conversations], **QUIET)
        page.unload(leave)
    return page


def _lay_out(blank: str) -> Parts:
    import gradio as gr

    script = (PAGE / "page.js").read_text(encoding="utf-8")
    live: dict[str, Any] = {"js_on_load": script, "apply_default_css": False}
    with gr.Row(elem_id="masthead"):
        gr.HTML(render.masthead(), elem_id="brand", apply_default_css=False)
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
        with gr.Column(elem_id="side"):
            panel = gr.HTML(source.no_source(), elem_id="source", **live)
            conversations = gr.HTML(elem_id="conversations", **live)
            articles = gr.HTML(elem_id="articles", **live)
    parcel = gr.HTML(elem_id="parcel", **live)
    return Parts(
        conversation,
        question,
        hint,
        ask,
        halt,
        new,
        panel,
        articles,
        conversations,
        parcel,
        exchanges=gr.State(()),
        kept=gr.State(""),
    )


def _wire_asking(desk: Desk, shelf: Conversations, parts: Parts, examples: Sequence[str]) -> None:
    import gradio as gr

    def controls(*, answering: bool) -> Update:
        return {
            parts.ask: gr.Button(visible=not answering),
            parts.halt: gr.Button("Stop", visible=answering),
            parts.new: gr.Button(interactive=not answering),
        }

    def keep(id_: str, before: tuple[Exchange, ...], exchange: Exchange) -> Update:
        hint = render.hint(HINT)
        try:
            id_ = shelf.append(id_, before, exchange)
        except FootnoteError as error:
            hint = render.hint(str(error), urgent=True)
        return {
            parts.hint: hint,
            parts.kept: id_,
            parts.exchanges: (*before, exchange),
            parts.conversations: earlier.conversation_list(shelf.all(), id_),
        }

    def reply(
        text: str, before: tuple[Exchange, ...], id_: str, request: gr.Request
    ) -> Iterator[Update]:
        if not text.strip():
            yield {parts.hint: render.hint(EMPTY_HINT, urgent=True)}
            return
        update: Update = {}
        articles = {article.id: article for article in desk.articles()}
        for exchange in frames(desk.answer(text.strip(), before, str(request.session_hash))):
            begun = bool(update)
            update = {}
            if not begun:
                update |= controls(answering=True) | {parts.hint: render.hint(HINT)}
                update[parts.question] = ""
            if not exchange.open:
                update |= controls(answering=False) | keep(id_, before, exchange)
                id_ = update[parts.kept]
            now = (*before, exchange)
            update[parts.conversation] = render.conversation(now, articles, examples, id_)
            yield update
        if not update:
            yield {parts.hint: render.hint(BUSY_HINT, urgent=True)}

    def reply_to_example(
        before: tuple[Exchange, ...], id_: str, event: gr.EventData, request: gr.Request
    ) -> Iterator[Update]:
        yield from reply(str(event.question), before, id_, request)

    def halt(request: gr.Request) -> Any:
        desk.stop(str(request.session_hash))
        return gr.Button("Stopping…")

    def renew() -> Update:
        blank = render.conversation((), {}, examples)
        return {
            parts.conversation: blank,
            parts.exchanges: (),
            parts.kept: "",
            parts.conversations: earlier.conversation_list(shelf.all()),
            parts.panel: source.no_source(),
            parts.hint: render.hint(HINT),
        }

    changed = [getattr(parts, field.name) for field in fields(parts)]
    # The desk itself lets one question through at a time, and tells the others that they wait.
    asking = QUIET | {"outputs": changed, "concurrency_limit": None, "trigger_mode": "multiple"}
    inputs = [parts.question, parts.exchanges, parts.kept]
    gr.on([parts.question.submit, parts.ask.click], reply, inputs, **asking)
    parts.conversation.submit(reply_to_example, inputs[1:], **asking)
    parts.halt.click(halt, None, parts.halt, queue=False, **QUIET)
    parts.new.click(renew, None, changed, queue=False, **QUIET, js=FOCUS)


def _wire_shelf(desk: Desk, shelf: Conversations, parts: Parts, examples: Sequence[str]) -> None:
    import gradio as gr

    def shown(exchanges: tuple[Exchange, ...], id_: str) -> Update:
        articles = {article.id: article for article in desk.articles()}
        return {
            parts.conversation: render.conversation(exchanges, articles, examples, id_),
            parts.exchanges: exchanges,
            parts.kept: id_,
            parts.panel: source.no_source(),
            parts.hint: render.hint(HINT),
        }

    def reopen(event: gr.EventData, request: gr.Request) -> Update:
        if desk.busy(str(request.session_hash)):
            return {parts.hint: render.hint(BUSY_HINT, urgent=True)}
        id_ = str(event.conversation)
        found = shelf.open(id_)
        if found is None:
            return {
                parts.conversations: earlier.conversation_list(shelf.all()),
                parts.hint: render.hint(GONE_HINT, urgent=True),
            }
        listed = {parts.conversations: earlier.conversation_list(shelf.all(), id_)}
        return shown(found.exchanges, id_) | listed

    def delete(id_: str, event: gr.EventData, request: gr.Request) -> Update:
        gone = str(event.conversation)
        if gone == id_ and desk.busy(str(request.session_hash)):
            return {parts.hint: render.hint(BUSY_HINT, urgent=True)}
        try:
            shelf.delete(gone)
        except FootnoteError as error:
            return {parts.hint: render.hint(str(error), urgent=True)}
        open_id = "" if gone == id_ else id_
        listed = {parts.conversations: earlier.conversation_list(shelf.all(), open_id)}
        return listed | (shown((), "") if gone == id_ else {})

    changed = [getattr(parts, field.name) for field in fields(parts)]
    parts.conversations.select(reopen, None, changed, queue=False, **QUIET)
    parts.conversations.delete(delete, parts.kept, changed, queue=False, **QUIET)


def _wire_export(desk: Desk, parts: Parts) -> None:
    import gradio as gr

    def copy(exchanges: tuple[Exchange, ...], event: gr.EventData) -> Any:
        turn = int(event.turn)
        form: export.Form = "markdown" if event.form == "markdown" else "text"
        if not 1 <= turn <= len(exchanges):
            return gr.skip()
        articles = {article.id: article for article in desk.articles()}
        return render.parcel(export.answer(exchanges[turn - 1], articles, form))

    def save(exchanges: tuple[Exchange, ...], event: gr.EventData) -> Any:
        if not exchanges:
            return gr.skip()
        if event.form == "json":
            return render.parcel(export.as_json(exchanges), "conversation.json")
        articles = {article.id: article for article in desk.articles()}
        return render.parcel(export.markdown(exchanges, articles), "conversation.md")

    quiet = QUIET | {"queue": False}
    parts.conversation.copy(copy, parts.exchanges, parts.parcel, **quiet)
    parts.conversation.download(save, parts.exchanges, parts.parcel, **quiet)


def _wire_reading(desk: Desk, parts: Parts) -> None:
    import gradio as gr

    def open_source(exchanges: tuple[Exchange, ...], event: gr.EventData) -> str:
        start, end = int(event.start), int(event.end)
        for article in desk.articles():
            if article.id == event.article:
                if moved(exchanges, article, start, end):
                    return source.changed()
                return source.source(article, start, end, str(event.kind))
        return source.gone()

    for part in (parts.conversation, parts.articles):
        part.select(
            open_source,
            parts.exchanges,
            parts.panel,
            queue=False,
            trigger_mode="always_last",
            **QUIET,
        )


def launch(assistant: "Assistant", settings: Settings) -> "Running":
    """Serve the page and the API over `assistant` in the background, until it is closed.

    Raises ConfigError as `require_servable` does.
    """
    require_token(settings)
    listening = _listen(settings.host, settings.port)
    try:
        page = build_page(assistant)
        import gradio as gr

        from rag.server.running import Running
        from rag.server.web import create, guarded

        web = gr.mount_gradio_app(
            create(assistant),
            page,
            "/",
            server_name=settings.host,
            server_port=settings.port,
            show_error=False,
            footer_links=[],
            run_history=False,
            enable_monitoring=False,
            mcp_server=False,
            pwa=False,
            ssr_mode=False,
            favicon_path=str(PAGE / "icon.svg"),
            theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["monospace"]),
            # Not as `css`: Gradio rewrites the selectors of that, and loses :root in media queries.
            head=f"<style>{(PAGE / 'style.css').read_text(encoding='utf-8')}</style>",
            app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        )
        hosts = list(LOCAL) if settings.host in LOCAL else []
        return Running(
            guarded(web, hosts, settings.auth), listening, lambda: page.close(verbose=False)
        )
    except BaseException:
        listening.close()
        raise


def serve(assistant: "Assistant", settings: Settings, open_browser: bool) -> None:
    """Serve the page until the terminal interrupts it. Raises ConfigError as `launch` does."""
    running = launch(assistant, settings)
    try:
        print(f"Footnote is at {running.address} (Ctrl+C stops it)", flush=True)
        if open_browser:
            webbrowser.open(running.address)
        threading.Event().wait()
    except KeyboardInterrupt:
        print()
    finally:
        running.close()


def main() -> int:
    """Open the articles of the settings and serve them. Returns the process's exit code."""
    try:
        settings = Settings.load()
        require_servable(settings)  # before the index is built, not after
        from rag.assistant import Assistant

        with Assistant.open(settings=settings, progress=_report) as assistant:
            assistant.warm()
            serve(assistant, settings, open_browser=False)
    except FootnoteError as error:
        print("footnote:", " ".join(str(error).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:  # while the index is built or the model loaded
        return 130
    return 0


def require_servable(settings: Settings) -> None:
    """Raise ConfigError when nothing can, or may, be served at the address of `settings`."""
    require_token(settings)
    _listen(settings.host, settings.port).close()


def require_token(settings: Settings) -> None:
    """Raise ConfigError when other machines could ask and nothing asks them for a token."""
    if settings.host not in LOCAL and not settings.auth:
        raise ConfigError(
            f"At {settings.host} other machines could reach Footnote, and no token is set. Set "
            "FOOTNOTE_AUTH to a long random one, or FOOTNOTE_HOST to 127.0.0.1."
        )


def _listen(host: str, port: int) -> socket.socket:
    if port > 65535:
        raise ConfigError(f"There is no port {port}: set FOOTNOTE_PORT to at most 65535.")
    try:
        return socket.create_server((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise _taken(port) from error
        raise ConfigError(
            f"The page cannot be served at {host}, port {port} ({error.strerror}). "
            "Set FOOTNOTE_HOST and FOOTNOTE_PORT to an address of this machine."
        ) from error


def _taken(port: int) -> ConfigError:
    return ConfigError(
        f"Port {port} is already in use. Stop the program that uses it, or set FOOTNOTE_PORT "
        "to another number."
    )


def _report(stage: str, done: int, total: int) -> None:
    if sys.stderr.isatty():
        count = f"{done}/{total}" if total else f"{done}"
        print(f"\r{stage}: {count}\x1b[K", end="", file=sys.stderr, flush=True)
        if total and done >= total:
            print(file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
