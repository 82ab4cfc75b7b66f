"""Normalisation: what goes, what stays, and that doing it twice changes nothing."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.clean import clean, clean_line

RTL_OVERRIDE = "\u202e"


@pytest.mark.parametrize(
    ("given_text", "cleaned"),
    [
        ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne"),
        ("a\u2029b", "a\n\nb"),
        ("a\n\n\n\n \nb", "a\n\nb"),
        ("  a \t\u00a0\u3000 b  \n  c  ", "a b\nc"),
        ("a\x00b\x07c\x1bd", "a b c d"),
        ("a\x0cb", "a b"),
        ("co\u00adoperate", "cooperate"),
        ("\ufeffa\u200bb\u2060c\u200dd", "abcd"),
        (f"pay {RTL_OVERRIDE}001\u202c now", "pay 001 now"),
        ("\u2066a\u2069", "a"),
        ("cafe\u0301", "café"),
        ("", ""),
        (" \n\x00\u200b ", ""),
    ],
)
def test_clean(given_text: str, cleaned: str) -> None:
    assert clean(given_text) == cleaned


def test_other_scripts_and_emoji_stay() -> None:
    text = "Кто возглавил? 誰が率いた？ من قاد الوفد؟ 🙂"
    assert clean(text) == text


def test_a_line_is_one_line() -> None:
    assert clean_line("  The\ttalks\r\n\r\nin Qom \n") == "The talks in Qom"


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert "\r" not in once
    assert "\n\n\n" not in once
    assert once == once.strip()


@pytest.mark.parametrize("between", ["\u200b", "\u00ad", "\ufeff"])
def test_an_invisible_character_does_not_keep_an_accent_apart(between: str) -> None:
    cleaned = clean(f"cafe{between}\u0301")
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == "café"


@pytest.mark.parametrize("hidden", ["\u061c", "\U000e0041\U000e007f", "\u180e"])
def test_every_direction_mark_and_invisible_letter_goes(hidden: str) -> None:
    assert clean(f"a{hidden}b") == "ab"
