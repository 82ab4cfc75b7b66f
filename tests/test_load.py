"""Files -> articles: encodings, front matter, what is left out and what the user is told."""

import os
from itertools import pairwise
from pathlib import Path

import pytest

from index.articles import read_articles
from index.decode import decode
from index.errors import CorpusError
from index.load import check_corpus, find, load
from index.readers import READERS
from index.selection import Selection
from index.types import Article

TEXT = "Café owners “met” in Kraków, the mayor said."


def article(folder: Path, name: str, data: bytes | str) -> Article:
    file = folder / name
    file.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return load(file, name)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    assert article(tmp_path, "a.txt", TEXT.encode(encoding)).text == TEXT


def test_old_windows_text_is_read(tmp_path: Path) -> None:
    text = TEXT.replace("ó", "ü")
    assert article(tmp_path, "a.txt", text.encode("cp1252")).text == text


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.txt", b"\x89PNG\r\n\x1a\n\x00\x00\x00", "is binary, not text"),
        ("b.md", bytes(range(1, 256)) * 4, "is binary or in an encoding"),
        ("c.txt", b"", "holds no text"),
        ("d.md", b"---\ntitle: T\n---\n", "holds no text"),
        ("e.txt", b" \n --- * \n", "holds no text"),
        ("f.rtf", b"{\\rtf1 text}", r"files of type \.rtf are not read"),
        ("Makefile", b"all:", "files of type unknown are not read"),
        ("missing.txt", None, "cannot be read .No such file"),
    ],
)
def test_what_holds_no_text_is_refused(
    tmp_path: Path, name: str, data: bytes | None, reason: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(CorpusError, match=reason):
        load(tmp_path / name, name)


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    with (tmp_path / "dump.txt").open("wb") as sparse:
        sparse.truncate(50_000_000)
    assert READERS[".txt"].max_bytes < 50_000_000
    with pytest.raises(CorpusError, match="larger than 20 MB; split it"):
        load(tmp_path / "dump.txt", "dump.txt")


def test_the_front_matter_names_the_article(tmp_path: Path) -> None:
    text = "---\r\ntitle: 'The: talks'\npublisher: Reuters\npublished: 2008-04-07\n"
    found = article(tmp_path, "a.md", f"{text}author: [Ann, Bob]\n---\nThey met.\n")
    assert (found.title, found.source, found.published) == ("The: talks", "Reuters", "2008-04-07")
    assert (found.author, found.text) == ("Ann, Bob", "They met.")


@pytest.mark.parametrize("value", ["not stated", "Unknown", "none", "''", "~"])
def test_what_is_not_stated_is_empty(tmp_path: Path, value: str) -> None:
    found = article(
        tmp_path, "a.md", f"---\npublisher: {value}\npublished: {value}\n---\nThey met."
    )
    assert (found.source, found.published) == ("", "")


@pytest.mark.parametrize("head", ["title: [", "- a\n- b", "title: !!python/object:os.system x"])
def test_a_broken_header_is_text_like_any_other(tmp_path: Path, head: str) -> None:
    assert article(tmp_path, "a.md", f"---\n{head}\n---\nThey met.").text.endswith("They met.")


@pytest.mark.parametrize(
    "head",
    [
        "published: 2008-13-45",
        "title: !!int foo",
        "title: !!timestamp foo",
        "title: !!bool foo",
        f"title: 1{'0' * 5000}",
        f"title: 0x{'f' * 5000}",
        f"title: {'[' * 5000}",
    ],
)
def test_an_impossible_header_is_text_like_any_other(tmp_path: Path, head: str) -> None:
    assert article(tmp_path, "a.md", f"---\n{head}\n---\nThey met.").text.endswith("They met.")


def test_a_title_that_stands_for_gigabytes_is_left_out(tmp_path: Path) -> None:
    levels = [f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in pairwise("abcdefghijk")]
    head = "\n".join(["a: &a [word]", *levels, "title: *k", 'author: "caf\\udce9"'])
    found = article(tmp_path, "a.md", f"---\n{head}\n---\nThey met.")
    assert (found.title, found.author, found.text) == ("a", "caf\ufffd", "They met.")


def test_markdown_becomes_plain_paragraphs(tmp_path: Path) -> None:
    marked = (
        "# The *talks*\n\nOne [link](http://x.y)\nand `code` &amp; \\*.\n\n- a\n- b\n\n<b>c</b>"
    )
    found = article(tmp_path, "a.md", marked)
    assert found.title == "The talks"
    assert found.text == "The talks\n\nOne link and code & *.\n\na\n\nb\n\nc"


@pytest.mark.parametrize(
    ("text", "title", "published"),
    [
        ("Harbour reopens\n\nIt reopened.", "Harbour reopens", ""),
        ("April 7, 2008\nHarbour reopens\n\nIt reopened.", "Harbour reopens", "2008-04-07"),
        ("Oct. 7, 2008 1:23 pm\nIt reopened.", "the old one", "2008-10-07"),
        ("It reopened. Nobody came.", "the old one", ""),
    ],
)
def test_plain_text_has_its_title_and_date_read_off(
    tmp_path: Path, text: str, title: str, published: str
) -> None:
    found = article(tmp_path, "the-old_one.txt", text)
    assert (found.title, found.published) == (title, published)


def test_lines_broken_at_a_fixed_width_are_joined(tmp_path: Path) -> None:
    wrapped = "\n".join(["The delegation set off on Wednesday and went on to the"] * 3)
    found = article(tmp_path, "a.txt", f"{wrapped}\n\nTo be done:\nbuy bread\nsell it")
    assert found.text == wrapped.replace("\n", " ") + "\n\nTo be done:\nbuy bread\nsell it"


def test_a_title_from_a_file_name_is_clean(tmp_path: Path) -> None:
    assert article(tmp_path, "pay\u202e001\nnow.txt", "They met.").title == "pay001 now"


def test_a_title_is_of_a_title_s_length(tmp_path: Path) -> None:
    words, word = f"# {'word ' * 20_000}\n\nThey met.", f"# {'x' * 900}\n\nThey met."
    assert article(tmp_path, "a.md", words).title == "word " * 39 + "word…"
    assert article(tmp_path, "a.md", word).title == "x" * 199 + "…"


def test_binary_data_behind_a_byte_order_mark_is_refused() -> None:
    noise = bytes((i * 7919 + i * i) % 256 for i in range(4000))
    with pytest.raises(CorpusError):
        decode(b"\xff\xfe" + noise)


def test_the_walk_passes_over_hidden_and_ignored_files_and_names_linked_files(corpus: Path) -> None:
    (corpus / ".hidden.md").write_text("Hidden.")
    (corpus / ".git").mkdir()
    (corpus / ".git" / "a.md").write_text("Hidden.")
    (corpus / "link.md").symlink_to(corpus / "qom.md")
    (corpus / "draft.md").write_text("Ignored.")
    (corpus / "b.rtf").write_bytes(b"{")
    (corpus / ".footnoteignore").write_text("# not yet\ndraft*\n\n")
    files, skipped = find(corpus)
    assert [f.relative_to(corpus).as_posix() for f in files] == [
        "harbour.txt",
        "notes/flood.md",
        "qom.md",
    ]
    assert [(s.path, s.reason) for s in skipped] == [
        ("b.rtf", "files of type .rtf are not read"),
        ("link.md", "is a link, which is not followed"),
    ]


def test_one_file_is_a_corpus_too(corpus: Path) -> None:
    assert find(corpus / "qom.md") == ([corpus / "qom.md"], [])


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"no folder or file .*nowhere.*Give the path"):
        find(tmp_path / "nowhere")


