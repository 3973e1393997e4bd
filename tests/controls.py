"""What a browser sends for the controls in a piece of HTML."""

from html.parser import HTMLParser
from typing import Any

from django.utils.datastructures import MultiValueDict


class _Controls(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sent: MultiValueDict[str, str] = MultiValueDict()
        self._select: str | None = None
        self._options: list[tuple[bool, str]] = []
        self._area: list[str] | None = None
        self._area_name = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        found = dict(attrs)
        if tag == "input":
            self._read_input(found)
        elif tag == "select":
            self._select, self._options = found["name"], []
        elif tag == "option":
            self._options.append(("selected" in found, found.get("value") or ""))
        elif tag == "textarea":
            self._area, self._area_name = [], found["name"]

    def _read_input(self, found: dict[str, Any]) -> None:
        kind = found.get("type", "text")
        if kind in {"submit", "button", "file"} or "name" not in found:
            return
        if kind in {"checkbox", "radio"}:
            if "checked" in found:
                self.sent.appendlist(found["name"], found.get("value") or "on")
            return
        value = found.get("value") or ""
        self.sent.appendlist(found["name"], value.replace("\r", "").replace("\n", ""))

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select is not None:
            chosen = [value for is_chosen, value in self._options if is_chosen]
            first = [value for _, value in self._options[:1]]
            for value in chosen or first:
                self.sent.appendlist(self._select, value)
            self._select = None
        elif tag == "textarea" and self._area is not None:
            text = "".join(self._area).removeprefix("\n")
            self.sent.appendlist(self._area_name, text.replace("\n", "\r\n"))
            self._area = None


def sent_by(html: str) -> MultiValueDict[str, str]:
    """Return what a browser sends for a form that nobody has touched."""
    controls = _Controls()
    controls.feed(html)
    controls.close()
    return controls.sent
