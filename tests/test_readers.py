"""HTML, PDF and Word: the article's text in order, what the file states, and its pages."""

import subprocess
import sys
from pathlib import Path

import pytest
from made_files import docx, html, pdf

from index import readers
from index.decode import decode, mend
from index.errors import CorpusError
from index.load import load, parse
from index.split import split
from index.types import Article

ROOT = Path(__file__).resolve().parents[1]
PROSE = (
    "The harbour of Umm Qasr reopened in May, the manager said on Tuesday.",
    "Its cranes lift 25 ships a week, and more are to come before the year is out.",
)
JSON_LD = (
    '<script type="application/ld+json">{"@context": "https://schema.org", "@type": "NewsArticle",'
    '"headline": "Harbour reopens", "datePublished": "2008-04-07T10:00:00Z",'
    '"author": {"@type": "Person", "name": "Ann Reed"},'
    '"publisher": {"@type": "Organization", "name": "The Daily"}}</script>'
)
META = (
    '<title>Harbour reopens | The Daily</title><meta name="author" content="Ann Reed">'
    '<meta property="og:title" content="Harbour reopens">'
    '<meta property="og:site_name" content="The Daily">'
    '<meta property="article:published_time" content="2008-04-07T10:00:00Z">'
)
PAGE = (
    '<nav><ul><li><a href="/">Home</a></li><li><a href="/w">World news</a></li></ul></nav>'
    '<div class="cookie-banner">We use cookies. Accept all.</div>'
    f"<article><h1>Harbour reopens</h1><p>{PROSE[0]}</p>"
    "<table><tr><th>Year</th><th>Ships</th></tr><tr><td>2007</td><td>900</td></tr></table>"
    f"<ul><li>Cranes were mended</li></ul><p>{PROSE[1]}</p></article>"
    '<div class="share">Share on Facebook</div><footer>© 2008 The Daily</footer>'
)


@pytest.mark.parametrize("head", [JSON_LD, META])
def test_a_web_page_gives_its_article_and_what_it_states(head: str) -> None:
    found = parse(html(PAGE, head).encode(), "a.html")
    assert found.text.split("\n\n") == [
        "Harbour reopens",
        PROSE[0],
        "Year | Ships",
        "2007 | 900",
        "Cranes were mended",
        PROSE[1],
    ]
    stated = (found.title, found.source, found.published, found.author)
    assert stated == ("Harbour reopens", "The Daily", "2008-04-07", "Ann Reed")


def test_a_page_that_states_nothing_has_nothing_guessed() -> None:
    found = parse(html(f"<p>{PROSE[0]}</p><p>{PROSE[1]}</p>").encode(), "old-news.htm")
    assert found.text == "\n\n".join(PROSE)
    assert (found.title, found.source, found.published, found.author) == ("old news", "", "", "")


def test_a_page_of_one_line_is_read() -> None:
    assert parse(b"<p>They met in Qom.</p>", "a.html").text == "They met in Qom."


@pytest.mark.parametrize(
    ("charset", "declared"), [("cp1252", ""), ("koi8-r", "koi8-r"), ("shift_jis", "Shift_JIS")]
)
def test_a_page_is_read_in_the_encoding_that_it_declares(charset: str, declared: str) -> None:
    words = {"cp1252": "Café “Zürich”", "koi8-r": "Переговоры", "shift_jis": "会談は金曜日"}[
        charset
    ]
    head = f'<meta charset="{declared}">' if declared else ""
    page = html(f"<p>{PROSE[0]} {words}.</p>", head).encode(charset)
    assert words in parse(page, "a.html").text


PAGES = (
    [
        "The Daily, 7 April",
        "Talks in Qom",
        "",
        "Three delegates trav-",
        "elled to Qom on Friday, the anti-",
        "American cleric said. They came",
        "home on Sunday.",
        "",
        "Nobody gave a reason, and the minister who",
        "1",
    ],
    ["The Daily, 7 April", "was asked said nothing. It rained.", "2"],
    [],
    ["The Daily, 7 April", "The end came in May.", "4"],
)


def test_a_pdf_gives_paragraphs_and_pages() -> None:
    found = parse(pdf(*PAGES), "a.pdf")
    assert found.text.split("\n\n") == [
        "Talks in Qom",
        "Three delegates travelled to Qom on Friday, the anti-American cleric said. They came home "
        "on Sunday.",
        "Nobody gave a reason, and the minister who was asked said nothing. It rained.",
        "The end came in May.",
    ]
    assert (found.title, found.published, found.author) == ("The talks", "2008-04-07", "Ann Reed")
    at = {
        words: found.page(found.text.index(words))
        for words in ("Talks", "Nobody", "was asked", "It rained", "The end", "May.")
    }
    assert at == {"Talks": 1, "Nobody": 1, "was asked": 2, "It rained": 2, "The end": 4, "May.": 4}


