"""A visitor of the demo: what a person does in a browser, and sees there."""

import re
from time import monotonic

from playwright.sync_api import expect

POLL = re.compile(r"/tasks/\?process=")
# What the console says of sockets that a test refuses on purpose.
REFUSED = re.compile(r"WebSocket|\[object Event\]")


class Visitor:
    """One browser context with one page, and what its console complained of."""

    def __init__(self, context, url, *, has_script=True, has_socket=True):
        """Looks at the editor.

        Args:
            context: A browser context of its own: a visitor of its own.
            url: The demo's.
            has_script: Whether the context runs JavaScript.
            has_socket: Whether its sockets are let alone.
        """
        self.context = context
        self.url = url
        self.has_script = has_script
        self.complaints = []
        self.expected = REFUSED if not has_socket else None
        self.frames = []
        self.polls = []
        self.page = self.new_page()

    def new_page(self, path=""):
        """One more tab, at a path of the demo."""
        page = self.context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._count(request.url))
        page.on("websocket", lambda socket: socket.on("framereceived", self._keep))
        page.goto(self.url + path)
        return page

    def _hear(self, message):
        is_expected = self.expected and self.expected.search(message.text)
        if message.type == "error" and not is_expected:
            self.complaints.append(message.text)

    def expect_status(self, status):
        """The console may say once more that an answer had this status."""
        known = f"{self.expected.pattern}|" if self.expected else ""
        self.expected = re.compile(rf"{known}status of {status}\b")

    def _count(self, url):
        if POLL.search(url):
            self.polls.append(url)

    def _keep(self, frame):
        self.frames.append(str(frame))

    # -- the form -----------------------------------------------------------------

    def write(self, text):
        """The text stands in the form instead of what stood there."""
        self.page.get_by_label("Markdown").fill(text)

    def choose(self, *codes):
        """These are the languages into which a text is translated."""
        for box in self.page.locator("input[name=target]:enabled").all():
            box.set_checked(box.get_attribute("value") in codes)

    def translate(self, text=None, *, clicks=1):
        """The form is handed in, the answer is there."""
        if text is not None:
            self.write(text)
        button = self.page.get_by_role("button", name="Translate", exact=True)
        with self.page.expect_response(re.compile("/start/translate/")):
            button.click(click_count=clicks)
        if not self.has_script:
            self.page.wait_for_load_state()

    # -- the table ----------------------------------------------------------------

    @property
    def rows(self):
        """The rows of the table, newest first."""
        return self.page.locator("tr.operation")

    def sees(self, *texts, row=0):
        """The row shows all these texts, at once or soon.

        Who has no JavaScript refreshes until it does.
        """
        shown = self.rows.nth(row)
        deadline = monotonic() + 15
        while not self.has_script and monotonic() < deadline:
            if shown.count() and all(text in shown.inner_text() for text in texts):
                break
            self.page.get_by_role("link", name="Refresh").first.click()
        for text in texts:
            expect(shown).to_contain_text(text, timeout=10_000)

    def act(self, action, row=0):
        """The row's button with this name is pressed."""
        self.rows.nth(row).get_by_text(action, exact=True).click()

    def operation_id(self, row=0):
        """The id of the row's operation."""
        return self.rows.nth(row).get_attribute("id").removeprefix("operation-")

    # -- programs -----------------------------------------------------------------

    def get(self, path, **headers):
        """What the demo answers to this visitor's cookies."""
        return self.context.request.get(self.url + path, headers=headers)

    def post(self, path):
        """The same for an action, with this visitor's CSRF token."""
        cookies = self.context.cookies(self.url)
        token = next(c["value"] for c in cookies if c["name"] == "csrftoken")
        headers = {"X-CSRFToken": token, "Accept": "application/json"}
        return self.context.request.post(self.url + path, headers=headers)
