"""Files of the types that are read, made in memory, whole ones and ones made to break a reader."""

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime

INFO = "/Title (The talks) /Author (Ann Reed) /CreationDate (D:20080407120000Z)"
_LOCK = "/Filter /Standard /V 1 /R 2 /P -4 /O <{0}> /U <{0}>".format("41" * 32)


def pdf(*pages: Sequence[str], info: str = INFO, locked: bool = False) -> bytes:
    """A PDF of one font with one line of text for each string; an empty one leaves a gap."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * i} 0 R" for i in range(len(pages)))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>")
    objects.append(
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    )
    for number, lines in enumerate(pages):
        shown = " ".join(f"({line}) Tj T*" for line in lines)
        stream = f"BT /F1 12 Tf 72 740 Td 14 TL {shown} ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources "
            f"<< /Font << /F1 3 0 R >> >> /Contents {5 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    objects += [f"<< {info} >>", f"<< {_LOCK} >>"]
    made, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(made))
        made += f"{number} 0 obj\n{content}\nendobj\n".encode("cp1252")
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    count = len(objects)
    lock = f"/Encrypt {count} 0 R /ID [<00> <00>]" if locked else ""
    end = (
        f"xref\n0 {count + 1}\n0000000000 65535 f \n{table}"
        f"trailer << /Size {count + 1} /Root 1 0 R /Info {count - 1} 0 R {lock} >>\n"
        f"startxref\n{len(made)}\n%%EOF\n"
    )
    return made + end.encode("ascii")


def docx(*blocks: str | list[list[str]], title: str = "", author: str = "") -> bytes:
    """A Word document of paragraphs and tables; "# " before a paragraph makes it a heading."""
    from docx import Document

    document = Document()
    document.core_properties.title = title
    document.core_properties.author = author
    document.core_properties.created = datetime(2008, 4, 7, 12)
    for block in blocks:
        if isinstance(block, str) and block.startswith("# "):
            document.add_heading(block[2:], 1)
        elif isinstance(block, str):
            document.add_paragraph(block)
        else:
            table = document.add_table(len(block), len(block[0]))
            for row, texts in zip(table.rows, block, strict=True):
                for cell, text in zip(row.cells, texts, strict=True):
                    cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """The Word document `data` with the part `name` replaced or added."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            if part != name:
                new.writestr(part, old.read(part))
        new.writestr(name, content)
    return out.getvalue()


def bomb() -> bytes:
    """A Word document of some kilobytes with a part of 60 MB."""
    return with_part(docx("They met."), "word/media/image1.bin", bytes(60_000_000))


def entities(secret: str) -> bytes:
    """A Word document whose text is an external entity: the file `secret`."""
    body = (
        f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}">]>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        "<w:body><w:p><w:r><w:t>Text &x;</w:t></w:r></w:p></w:body></w:document>"
    )
    return with_part(docx("They met."), "word/document.xml", body.encode())


def html(body: str, head: str = "") -> str:
    return f"<!doctype html><html><head>{head}</head><body>{body}</body></html>"
