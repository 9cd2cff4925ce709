"""A page as a reader's program sees it: its elements and their texts."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "img", "input", "br"}


class Page(HTMLParser):
    """Elements of a page; what is not closed in order is an error."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("script", "style"):
            self.texts.append(data)
        if "td" in self._open or "th" in self._open:
            self.cells[-1] += data

    @property
    def text(self) -> str:
        """What is to be read, in one line."""
        return " ".join("".join(self.texts).split())

    def values(self, tag: str, name: str) -> list[str]:
        """The values of an attribute."""
        return [str(found[name]) for kind, found in self.tags if kind == tag and name in found]
