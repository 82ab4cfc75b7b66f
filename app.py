"""The page: composes it, wires its events, serves it. It calls `Assistant` and nothing below."""

import errno
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rag import failing
from rag.collections import Collections
from rag.errors import ConfigError, FootnoteError
from rag.page import evaluation
from rag.page.arrivals import Arrivals
from rag.page.asking import wire_asking, wire_earlier
from rag.page.choosing import wire_collections
from rag.page.desk import Desk
from rag.page.exam import Exam, State
from rag.page.examining import wire_evaluation
from rag.page.lean import import_gradio
from rag.page.menu import menu
from rag.page.parts import FOLDER, head, lay_out
from rag.page.reading import wire_export, wire_feedback, wire_sources
from rag.page.rooms import Rooms
from rag.page.tending import wire_articles
from rag.settings import PROJECT, Settings
from rag.terminal import Meter

if TYPE_CHECKING:
    import gradio as gr

    from rag.assistant import Assistant
    from rag.server.running import Running

BUNDLED = PROJECT / "seeds"
EXAMPLES = (
    "Who led the Iraqi delegation to Qom?",
    "How many MEK militants live at Camp Ashraf?",
    "Is al-Sadr in Iran?",
    "What did Ryan Crocker say about Iran's role in the truce?",
)
LOCAL = ("127.0.0.1", "localhost")
PAGE_S = 1.5  # that a browser gets to open the page, before loading the models slows it


def build_page(
    assistant: "Assistant",
    desk: Desk,
    exam: Exam,
    arrivals: Arrivals,
    examples: Sequence[str] = EXAMPLES,
) -> "gr.Blocks":
    """The page over `assistant` and the other collections; all are asked at `desk`.

    Files that are added wait in `arrivals`. The empty conversation about the bundled articles
    offers `examples`.
    """
    import_gradio()
    import gradio as gr

    rooms = Rooms(Collections(assistant, BUNDLED), examples)
    page = gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True)
    with page:
        first = rooms.first
        parts = lay_out(
            menu(rooms.collections.all(), first.id),
            first.blank,
            evaluation.controls(exam.evaluator.choices(), State()),
        )
        wire_collections(desk, rooms, parts)
        wire_asking(desk, rooms, parts)
        wire_earlier(desk, rooms, parts)
        wire_export(rooms, parts)
        wire_sources(rooms, parts)
        wire_feedback(rooms, parts)
        wire_articles(desk, rooms, parts, arrivals)
        wire_evaluation(exam, parts)

        def leave(request: gr.Request) -> None:
            desk.stop(str(request.session_hash))

        page.unload(leave)
    return page


def launch(assistant: "Assistant", settings: Settings) -> "Running":
    """Serve the page and the API over `assistant` in the background, until it is closed.

    Raises ConfigError as `require_servable` does.
    """
    require_token(settings)
    listening = _listen(settings.host, settings.port)
    try:
        # Here alone: nothing else of the page or of `rag` knows the evaluation.
        from eval.on_page import OnPage
        from rag.server.line import Line

        desk, evaluator = Desk(), OnPage(assistant)
        exam, arrivals = Exam(desk, evaluator), Arrivals()
        page = build_page(assistant, desk, exam, arrivals)
        import gradio as gr

        from rag.page.spare import SpareTime
        from rag.server.named import name_endpoints
        from rag.server.running import Running
        from rag.server.web import add_arrivals, add_report, create, guarded

        with page:
            name_endpoints(assistant, desk)
        web = create(assistant, Line(desk))
        add_report(web, evaluation.WHOLE, evaluator.whole)
        add_arrivals(web, arrivals)
        web = gr.mount_gradio_app(
            web,
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
            favicon_path=str(FOLDER / "icon.svg"),
            theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["monospace"]),
            head=head(),
            app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        )
        hosts = list(LOCAL) if settings.host in LOCAL else []

        ahead: SpareTime | None = None

        def close() -> None:
            exam.stop()
            page.close(verbose=False)
            arrivals.close()
            if ahead:
                ahead.close()

        running = Running(guarded(web, hosts, settings.auth), listening, close)
    except BaseException:
        listening.close()
        raise
    if settings.read_ahead:
        ahead = SpareTime(lambda: desk.asked or assistant)
    return running


def run(settings: Settings, meter: Meter, *, open_browser: bool) -> None:
    """Open the articles of the settings and serve them until the terminal interrupts it.

    Raises FootnoteError when they, the models' files or the address cannot be used.
    """
    require_servable(settings)  # before the index is built, not after
    from rag.assistant import Assistant

    with Assistant.open(settings=settings, progress=meter) as assistant:
        assistant.fetch()  # now, as a download shows in the terminal
        meter.clear()
        serve(assistant, settings, meter, open_browser=open_browser)


def serve(assistant: "Assistant", settings: Settings, meter: Meter, *, open_browser: bool) -> None:
    """Serve the page until the terminal interrupts it. Raises ConfigError as `launch` does.

    The models are loaded meanwhile; whoever asks before sees it.
    """
    running = launch(assistant, settings)
    try:
        print(f"Footnote is at {running.address} (Ctrl+C stops it)", flush=True)
        threading.Thread(target=_load, args=[assistant, meter], daemon=True).start()
        if open_browser:
            webbrowser.open(running.address)
        _for_ever()
    except KeyboardInterrupt:
        print()
    finally:
        running.close()


def main() -> int:
    """Open the articles of the settings and serve them. Returns the process's exit code."""
    try:
        with Meter() as meter:
            run(Settings.load(), meter, open_browser=False)
    except FootnoteError as error:
        failing.tell(error)
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


def _for_ever() -> None:
    threading.Event().wait()


def _load(assistant: "Assistant", meter: Meter) -> None:
    time.sleep(PAGE_S)
    try:
        assistant.warm()
    except FootnoteError as error:
        meter.clear()
        failing.tell(error)  # whoever asks is told as well
    finally:
        meter.clear()


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


if __name__ == "__main__":
    sys.exit(main())
