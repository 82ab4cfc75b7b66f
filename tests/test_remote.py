"""`footnote ask --server`: a running server's answers instead of a model of one's own."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fakes import LED, ScriptedGenerator, open_assistant, write_corpus
from page_server import serving

from rag.assistant import Assistant
from rag.cli import main
from rag.errors import ConfigError
from rag.remote import Remote
from rag.types import Filters

WHO = "Who headed the Iraqi delegation to Qom?"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("remote")
    generator = ScriptedGenerator(LED, margin=lambda user: -9.0 if "Mars" in user else 9.0)
    with open_assistant(
        write_corpus(folder / "articles"), generator, home=folder / "home"
    ) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: object, **__: object) -> None:
        raise AssertionError("a model is loaded here too")

    monkeypatch.setattr(Assistant, "open", load)


def test_the_server_s_answer_is_shown_as_one_s_own_would_be(
    address: str, assistant: Assistant, capsys: Captured
) -> None:
    assert main(["ask", "--server", address, WHO]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{LED} [1]\n")
    assert "The talks in Qom, Reuters, 2008-04-07" in out
    assert main(["ask", "--json", "--server", f"{address}/", WHO]) == 0
    told = json.loads(capsys.readouterr().out)
    own = assistant.ask(WHO).to_dict()
    del told["timings"], own["timings"]
    assert told == json.loads(json.dumps(own))


def test_a_refusal_has_its_exit_code(address: str, capsys: Captured) -> None:
    assert main(["ask", "--server", address, "Who lives on Mars?"]) == 3
    assert "Nearest passages:" in capsys.readouterr().out


def test_filters_reach_the_server(address: str, capsys: Captured) -> None:
    asked = ["ask", "--json", "--server", address, WHO]
    assert main([*asked, "--source", "reuters"]) == 0
    found = json.loads(capsys.readouterr().out)["passages"]
    assert {passage["article_id"] for passage in found} == {"qom.md"}
    assert main([*asked, "--source", "Nobody"]) == 2
    assert "Nobody" in capsys.readouterr().err
    assert main([*asked, "--after", "yesterday"]) == 2
    assert "yesterday" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--server", "http://127.0.0.1:9"], "No server answers at http://127.0.0.1:9 ("),
        (["--server", "ftp://127.0.0.1"], "ftp://127.0.0.1 is no address of a server"),
        (["--server", "http://"], "http:// is no address of a server"),
        (["--server", "http://[::1"], "http://[::1 is no address of a server"),
        (["--server", "127.0.0.1:9", "--corpus", "here"], "leave --corpus and --model out"),
    ],
)
def test_what_cannot_be_asked_is_told(argv: list[str], told: str, capsys: Captured) -> None:
    assert main(["ask", *argv, WHO]) == 2
    assert told in capsys.readouterr().err


def test_the_token_of_the_settings_is_sent(
    assistant: Assistant, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "a-long-enough-token"
    with serving(assistant, auth=token) as address:
        assert main(["ask", "--server", address, WHO]) == 2
        assert "A token is needed" in capsys.readouterr().err
        monkeypatch.setenv("FOOTNOTE_AUTH", token)
        assert main(["ask", "--server", address, WHO]) == 0


def test_a_token_that_cannot_be_sent_is_told(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_AUTH", "gänsefüßchen-und-mehr")
    assert main(["ask", "--server", "127.0.0.1:9", WHO]) == 2
    assert "FOOTNOTE_AUTH" in capsys.readouterr().err


@contextmanager
def another(status: int, body: bytes = b"", location: str = "") -> Iterator[tuple[str, list[Any]]]:
    """The address of a server that answers all alike, and what it is sent: path and token."""
    seen: list[Any] = []

    class Other(http.server.BaseHTTPRequestHandler):
        def _reply(self) -> None:
            seen.append((self.path, self.headers["authorization"]))
            self.send_response(status)
            if location:
                self.send_header("location", location)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _reply  # noqa: N815 - as the library calls them

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Other) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}", seen
        server.shutdown()


def is_a_stranger(remote: Remote) -> None:
    for call in (remote.articles, lambda: remote.ask(WHO, Filters())):
        with pytest.raises(ConfigError, match="no Footnote of this version"):
            call()


def test_nobody_else_is_sent_the_token() -> None:
    with another(302, location="/elsewhere") as (address, seen):
        is_a_stranger(Remote(address, "token"))
    assert seen == [("/api/articles", "Bearer token"), ("/api/ask", "Bearer token")]


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"[1]", b'"x"'])
@pytest.mark.parametrize("status", [200, 404])
def test_another_server_is_not_taken_for_one(body: bytes, status: int) -> None:
    with another(status, body) as (address, _):
        is_a_stranger(Remote(address))
