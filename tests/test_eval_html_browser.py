"""The HTML report as a browser opens it from the disk: it asks for nothing and can be read."""

from pathlib import Path

import pytest
from eval_fakes import QUOTE, a_document, mixed
from playwright.sync_api import Browser, expect

from eval.report.html import html

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_the_report_makes_no_request_and_its_cases_open(
    browser: Browser, tmp_path: Path, width: int, scheme: str
) -> None:
    file = tmp_path / "report.html"
    file.write_text(html(a_document(mixed())), encoding="utf-8")
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    asked: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text))
    page.goto(file.as_uri())
    wrong = page.locator("details", has=page.locator("summary", has_text="c?")).first
    expect(wrong.locator("mark", has_text=QUOTE).first).not_to_be_visible()
    wrong.locator("summary").press("Enter")
    expect(wrong.locator("mark", has_text=QUOTE).first).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    assert (asked, problems, wide) == ([file.as_uri()], [], False)
    context.close()
