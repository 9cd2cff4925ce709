"""A real browser, headless, by the WebDriver protocol (W3C), which is JSON over HTTP."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
WHY_NOT = "no Chromium with its driver (apt-get install chromium chromium-driver)"
IS_THERE = CHROMIUM is not None and DRIVER is not None
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
"""The protocol's name of an element's key."""
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")
SECONDS = 300


class Browser:
    """One session of a browser: a window with what it logged."""

    def __init__(self, address: str, width: int, height: int) -> None:
        options = {"args": [*OPTIONS, f"--window-size={width},{height}"], "binary": CHROMIUM}
        if width < 500:  # narrower than a window of a desktop may be
            metrics = {"width": width, "height": height, "pixelRatio": 1.0, "touch": True}
            options["mobileEmulation"] = {"deviceMetrics": metrics}
        logs = {"browser": "ALL", "performance": "ALL"}
        wanted = {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": logs,
            "timeouts": {"script": 1000 * SECONDS},
        }
        self._address = address
        answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._address = f"{address}/session/{answer['sessionId']}"

    def open(self, page: Path) -> None:
        """Open a file and wait until it is loaded."""
        self._ask("POST", "/url", {"url": page.as_uri()})

    def run(self, script: str, *arguments: Any) -> Any:
        """What the body of a function returns in the page; a promise is awaited."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": arguments})

    def find(self, selector: str) -> dict[str, str]:
        """The first element of a CSS selector."""
        asked = {"using": "css selector", "value": selector}
        element: dict[str, str] = self._ask("POST", "/element", asked)
        return element

    def click(self, selector: str) -> None:
        """Click on an element, as a person would."""
        self._ask("POST", f"/element/{self.find(selector)[ELEMENT]}/click", {})

    def type(self, selector: str, keys: str) -> None:
        """Press keys in an element."""
        self._ask("POST", f"/element/{self.find(selector)[ELEMENT]}/value", {"text": keys})

    def point(self, selector: str, kind: str, *actions: dict[str, Any]) -> None:
        """Do something with a mouse or a finger that begins in the middle of an element."""
        middle = {"type": "pointerMove", "x": 0, "y": 0, "origin": self.find(selector)}
        source = {"type": "pointer", "id": kind, "parameters": {"pointerType": kind}}
        self._ask("POST", "/actions", {"actions": [source | {"actions": [middle, *actions]}]})

    def wheel(self, selector: str, pixels: int) -> None:
        """Turn the mouse wheel over an element."""
        turn = {"type": "scroll", "x": 0, "y": 0, "deltaX": 0, "deltaY": pixels}
        action = turn | {"duration": 0, "origin": self.find(selector)}
        self._ask(
            "POST", "/actions", {"actions": [{"type": "wheel", "id": "w", "actions": [action]}]}
        )

    def screenshot(self, path: Path) -> None:
        """What the window shows."""
        path.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))

    def complaints(self) -> list[str]:
        """What the console said: errors and warnings."""
        logged = self._ask("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in logged]

    def requests(self) -> list[str]:
        """The addresses that were asked for."""
        logged = self._ask("POST", "/se/log", {"type": "performance"})
        events = [json.loads(entry["message"])["message"] for entry in logged]
        sent = [event for event in events if event["method"] == "Network.requestWillBeSent"]
        return [event["params"]["request"]["url"] for event in sent]

    def close(self) -> None:
        """End the session, and with it the browser."""
        self._ask("DELETE", "")

    def _ask(self, method: str, path: str, content: Any = None) -> Any:
        data = None if content is None else json.dumps(content).encode()
        request = Request(self._address + path, data, {"Content-Type": "application/json"})
        request.method = method
        try:
            with urlopen(request, timeout=SECONDS) as answer:
                return json.loads(answer.read())["value"]
        except HTTPError as error:
            raise RuntimeError(json.loads(error.read())["value"]["message"]) from None


@contextmanager
def driver() -> Iterator[str]:
    """The address of a running driver."""
    assert DRIVER
    command = [DRIVER, "--port=0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            started = (re.search(r"successfully on port (\d+)", line) for line in process.stdout)
            yield f"http://127.0.0.1:{next(filter(None, started))[1]}"
        finally:
            process.terminate()


@contextmanager
def browser(address: str, width: int = 1280, height: int = 900) -> Iterator[Browser]:
    """A browser of that window size."""
    session = Browser(address, width, height)
    try:
        yield session
    finally:
        session.close()
