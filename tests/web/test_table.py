"""The table: who gets what, and when it asks again."""

import logging
import sys
from html import unescape

import pytest
from django.db.backends.utils import CursorWrapper
from django.test import Client, override_settings

from ephemeral_tasks import pool
from ephemeral_tasks.pool import draining
from ephemeral_tasks.web import processes, rows, table
from tests.web import tasks
from tests.web.hold import until

pytestmark = pytest.mark.urls("tests.web.urls")


async def test_who_never_submitted_sees_an_empty_table(visitor):
    """The empty state says what appears here and how long it stays."""
    html = (await visitor.get_htmx("/tasks/")).content.decode()

    assert "Your last 5 operations appear here." in html
    assert "6 hours" in html
    assert "1 hour after you last looked" in html


async def test_an_empty_table_does_not_poll(visitor):
    """286 stops htmx, and the fragment has no trigger."""
    response = await visitor.get_htmx("/tasks/")

    assert response.status_code == 286
    assert "hx-trigger" not in response.content.decode()


async def test_an_unfinished_operation_is_polled(visitor):
    """Every two seconds by default."""
    await visitor.held("a")

    response = await visitor.get_htmx("/tasks/")

    assert response.status_code == 200
    assert 'hx-trigger="every 2000ms"' in response.content.decode()


async def test_a_poll_that_brings_the_version_shown_gets_nothing(visitor):
    """204: htmx swaps nothing and polls on."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    url = await poll_url(visitor)

    response = await visitor.get_htmx(url)

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_poll_that_brings_another_version_gets_the_table(visitor):
    """A change makes one; so does another process, whose versions are its own."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    url = await poll_url(visitor)
    tasks.holds["a"].open()
    await visitor.held("b")
    await visitor.until_status("RUNNING", "SUCCESSFUL")

    response = await visitor.get_htmx(url)

    assert response.status_code == 200
    assert response.content.decode().count("<tr ") == 2


async def test_another_process_has_other_versions(visitor, monkeypatch):
    """What it rendered names that process, so its polls are answered in full."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    url = await poll_url(visitor)
    rows.forget(await visitor.owner())
    monkeypatch.setattr(processes, "stamp", lambda: "another")

    assert (await visitor.get_htmx(url)).status_code == 200


async def test_a_poll_in_another_language_gets_the_table(visitor):
    """The version is of what was shown."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    url = await poll_url(visitor)

    response = await visitor.get_htmx(url.replace("language=en", "language=de"))

    assert response.status_code == 200
    assert "Läuft" in response.content.decode()


async def test_the_last_poll_gets_the_table_and_286(visitor):
    """When nothing can change by itself there is no version, and no next poll."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    url = await poll_url(visitor)
    tasks.holds["a"].open()
    await visitor.until_status("SUCCESSFUL")

    responses = [await visitor.get_htmx(url) for _ in range(2)]

    assert [one.status_code for one in responses] == [286, 286]
    assert "version" not in responses[0].content.decode()


async def test_a_filtered_table_polls_with_its_own_version(visitor):
    """Each table of a page is another one."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")
    url = await poll_url(visitor, "/tasks/?task=web_hold")

    assert "task=web_hold" in url
    assert (
        url.partition("version=")[2]
        != (await poll_url(visitor)).partition("version=")[2]
    )
    assert (await visitor.get_htmx(url)).status_code == 204


async def test_polls_slow_down_after_twenty_seconds(visitor, pool_clock):
    """What has run for a while is asked about every five seconds."""
    await visitor.held("a")
    pool_clock.ahead_seconds = 20

    html = (await visitor.get_htmx("/tasks/")).content.decode()

    assert 'hx-trigger="every 5000ms"' in html


async def test_the_newest_unfinished_operation_sets_the_pace(visitor, pool_clock):
    """A fresh one beside an old one is polled as a fresh one."""
    await visitor.held("a")
    pool_clock.ahead_seconds = 30
    await visitor.held("b")

    html = (await visitor.get_htmx("/tasks/")).content.decode()

    assert 'hx-trigger="every 2000ms"' in html


@override_settings(EPHEMERAL_TASKS={"POLL_SECONDS": 8})
async def test_a_slow_setting_is_never_sped_up(visitor, pool_clock):
    """POLL_SECONDS above five stays what it is."""
    await visitor.held("a")
    pool_clock.ahead_seconds = 20

    html = (await visitor.get_htmx("/tasks/")).content.decode()

    assert 'hx-trigger="every 8000ms"' in html


async def test_a_finished_table_stops_polling(visitor):
    """The last answer has no trigger and says so to htmx."""
    await visitor.start("web_echo", text="a", language="es")
    await visitor.until_status("SUCCESSFUL")

    response = await visitor.get_htmx("/tasks/")

    assert response.status_code == 286
    assert "hx-trigger" not in response.content.decode()
    assert "hx-get" not in response.content.decode()


