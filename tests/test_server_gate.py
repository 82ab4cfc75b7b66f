"""The token: what is refused without it, and that it shows nowhere."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import scripted_page
from axe_playwright_python.sync_playwright import Axe
from eval_fakes import Scripted
from page_server import serving
from visit import chromium

import app
from eval.configuration import configuration
from rag.assistant import Assistant
from rag.cli import main
from rag.errors import ConfigError
from rag.server import gate
from rag.settings import PROJECT, Settings

TOKEN = "tøken of the test"
BEARER = {"authorization": f"Bearer {TOKEN}".encode()}
ROUTES = (
    "/",
    "/config",
    "/gradio_api/info",
    "/api/docs",
    "/api/articles",
    "/mcp",
    "/evaluation",
    "/favicon.ico",
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    assistant = scripted_page.Scripted(tmp_path_factory.mktemp("home"))
    told = {"loaded": False, "passage_count": 0, "index_version": "v"}
    for name, value in told.items():
        setattr(assistant, name, value)
    # TOKEN as a shell gives it, and a file's end with it
    with serving(assistant, auth=f"{TOKEN}\n", host="0.0.0.0") as address:
        yield address


@pytest.fixture
def client(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx.Client]:
    monkeypatch.setattr(gate, "DELAY_S", 0.01)
    with httpx.Client(base_url=address, trust_env=False, timeout=20) as client:
        yield client


@pytest.mark.parametrize("route", ROUTES)
def test_without_the_token_nothing_is_served(route: str, client: httpx.Client) -> None:
    reply = client.get(route)
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert "Authorization: Bearer" in reply.json()["error"]
    for wrong in ("Bearer wrong", f"Bearer {'x' * len(TOKEN)}", "Bearer", "Basic eDp5", "Bearer é"):
        headers = {"authorization": wrong.encode()}
        assert client.get(route, headers=headers).status_code == 401
    cookies = {"cookie": f"{gate.COOKIE}=wrong"}
    assert client.get(route, headers=cookies).status_code == 401


def test_health_needs_no_token(client: httpx.Client) -> None:
    assert client.get("/health").json()["status"] == "ok"
    assert client.get("/health/").status_code == 401


def test_a_program_shows_the_token(client: httpx.Client) -> None:
    assert client.get("/api/articles", headers=BEARER).json()[0]["id"] == "talks.md"
    assert client.get("/", headers=BEARER).status_code == 200
    assert client.get("/api/articles").status_code == 401  # no cookie came of it


def test_a_person_logs_in_and_gets_a_cookie_that_is_not_the_token(client: httpx.Client) -> None:
    shown = client.get("/", headers={"accept": "text/html,*/*"})
    assert shown.status_code == 401
    assert '<form method="post" action="/login">' in shown.text
    assert client.get("/login").status_code == 200
    wrong = client.post("/login", data={"token": "<b>wrong"})
    assert wrong.status_code == 401
    assert "not the token" in wrong.text
    assert "<b>wrong" not in wrong.text
    assert not client.cookies
    entered = client.post("/login", data={"token": TOKEN})
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
    assert TOKEN not in cookie
    assert client.get("/").status_code == 200
    assert client.get("/api/articles").json()[0]["id"] == "talks.md"


def test_a_wrong_token_is_answered_late_and_the_right_one_at_once(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "DELAY_S", 0.3)
    wrong = client.post("/login", data={"token": "wrong"})
    assert wrong.elapsed.total_seconds() >= 0.3
    right = client.post("/login", data={"token": TOKEN})
    assert right.elapsed.total_seconds() < 0.3


def test_an_over_long_log_in_is_refused(client: httpx.Client) -> None:
    assert client.post("/login", data={"token": "x" * (1 << 21)}).status_code == 413


@pytest.mark.browser
def test_a_browser_logs_in_and_finds_the_page_working(tmp_path: Path) -> None:
    with serving(scripted_page.Scripted(tmp_path), auth=TOKEN) as address, chromium() as browser:
        page = browser.new_page()
        page.goto(address)
        found = Axe().run(page).response["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
        for typed in ("wrong", TOKEN):
            page.get_by_label("Token").fill(typed)
            page.keyboard.press("Enter")
            page.wait_for_selector("#articles li" if typed == TOKEN else "text=not the token")
        page.get_by_role("textbox", name="Question").fill(scripted_page.WHO)
        page.keyboard.press("Enter")
        page.wait_for_selector(".note")


@pytest.mark.parametrize("start", [app.main, lambda: main(["serve"])])
def test_other_machines_need_a_token(
    start: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOOTNOTE_HOST", "0.0.0.0")
    monkeypatch.setenv("FOOTNOTE_AUTH", " ")
    monkeypatch.setattr(Assistant, "open", lambda **_: pytest.fail("opened"))
    assert start() == 2
    error = capsys.readouterr().err
    assert error.startswith("footnote: ")
    assert "FOOTNOTE_AUTH" in error
    with pytest.raises(ConfigError, match="FOOTNOTE_AUTH"):
        app.launch(None, Settings.load())  # type: ignore[arg-type]


def test_the_token_shows_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings.load(env={"FOOTNOTE_AUTH": f" {TOKEN}\n"})
    assert settings.auth == TOKEN
    assert TOKEN not in repr(settings)
    cases = PROJECT / "eval" / "cases" / "seeds.jsonl"
    told = configuration(Scripted({}), settings, cases, PROJECT / "prompts")
    assert "auth" not in told["settings"]
    assert TOKEN not in str(told)
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    assert TOKEN not in capsys.readouterr().out
