"""Notices around an article do not become evidence, and no sentence of an article is lost."""

from pathlib import Path

import pytest

from index.clean import clean
from index.furniture import furniture, without_furniture
from index.load import load

ORIGINALS = Path(__file__).resolve().parents[2] / "shared" / "seeds"
BODY = (
    "Harbour reopens\n\nThe harbour reopened in May. Share prices rose.\n\n"
    "“We use cookies,” the baker said.\n\nComments were few."
)


@pytest.mark.parametrize(
    "notice",
    [
        "You've read 3 of 5 free articles. Subscribe to continue.",
        "Start your subscription today",
        "Sign up for our weekly newsletter and never miss a story",
        "We use cookies to improve your experience. Read more in our policy.",
        "Accept all cookies",
        "Share this article on Facebook, Twitter and WhatsApp",
        "Facebook | Twitter | Email",
        "© 2008 The Daily. All rights reserved.",
        "Copyright 2008 Associated Press. This material may not be published or broadcast.",
        "IE 11 is not supported. For an optimal experience visit our site on another browser.",
        "Please enable JavaScript to view the comments powered by Disqus.",
        "Note from the editors: Comments are the readers' own. See our terms of use.",
        "Comments are closed.",
        "Home | World | Middle East\n\nSign in",
        "0 : 0\n\n• narrow-browser\n• landscape-tablet",
    ],
)
@pytest.mark.parametrize("at_the_end", [True, False])
def test_a_notice_goes_and_the_article_stays(notice: str, at_the_end: bool) -> None:
    text = f"{BODY}\n\n{notice}" if at_the_end else f"{notice}\n\n{BODY}"
    assert without_furniture(text) == BODY


@pytest.mark.parametrize(
    "line",
    [
        "The site uses cookies, and users may refuse them.",
        "Share this burden, the minister said, or lose it.",
        "Subscribers to the agreement met in Qom.",
        "He read the note from the general: stay away.",
        "Copyright law was changed in 2008.",
        "Note from the front: the soldiers have few comments to make.",
        "Printing this article took a day.",
        "World",
        "2 : 0",
        "• well-being",
        "Comments",
        "Related posts in the ministry were cut as well.",
    ],
)
def test_what_an_article_may_say_stays(line: str) -> None:
    for text in (f"{line}\n\n{BODY}", f"{BODY}\n\n{line}", BODY.replace("\n\n", f"\n\n{line}\n\n")):
        assert without_furniture(text) == text


def test_headings_of_boxes_between_notices_go_with_them() -> None:
    boxes = "Related posts:\n\nBreaking at noon\n\nAccept cookies"
    assert without_furniture(f"{BODY}\n\n{boxes}\n\nA last word.") == f"{BODY}\n\nA last word."
    apart = "Related posts:\n\nA sentence stands here.\n\nAccept cookies"
    assert "A sentence stands here." in without_furniture(f"{BODY}\n\n{apart}")


def test_a_text_of_notices_only_is_left_as_it_is() -> None:
    assert without_furniture("All rights reserved.") == "All rights reserved."


def test_a_long_line_takes_no_time() -> None:
    for line in ("note from a:" + " comments" * 200_000, "home" + " | a" * 200_000, "x " * 500_000):
        assert furniture([line]) == set()


@pytest.mark.skipif(not ORIGINALS.is_dir(), reason="the original articles are not here")
def test_the_originals_lose_their_notices_and_nothing_else() -> None:
    """What goes was read line by line; a change of the forms shows here."""
    lost = {}
    for file in sorted(ORIGINALS.glob("*.txt")):
        lines = clean(file.read_text(encoding="utf-8")).split("\n")
        lost[file.name[:3]] = [lines[row][:24] for row in sorted(furniture(lines))]
        text = load(file, file.name).text
        assert not any(line.strip() in text.split("\n") for line in lost[file.name[:3]])
    assert lost["000"] == []
    assert lost["001"] == [
        "You've read of free arti",
        "QR Code to Iran shifts a",
        "Read this article in",
        "QR Code to Subscription ",
        "Start your subscription ",
    ]
    assert lost["002"][:3] == ["Our Standards:The Thomso", "0 : 0", "• narrow-browser-and-pho"]
    assert len(lost["002"]) == 16
    assert lost["003"] == ["IE 11 is not supported. "]
    assert lost["004"] == [
        "Related Posts:",
        "Breaking on Hot Air",
        "Blowback",
        "Note from Hot Air manage",
        "Trackbacks/Pings",
        "Trackback URL",
    ]