def test_a_title_of_a_pdf_that_is_none_is_passed_over() -> None:
    for stated in ("", "/Title (Microsoft Word - talks.doc)", "/Title (untitled)"):
        found = parse(pdf(["Talks in Qom", "", "They met there."], info=stated), "a.pdf")
        assert (found.title, found.published) == ("Talks in Qom", "")


def test_sentences_and_passages_know_their_page() -> None:
    article = parse(pdf(*PAGES), "a.pdf")
    passages, sentences = split(article, 100)
    assert {s.text: s.page for s in sentences}["The end came in May."] == 4
    assert all(article.text[s.start : s.end] == s.text for s in sentences)
    assert [p.page for p in passages] == [article.page(p.start) for p in passages]
    assert split(Article("a", "A", "a", "They met."), 100)[1][0].page is None


def test_word_documents_keep_their_tables_in_place() -> None:
    data = docx("# Talks", "They met.", [["Year", "Ships"], ["2007", "900"]], "They left.")
    found = parse(data, "a.docx")
    assert found.text.split("\n\n") == [
        "Talks",
        "They met.",
        "Year | Ships",
        "2007 | 900",
        "They left.",
    ]
    assert (found.title, found.published, found.author) == ("Talks", "2008-04-07", "")
    stated = parse(docx("They met.", title="The talks", author="Ann Reed"), "a.docx")
    assert (stated.title, stated.author, stated.source) == ("The talks", "Ann Reed", "")


def test_a_merged_cell_is_told_once() -> None:
    from io import BytesIO

    from docx import Document

    document = Document()
    table = document.add_table(1, 3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "Both"
    table.cell(0, 2).text = "One"
    document.save(out := BytesIO())
    assert parse(out.getvalue(), "a.docx").text == "Both | One"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Переговоры в Куме закончились в пятницу, сообщил представитель правительства.", "cp1251"),
        ("Οι συνομιλίες στο Κομ τελείωσαν την Παρασκευή, είπε ο εκπρόσωπος.", "cp1253"),
        ("協議は金曜日にコムで終わったと報道官は述べた。次の会合は来週開かれる。", "shift_jis"),
        ("Grüße aus Köln: die Gespräche sind über Nacht zu Ende gegangen.", "cp1252"),
        ("Élève à l'âge où l'été s'achève, déjà là-bas, très près.", "cp1252"),
    ],
)
def test_old_encodings_are_told_apart(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_text_that_was_decoded_wrongly_is_mended_and_no_other() -> None:
    right = "“It’s over,” he said in the café."
    wrong = right.encode().decode("cp1252", errors="replace").replace("\ufffd", "\x9d")
    for intact in (right, "Â-level", "ÂNGELA ÉTÉ", "5 € – “so”", "naïve Ü Ö"):
        assert mend(intact) == intact
    assert mend(f"{wrong}\n{right}") == f"{right}\n{right}"


def test_every_reader_refuses_what_is_of_another_type(tmp_path: Path) -> None:
    samples = {".pdf": pdf(["They met."]), ".docx": docx("They met."), ".png": b"\x89PNG\x00\x01"}
    for suffix in readers.READERS:
        for other, data in samples.items():
            if other != suffix:
                (tmp_path / f"a{suffix}").write_bytes(data)
                with pytest.raises(CorpusError):
                    load(tmp_path / f"a{suffix}", f"a{suffix}")


def test_the_libraries_load_when_a_file_needs_them() -> None:
    heavy = "trafilatura pypdfium2 docx lxml ftfy charset_normalizer"
    asked = f"import sys, index.load; print(set('{heavy}'.split()) & set(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout == "set()\n"


def test_columns_lists_and_headings_of_a_pdf_keep_their_paragraphs() -> None:
    lines = [
        "1 What was found",
        "The river rose by three metres in a week and the two",
        "villages on its banks were left by all who lived there.",
        "• a bridge was lost",
        "• the school was closed until the water had gone and the",
        "ministry had looked at it",
        "2 What was done",
        "Boats came from Basra and Amara, and the people of",
        "Nasiriyah sent bread.",
    ]
    assert parse(pdf(lines), "a.pdf").text.split("\n\n") == [
        lines[0],
        f"{lines[1]} {lines[2]}",
        lines[3],
        f"{lines[4]} {lines[5]}",
        lines[6],
        f"{lines[7]} {lines[8]}",
    ]
