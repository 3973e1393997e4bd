"""A guest of the sites: what a person does on a page of theirs, and sees there."""

import uuid

from playwright.sync_api import expect

# What the console says of sockets and answers that a test refuses on purpose.
EXPECTED = (
    "CORS policy",
    "Connecting to 'http://localhost",
    "Fetch API cannot load",
    "Failed to load resource",
    "Response Status Error Code",
    "Unsafe attempt to load URL http://localhost",
    "WebSocket",
    "[object Event]",
    "htmx:afterRequest",
    "htmx:error: Failed to fetch",
    "htmx:sendAbort",
    "htmx:sendError",
)


class Guest:
    """One browser context with one page, and what its console complained of."""

    def __init__(self, context, url, path):
        """Looks at the page.

        Args:
            context: A browser context of its own: a visitor of its own.
            url: Of the sites.
            path: Of the page.
        """
        self.context = context
        self.url = url
        self.gate = uuid.uuid4().hex[:8]
        self.complaints = []
        self.dialogs = []
        self.page = context.new_page()
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._accept)
        self.page.goto(url + path)

    def _note(self, message):
        is_expected = any(part in message.text for part in EXPECTED)
        if message.type == "error" and not is_expected:
            self.complaints.append(message.text)

    def _accept(self, dialog):
        self.dialogs.append(dialog.message)
        dialog.accept()

    @property
    def rows(self):
        """The rows of the table, newest first."""
        return self.page.locator("tr.operation")

    @property
    def said(self):
        """What the table says beside its rows."""
        return self.page.locator(".ephemeral-tasks-live")

    @property
    def answered(self):
        """What the form says."""
        return self.page.locator(".task-form-status").first

    def submit(self, gate=None, form=0):
        """The form is handed in."""
        shown = self.page.locator(".task-form").nth(form)
        shown.get_by_role("textbox").fill(self.gate if gate is None else gate)
        shown.get_by_role("button").click()

    def start(self):
        """An operation runs, and its row shows it."""
        self.submit()
        self.sees("Running")

    def sees(self, text, row=0):
        """The row shows this text, at once or soon."""
        expect(self.rows.nth(row)).to_contain_text(text, timeout=10_000)

    def polls_when_time_passes(self):
        """The page's clock jumps ahead; what it asks for then."""
        asked = []
        self.page.on("request", lambda request: asked.append(request.url))
        self.page.clock.fast_forward(60_000)
        self.page.evaluate("document.title")  # requests of the jump were noted before
        return asked

    def put_up_the_wall(self, host="here"):
        """The session is over: whatever is asked for leads to a login."""
        self.context.add_cookies([{"name": "wall", "value": host, "url": self.url}])

    def take_down_the_wall(self):
        """Logged in again, in another tab."""
        self.context.clear_cookies(name="wall")

    def answer_with(self, status, body="<h1>Back soon</h1>"):
        """A proxy answers whatever the page asks of our routes."""
        self.page.route(
            "**/tasks/**",
            lambda route: route.fulfill(
                status=status, body=body, content_type="text/html"
            ),
        )

    def go_offline(self):
        """No request of the page to our routes gets through."""
        self.page.route("**/tasks/**", lambda route: route.abort())

    def come_back(self):
        """They get through again."""
        self.page.unroute("**/tasks/**")
