"""Starting the page: errors before it runs are one clear line, and importing it does nothing."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fakes import Opener, ScriptedGenerator
from page_server import free_port, serving
from scripted_page import Scripted

import app
from rag.assistant import Assistant
from rag.errors import ConfigError, CorpusError, ModelError
from rag.page import spare
from rag.settings import Settings
from rag.terminal import Meter

ROOT = Path(app.__file__).parent


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FOOTNOTE_HOME", str(tmp_path))


def fail_to_open(error: Exception) -> Any:
    def opened(*_args: object, **_kwargs: object) -> None:
        raise error

    return opened


def one_line(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert error.startswith("footnote: ")
    assert error.count("\n") == 1
    return error


def test_importing_the_page_loads_neither_gradio_nor_a_model() -> None:
    check = "import app, sys; assert not {'gradio', 'torch', 'llama_cpp'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=True, timeout=60)


def test_a_taken_port_is_named_before_anything_is_opened(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], taken_port: int
) -> None:
    monkeypatch.setenv("FOOTNOTE_PORT", str(taken_port))
    monkeypatch.setattr(Assistant, "open", fail_to_open(AssertionError("opened")))
    assert app.main() == 2
    error = one_line(capsys)
    assert f"Port {taken_port} is already in use" in error
    assert "FOOTNOTE_PORT" in error


def test_an_error_of_ours_ends_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOOTNOTE_PORT", str(free_port()))
    error = CorpusError("There is no folder or file /nowhere. Give the path of your articles.")
    monkeypatch.setattr(Assistant, "open", fail_to_open(error))
    assert app.main() == 2
    assert "There is no folder or file /nowhere" in one_line(capsys)


@pytest.mark.parametrize("port", ["many", "-1", "70000"])
def test_a_port_that_is_none_is_refused(
    port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOOTNOTE_PORT", port)
    assert app.main() == 2
    assert "port" in one_line(capsys).lower()


def test_a_host_of_another_machine_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOOTNOTE_HOST", "192.0.2.1")
    monkeypatch.setenv("FOOTNOTE_AUTH", "secret")
    assert app.main() == 2
    assert "FOOTNOTE_HOST" in one_line(capsys)


def test_the_model_is_found_before_and_freed_behind_serving(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[object] = []
    assistant = SimpleNamespace(fetch=lambda: done.append("found"))

    class Opened:
        def __enter__(self) -> SimpleNamespace:
            return assistant

        def __exit__(self, *_error: object) -> None:
            done.append("closed")

    def serve(given: object, settings: Settings, _meter: Meter, *, open_browser: bool) -> None:
        done.append((given is assistant, settings.host, settings.port, open_browser))

    port = free_port()
    monkeypatch.setenv("FOOTNOTE_PORT", str(port))
    monkeypatch.setattr(Assistant, "open", lambda **_kwargs: Opened())
    monkeypatch.setattr(app, "serve", serve)
    assert app.main() == 0
    assert done == ["found", (True, "127.0.0.1", port, False), "closed"]


def test_the_page_is_there_before_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assistant, served, broken = Scripted(tmp_path), threading.Event(), threading.Event()

    def warm() -> None:
        assert served.wait(20)
        broken.set()
        raise ModelError("/models/a.gguf is cut short.\nFetch it again.")

    class Waiting:
        def wait(self) -> None:  # where it serves until Ctrl-C
            with urllib.request.urlopen(address, timeout=10) as reply:
                assert reply.status == 200
            served.set()
            assert broken.wait(20)
            raise KeyboardInterrupt

    assistant.warm = warm  # type: ignore[method-assign]
    settings = Settings.load(port=free_port(), read_ahead=False)
    address = f"http://127.0.0.1:{settings.port}"
    monkeypatch.setattr(app, "_for_ever", Waiting().wait)
    monkeypatch.setattr(app, "PAGE_S", 0.0)

    async def serve() -> None:  # outside a running loop Gradio leaves some of its own open
        with Meter() as meter:
            app.serve(assistant, settings, meter, open_browser=False)  # type: ignore[arg-type]

    asyncio.run(serve())
    said = capsys.readouterr()
    assert address in said.out
    assert "footnote: /models/a.gguf is cut short. Fetch it again." in said.err


def test_the_served_page_answers_to_this_machine_alone(tmp_path: Path) -> None:
    with serving(Scripted(tmp_path)) as address:
        with urllib.request.urlopen(address, timeout=10) as reply:
            policy = reply.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "connect-src 'self'" in policy
        with urllib.request.urlopen(f"{address}/gradio_api/info", timeout=10) as reply:
            found = json.load(reply)
        assert found["named_endpoints"].keys() == {"/ask", "/search"}
        assert found["unnamed_endpoints"] == {}
        elsewhere = urllib.request.Request(address, headers={"Host": "evil.example"})
        with pytest.raises(urllib.error.HTTPError, match="400") as refused:
            urllib.request.urlopen(elsewhere, timeout=10)
        refused.value.close()


@pytest.mark.parametrize("wished", [True, False])
def test_what_is_served_is_read_while_nobody_asks(
    opener: Opener, monkeypatch: pytest.MonkeyPatch, wished: bool
) -> None:
    monkeypatch.setattr(spare, "_LOOK_S", 0.01)
    generator = ScriptedGenerator()
    with opener(generator) as assistant, serving(assistant, read_ahead=wished):
        for _ in range(1000 if wished else 30):
            if generator.ahead:
                break
            time.sleep(0.01)
    assert bool(generator.ahead) is wished


def test_serving_on_a_taken_port_is_refused(taken_port: int) -> None:
    with pytest.raises(ConfigError, match=str(taken_port)):
        app.launch(None, Settings.load(port=taken_port))  # type: ignore[arg-type]
