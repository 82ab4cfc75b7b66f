"""Files made to break a reader: each is told with its reason and skipped, the rest is indexed."""

import os
import time
from pathlib import Path

import pytest
from fakes import CORPUS, HashEmbedder, Opening, write_corpus
from made_files import bomb, docx, entities, pdf, with_part

from index.build import open_index
from index.load import load

WHOLE = sorted(CORPUS)
PAGE = "<html><body>{}<p>They met in Qom on Friday.</p></body></html>"


def skipped(opening: Opening) -> dict[str, str]:
    """What an index of the little corpus left out; the corpus itself is all there."""
    index = opening()
    assert set(WHOLE) <= set(index.articles)
    return {entry.path: entry.reason for entry in index.skipped}


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.pdf", pdf(["They met."], locked=True), "is encrypted; save it without password"),
        ("a.pdf", b"", "is no whole PDF"),
        ("a.pdf", pdf(["They met."])[:300], "is no whole PDF"),
        ("a.pdf", b"%PDF-1.7\n" + bytes(range(256)) * 50, "is no whole PDF"),
        ("a.pdf", pdf([], []), "holds no text, only pictures of it; run text recognition"),
        ("a.docx", b"", "is no whole Word document"),
        ("a.docx", docx("They met.")[:2000], "is no whole Word document"),
        (
            "a.docx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
            "is encrypted or in Word's old",
        ),
        ("a.docx", docx(), "holds no text"),
        ("a.docx", bomb(), "would expand far beyond its size"),
        ("a.docx", entities("/etc/hostname"), "declares XML entities"),
        ("a.docx", with_part(docx("They met."), "word/document.xml", b"<a"), "cannot be read as"),
        ("a.html", b"", "is no HTML"),
        ("a.html", PAGE.format("<div>" * 100_000).encode(), "nested too deeply"),
        ("a.html", PAGE.format("<b><i>" * 50_000).encode(), "nested too deeply"),
        ("a.html", PAGE.format("<b>x</b>" * 100_000).encode(), "more than 100,000 HTML elements"),
        ("a.html", PAGE.format("<p>It rained.</p>" * 1_100_000).encode(), "more than 5 MB"),
        ("a.html", PAGE.format("x" * 20_000_001).encode(), "larger than 20 MB"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_a_broken_file_is_told_and_the_rest_is_indexed(
    opening: Opening, name: str, data: bytes, reason: str
) -> None:
    (opening.corpus / name).write_bytes(data)
    started = time.monotonic()
    assert reason in skipped(opening)[name]
    assert time.monotonic() - started < 5


def test_a_page_with_its_pictures_in_it_is_read(tmp_path: Path) -> None:
    picture = f'<img src="data:image/png;base64,{"QUJD" * 2_000_000}">'
    (tmp_path / "a.html").write_text(PAGE.format(picture))
    assert load(tmp_path / "a.html", "a.html").text == "They met in Qom on Friday."


def test_links_and_loops_are_told_and_not_followed(opening: Opening, tmp_path: Path) -> None:
    outside = write_corpus(tmp_path / "outside", {"secret.md": "The secret word is harbinger."})
    (opening.corpus / "loop").symlink_to(opening.corpus)
    (opening.corpus / "notes" / "up").symlink_to("..")
    (opening.corpus / "self.md").symlink_to("self.md")
    (opening.corpus / "out").symlink_to(outside)
    (opening.corpus / "secret.md").symlink_to(outside / "secret.md")
    told = skipped(opening)
    assert set(told) == {"loop", "notes/up", "self.md", "out", "secret.md"}
    assert set(told.values()) == {"is a link, which is not followed"}
    assert list(opening().articles) == WHOLE


@pytest.mark.parametrize(
    "name",
    [
        "new\nline.md",
        '\'"quotes"`$(x).md',
        "<img src=x onerror=alert(1)>.md",
        "n" * 252 + ".md",
        "\x1b[31mred.md",
        "-rf.md",
    ],
)
def test_odd_file_names_are_indexed_and_found_again(opening: Opening, name: str) -> None:
    (opening.corpus / name).write_text("Words of an odd file.")
    assert skipped(opening) == {}
    assert name in opening().articles
    assert opening.embedder.encoded == 0


def test_a_file_name_that_is_not_utf8_is_indexed(opening: Opening) -> None:
    odd = os.fsencode(opening.corpus) + b"/caf\xe9\xff.pdf"
    Path(os.fsdecode(odd)).write_bytes(pdf(["They met."]))
    assert "caf\ufffd\ufffd.pdf" in opening().articles


@pytest.mark.parametrize("settles", [True, False])
def test_a_file_that_changes_while_it_is_read(
    opening: Opening, monkeypatch: pytest.MonkeyPatch, settles: bool
) -> None:
    opening()
    file, read_bytes = opening.corpus / "harbour.txt", Path.read_bytes
    left = [1] if settles else [1] * 99

    def read_and_grow(path: Path) -> bytes:
        data = read_bytes(path)
        if path.name == file.name and left:
            left.pop()
            path.write_bytes(data + b" More.")
        return data

    monkeypatch.setattr(Path, "read_bytes", read_and_grow)
    index = opening()
    if settles:
        assert index.articles["harbour.txt"].text.endswith("said. More.")
    else:
        assert sorted(index.articles) == ["notes/flood.md", "qom.md"]
        assert [entry.reason for entry in index.skipped] == [
            "is being written just now; index again when that is finished"
        ]


def test_a_file_that_goes_while_the_folder_is_read(opening: Opening) -> None:
    def remove(stage: str, done: int, total: int) -> None:
        if total:
            (opening.corpus / "qom.md").unlink(missing_ok=True)

    index = open_index(opening.corpus, opening.root, HashEmbedder(), 800, remove)
    assert sorted(index.articles) == ["harbour.txt", "notes/flood.md"]
    ((path, reason),) = [(entry.path, entry.reason) for entry in index.skipped]
    assert (path, reason) == ("qom.md", "cannot be read (No such file or directory)")