@override_settings(EPHEMERAL_TASKS={"WINDOW_SIZE": 2})
async def test_a_full_table_says_what_one_more_would_stop(visitor):
    """As long as it would: the oldest one has not finished."""
    await visitor.held("a")
    before = (await visitor.get_htmx("/tasks/")).content.decode()
    await visitor.start("web_echo", text="a", language="es")
    full = (await visitor.get_htmx("/tasks/")).content.decode()
    tasks.holds["a"].open()
    await visitor.until_status("SUCCESSFUL", "SUCCESSFUL")
    finished = (await visitor.get_htmx("/tasks/")).content.decode()

    assert "your oldest is stopped: Web hold" in full
    assert "your oldest is stopped" not in before + finished


@override_settings(EPHEMERAL_TASKS={"WINDOW_SIZE": 1, "WHEN_WINDOW_FULL": "refuse"})
async def test_a_full_table_that_refuses_stops_nothing(visitor):
    """And does not say that it would."""
    await visitor.held("a")

    html = (await visitor.get_htmx("/tasks/")).content.decode()

    assert "your oldest is stopped" not in html


async def test_between_attempts_a_row_names_the_next_one(visitor):
    """It waits in no queue: it waits for its time."""
    await visitor.start("web_flaky")
    await until(await visitor.owner(), lambda rows: rows[0].is_between_attempts)

    html = (await visitor.get_htmx("/tasks/")).content.decode()

    assert '<span class="operation-status">Trying again soon</span>' in html
    assert "(2 of 4)" in html
    assert "in the queue" not in html


async def test_a_program_gets_rows(visitor):
    """Newest first, with the keys of the contract."""
    await visitor.start("web_echo", text="a", language="es")
    await visitor.start("web_echo", text="b", language="fr")
    await visitor.until_status("SUCCESSFUL", "SUCCESSFUL")

    newest, oldest = (await visitor.get("/tasks/")).json()["operations"]

    assert (newest["shown"], oldest["shown"]) == (
        {"language": "fr"},
        {"language": "es"},
    )
    assert set(newest) == {
        *("id", "task", "label", "shown", "status", "is_finished", "is_cancelling"),
        *("submitted_at", "started_at", "finished_at", "expires_at"),
        *("elapsed_seconds", "attempt", "max_attempts", "progress", "position"),
        *("eta_seconds", "output_size", "question", "error", "actions"),
    }


