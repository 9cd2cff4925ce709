"""Words of free text, and the patterns of rules that stand for them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

_WORD = re.compile(r"[^\W_]*\+?[^\W_]+\+?|\+")
"""Letters and digits with a + before, between or behind (t1, +gd, c+, tse+gd)."""


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, in lower case."""
    return tuple(_WORD.findall(text.casefold()))


def pattern_words(pattern: str) -> tuple[str, ...]:
    """The words of a rule's entry, in which * stands for any letters; empty: it is none."""
    parts = tuple(pattern.casefold().split())
    plain = (part.replace("*", "") for part in parts)
    return parts if all(part and words_of(part) == (part,) for part in plain) else ()


def matching(patterns: Iterable[str], words: tuple[str, ...]) -> list[str]:
    """The patterns that a text has: the rule's own words, which may be shown."""
    return [pattern for pattern in patterns if _occurs(pattern_words(pattern), words)]


def _occurs(parts: tuple[str, ...], words: tuple[str, ...]) -> bool:
    return any(
        all(fnmatchcase(word, part) for word, part in zip(words[start:], parts, strict=False))
        for start in range(len(words) - len(parts) + 1)
    )