def test_an_unreadable_folder_is_named(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(CorpusError, match=r"articles cannot be read. Check its permissions"):
        find(corpus)


def test_unreadable_parts_are_left_out_and_named(
    corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_bytes, scandir = Path.read_bytes, os.scandir

    def deny(file: Path) -> bytes:
        if file.name == "qom.md":
            raise PermissionError(13, "Permission denied")
        return read_bytes(file)

    def deny_folder(path: str) -> object:
        if Path(path).name == "notes":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(Path, "read_bytes", deny)
    monkeypatch.setattr(os, "scandir", deny_folder)
    articles, skipped = read_articles(corpus, Selection())
    assert [a.id for a in articles] == ["harbour.txt"]
    assert {(Path(s.path).name, s.reason) for s in skipped} == {
        ("notes", "the folder cannot be read"),
        ("qom.md", "cannot be read (Permission denied)"),
    }


def test_a_folder_of_binary_files_only_gives_the_reasons(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / f"{number}.jpg").write_bytes(b"\xff\xd8\x00")
    with pytest.raises(CorpusError, match=r"(?s)reads .txt, .md, .*0.jpg: files.*and 2 more"):
        check_corpus(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"\x00\x01")
    check_corpus(tmp_path)
    with pytest.raises(CorpusError, match=r"(?s)holds no article .*and 3 more"):
        read_articles(tmp_path, Selection())


def test_an_empty_folder_is_told_apart_from_a_missing_one(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"holds no article that Footnote can read"):
        check_corpus(tmp_path)
