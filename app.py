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
from rag.page import render, source
from rag.page.desk import Desk, frames
from rag.page.exchange import Exchange
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
    exchanges: "gr.State"


def build_page(assistant: "Assistant", examples: Sequence[str] = EXAMPLES) -> "gr.Blocks":
    """The page over `assistant`; the empty conversation offers `examples`."""
    # Read while gradio is imported and its queue is made: no calls home, and no statistics of
    # its own (a pandas frame for each event) for a dashboard that is switched off.
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(10**9)
    import gradio as gr

    desk = Desk(assistant)
    page = gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True)
    with page:
        parts = _lay_out(render.conversation((), {}, examples))
        _wire_asking(desk, parts, examples)
        _wire_reading(desk, parts)

        def leave(request: gr.Request) -> None:
            desk.stop(str(request.session_hash))

        page.load(lambda: source.article_list(desk.articles()), None, parts.articles, **QUIET)
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
            articles = gr.HTML(elem_id="articles", **live)
    return Parts(
        conversation, question, hint, ask, halt, new, panel, articles, exchanges=gr.State(())
    )


def _wire_asking(desk: Desk, parts: Parts, examples: Sequence[str]) -> None:
    import gradio as gr

    def controls(*, answering: bool) -> Update:
        return {
            parts.ask: gr.Button(visible=not answering),
            parts.halt: gr.Button("Stop", visible=answering),
            parts.new: gr.Button(interactive=not answering),
        }

    def reply(text: str, earlier: tuple[Exchange, ...], request: gr.Request) -> Iterator[Update]:
        if not text.strip():
            yield {parts.hint: render.hint(EMPTY_HINT, urgent=True)}
            return
        update: Update = {}
        articles = {article.id: article for article in desk.articles()}
        for exchange in frames(desk.answer(text.strip(), earlier, str(request.session_hash))):
            begun, now = bool(update), (*earlier, exchange)
            update = {parts.conversation: render.conversation(now, articles, examples)}
            if not begun:
                update |= controls(answering=True) | {parts.hint: render.hint(HINT)}
                update[parts.question] = ""
            if not exchange.open:
                update |= controls(answering=False) | {parts.exchanges: now}
            yield update
        if not update:
            yield {parts.hint: render.hint(BUSY_HINT, urgent=True)}

    def reply_to_example(
        earlier: tuple[Exchange, ...], event: gr.EventData, request: gr.Request
    ) -> Iterator[Update]:
        yield from reply(str(event.question), earlier, request)

    def halt(request: gr.Request) -> Any:
        desk.stop(str(request.session_hash))
        return gr.Button("Stopping…")

    def renew() -> Update:
        blank = render.conversation((), {}, examples)
        return {
            parts.conversation: blank,
            parts.exchanges: (),
            parts.panel: source.no_source(),
            parts.hint: render.hint(HINT),
        }

    changed = [getattr(parts, field.name) for field in fields(parts)]
    # The desk itself lets one question through at a time, and tells the others that they wait.
    asking = QUIET | {"outputs": changed, "concurrency_limit": None, "trigger_mode": "multiple"}
    inputs = [parts.question, parts.exchanges]
    gr.on([parts.question.submit, parts.ask.click], reply, inputs, **asking)
    parts.conversation.submit(reply_to_example, parts.exchanges, **asking)
    parts.halt.click(halt, None, parts.halt, queue=False, **QUIET)
    parts.new.click(renew, None, changed, queue=False, **QUIET, js=FOCUS)


def _wire_reading(desk: Desk, parts: Parts) -> None:
    import gradio as gr

    def open_source(event: gr.EventData) -> str:
        for article in desk.articles():
            if article.id == event.article:
                return source.source(article, int(event.start), int(event.end), str(event.kind))
        return source.gone()

    for part in (parts.conversation, parts.articles):
        part.select(
            open_source, None, parts.panel, queue=False, trigger_mode="always_last", **QUIET
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