async def test_a_browser_gets_a_page(visitor):
    """Accept names text/html."""
    await visitor.held("a")

    html = (await visitor.get_page("/tasks/")).content.decode()

    assert html.startswith("<!DOCTYPE html>")
    assert "Web hold" in html


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
async def test_htmx_that_wants_a_page_gets_one(visitor, header):
    """A boosted link and a page out of htmx's history are whole pages."""
    response = await visitor.get_htmx("/tasks/", **{header: "true"})

    assert response.content.startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/*"])
async def test_what_does_not_name_html_gets_json(visitor, accept):
    """A program may accept anything."""
    response = await visitor.get("/tasks/", Accept=accept)

    assert response.json() == {"operations": []}


async def test_what_prefers_json_gets_json(visitor):
    """Naming both is a matter of weight."""
    response = await visitor.get("/tasks/", Accept="application/json, text/html;q=0.5")

    assert response.json() == {"operations": []}


async def test_the_filter_shows_one_tasks_rows(visitor):
    """For htmx under the ids of that table, and for programs."""
    await visitor.start("web_echo", text="a", language="es")
    await visitor.held("b")

    html = (await visitor.get_htmx("/tasks/?task=web_hold")).content.decode()
    rows = (await visitor.get("/tasks/?task=web_hold")).json()["operations"]

    assert 'id="ephemeral-tasks-web_hold-rows"' in html
    assert "task=web_hold" in html
    assert "Echo" not in html
    assert [row["task"] for row in rows] == ["web_hold"]


async def test_without_htmx_middleware_the_header_is_enough(visitor, settings):
    """django_htmx's middleware need not be installed."""
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "htmx" not in one]

    assert (await visitor.get_htmx("/tasks/")).status_code == 286


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/tasks/"),
        ("get", "/tasks/start/web_echo/"),
        ("post", "/tasks/x/"),
        ("post", "/tasks/x/result/"),
        ("get", "/tasks/x/cancel/"),
        ("get", "/tasks/x/dismiss/"),
        ("get", "/tasks/x/retry/"),
        ("delete", "/tasks/x/"),
        ("post", "/tasks/health/"),
    ],
)
async def test_wrong_methods_are_405(visitor, method, path):
    """With the right ones named, and nothing cached."""
    response = await getattr(visitor.client, method)(path)

    assert response.status_code == 405
    assert response.headers["Allow"]
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/tasks/", "/tasks/health/", "/tasks/x/", "/tasks/x/result/"]
)
async def test_nothing_is_cached(visitor, path):
    """Answers differ by cookie and by who asks, refusals too."""
    for ask in (visitor.get, visitor.get_htmx, visitor.get_page):
        response = await ask(path)
        assert response.headers["Cache-Control"] == "no-store"
        assert {"HX-Request", "Accept"} <= set(response.headers["Vary"].split(", "))


async def test_a_stranger_sees_nothing(visitor, stranger):
    """Not in the table, in no form of it."""
    row = await visitor.held("a")
    await stranger.start("web_echo", text="x", language="es")

    for ask in (stranger.get, stranger.get_htmx, stranger.get_page):
        assert row["id"] not in (await ask("/tasks/")).content.decode()


def test_the_table_is_served_under_wsgi(transactional_db):
    """A poll needs no ASGI, and opens no socket there."""
    client = Client()
    started = client.post("/tasks/start/web_hold/", {"name": "a"})

    fragment = client.get("/tasks/", headers={"HX-Request": "true"})
    page = client.get("/plain/")

    assert started.status_code == 202
    assert started.json()["id"] in fragment.content.decode()
    assert started.json()["id"] in page.content.decode()
    assert "ws-connect" not in page.content.decode()


async def test_a_page_opens_no_socket_that_nobody_routes(visitor, monkeypatch, caplog):
    """With Django's own ASGI application each would be an error; one line says so."""
    await visitor.held("a")
    monkeypatch.delitem(sys.modules, "ephemeral_tasks.web.routing")
    table._warn_that_nobody_routes.cache_clear()

    pages = [await visitor.get_page("/") for _ in range(2)]

    for page in pages:
        assert "ws-connect" not in page.content.decode()
        assert "hx-get" in page.content.decode()
    assert caplog.text.count("from ephemeral_tasks.asgi, not from django.core") == 1


async def test_health_needs_no_owner_and_starts_nothing(visitor):
    """A load balancer asks before anybody submits."""
    response = await visitor.get("/tasks/health/")

    assert response.status_code == 200
    assert response.json() == {"status": "ok", "running": 0, "waiting": 0}
    assert pool.current() is None


async def test_health_counts(visitor):
    """What runs and what waits."""
    await visitor.held("a")
    await visitor.until_status("RUNNING")

    assert (await visitor.get("/tasks/health/")).json()["running"] == 1


async def test_health_is_503_while_draining(visitor):
    """Nothing more is accepted."""
    await visitor.held("a")
    draining.close(pool.get())

    response = await visitor.get("/tasks/health/")

    assert response.status_code == 503


class TestSeveralProcesses:
    """A poll that another living process rendered proves a second one, once."""

    @pytest.fixture(autouse=True)
    def unproved(self, monkeypatch):
        """Nothing is proved yet."""
        monkeypatch.setattr(processes, "_is_proved", False)

    def stamp(self, started_ago):
        """What a process that started so long before this one writes."""
        started_at = pool.process_id()[1] - started_ago
        return processes._stamp("elsewhere", started_at)

    async def test_a_younger_neighbour_is_noticed_once(self, visitor, caplog):
        """It rendered a page after this process had started."""
        for _ in range(3):
            await visitor.get_htmx(f"/tasks/?process={self.stamp(-10)}")

        warned = [one for one in caplog.records if one.levelno == logging.WARNING]
        assert len(warned) == 1
        assert '"POOL": "machine"' in warned[0].message
        assert "WEB_CONCURRENCY=1" in warned[0].message

    async def test_a_predecessor_is_no_neighbour(self, visitor, caplog):
        """A page from before a restart proves nothing."""
        await visitor.get_htmx(f"/tasks/?process={self.stamp(10)}")

        assert not processes.is_proved()

    @pytest.mark.parametrize("stamp", ["", "x", "a-9999999999", "a-9999999999:forged"])
    async def test_a_forged_stamp_proves_nothing(self, visitor, stamp):
        """Only what a process of this site signed counts."""
        await visitor.get_htmx(f"/tasks/?process={stamp}")

        assert not processes.is_proved()

    async def test_ones_own_stamp_proves_nothing(self, visitor):
        """The usual case."""
        await visitor.get_htmx(f"/tasks/?process={processes.stamp()}")

        assert not processes.is_proved()

    async def test_staff_are_told(self, visitor, stranger):
        """On the page, outside of what is polled; nobody else is."""
        await visitor.log_in(is_staff=True)
        await visitor.get_htmx(f"/tasks/?process={self.stamp(-10)}")

        assert (
            "several processes" in (await visitor.get_page("/tasks/")).content.decode()
        )
        shown = (await stranger.get_page("/tasks/")).content.decode()
        assert "several processes" not in shown


async def test_a_poll_looks_at_nothing_but_the_session(visitor, monkeypatch):
    """No user, no content: one query of the session is all."""
    await visitor.held("a")
    tasks.holds["a"].open()
    await visitor.until_status("SUCCESSFUL")
    queries = []
    execute = CursorWrapper.execute

    def noted(cursor, sql, params=None):
        queries.append(sql)
        return execute(cursor, sql, params)

    monkeypatch.setattr(CursorWrapper, "execute", noted)
    await visitor.get_htmx("/tasks/")

    assert len(queries) == 1
    assert "django_session" in queries[0]


async def poll_url(visitor, path="/tasks/"):
    """The URL that the table polls."""
    fragment = (await visitor.get_htmx(path)).content.decode()
    return unescape(fragment.partition('hx-get="')[2].partition('"')[0])
