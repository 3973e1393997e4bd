"""A site with all habits at once that Django's own settings and middleware allow."""

import html
import re

import django
import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.core.management import call_command
from django.db import connections
from django.test import AsyncClient, Client
from django.urls import set_script_prefix
from django.utils.module_loading import import_string

from ephemeral_tasks import pool, submission
from ephemeral_tasks.testing import drain
from ephemeral_tasks.web.owner import SESSION_KEY

PREFIX = "/app"
HAS_CSP = django.VERSION >= (6,)
BROWSER = {"Accept": "text/html"}
HTMX = {"HX-Request": "true", "Ephemeral-Tasks-Tables": "ephemeral-tasks;empty"}
INPUT = {"text": "a", "language": "es"}

CSP_MIDDLEWARE = "django.middleware.csp.ContentSecurityPolicyMiddleware"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    *([CSP_MIDDLEWARE] if HAS_CSP else []),
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
]


@pytest.fixture
def site(settings, monkeypatch, tmp_path, transactional_db):
    """The settings of the site; its proxy takes the script name away."""
    settings.ROOT_URLCONF = "tests.web.habits_urls"
    settings.MIDDLEWARE = MIDDLEWARE
    settings.FORCE_SCRIPT_NAME = PREFIX
    settings.SESSION_COOKIE_PATH = PREFIX
    settings.CSRF_USE_SESSIONS = settings.CSRF_COOKIE_HTTPONLY = True
    settings.USE_THOUSAND_SEPARATOR = True
    settings.LANGUAGES = [("en", "English"), ("es", "Spanish")]
    settings.STATIC_ROOT = tmp_path / "collected"
    settings.STATICFILES_DIRS = [tmp_path / "own"]
    (tmp_path / "own").mkdir()
    for script in ("look.js", "own.js"):  # of the tests' forms
        (tmp_path / "own" / script).touch()
    settings.STORAGES = {
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
        }
    }
    if HAS_CSP:
        nonce = [import_string("django.utils.csp.CSP").NONCE]
        settings.SECURE_CSP = {"script-src": nonce, "style-src": nonce}
        (engine,) = settings.TEMPLATES
        csp = "django.template.context_processors.csp"
        processors = [*engine["OPTIONS"]["context_processors"], csp]
        settings.TEMPLATES = [{**engine, "OPTIONS": {"context_processors": processors}}]
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)
    call_command("collectstatic", interactive=False, verbosity=0)
    set_script_prefix(f"{PREFIX}/")  # a server does it for each request
    yield
    set_script_prefix("/")
    cache.clear()


class Browser:
    """Somebody who is logged in, over WSGI or ASGI; the proxy is before them."""

    def __init__(self, client):
        self.client = client
        user = get_user_model().objects.create_user("ann")
        self._call(client.force_login, client.aforce_login)(user)

    def _call(self, plain, awaited):
        is_plain = type(self.client) is Client
        return plain if is_plain else async_to_sync(awaited)

    def get(self, path, **headers):
        """What the path answers below the script name."""
        get = self._call(self.client.get, self.client.get)
        return get(path.removeprefix(PREFIX), headers=headers)

    def post(self, path, data, headers, **options):
        """What the path answers to a form, or to JSON."""
        post = self._call(self.client.post, self.client.post)
        return post(path.removeprefix(PREFIX), data, headers=headers, **options)

    def read(self, path="/es/page/"):
        """The page in Spanish: its text, the action of its form, the form's token."""
        text = self.get(path, **BROWSER).content.decode()
        action = html.unescape(re.search(r'action="([^"]*/start/[^"]*)"', text)[1])
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text)[1]
        return text, action, token

    @property
    def owner(self):
        """The owner in their session."""
        return self.client.session[SESSION_KEY]


@pytest.fixture(params=["WSGI", "ASGI"])
def browser(request, site):
    """A visitor of the site."""
    client = Client if request.param == "WSGI" else AsyncClient
    browser = Browser(client(enforce_csrf_checks=True))
    yield browser
    drain()


def by_htmx(browser, action, token):
    """The form, sent by the page's script."""
    data = {**INPUT, "csrfmiddlewaretoken": token}
    response = browser.post(action, data, HTMX)
    assert response.status_code == 202
    assert f'formaction="{PREFIX}/tasks/' in response.content.decode()
    assert not re.search(r"every \d+\D\d+ms", response.content.decode())


def by_form(browser, action, token):
    """The form, sent by a browser without JavaScript."""
    data = {**INPUT, "csrfmiddlewaretoken": token, "next": f"{PREFIX}/es/page/"}
    response = browser.post(action, data, BROWSER)
    assert response.status_code == 303
    assert response.headers["Location"] == f"{PREFIX}/es/page/"


def by_json(browser, action, token):
    """The same input, sent by a program."""
    headers = {"X-CSRFToken": token}
    response = browser.post(action, INPUT, headers, content_type="application/json")
    assert response.status_code == 202
    assert browser.get(response.headers["Location"]).status_code == 200


@pytest.mark.parametrize("way", [by_htmx, by_form, by_json])
def test_an_operation_is_started_seen_and_opened(browser, way):
    """In the page's language, and never from a cache."""
    browser.read()
    _, action, token = browser.read()  # the first one gets a cookie, and is not stored

    way(browser, action, token)

    drain()
    (row,) = submission.window(browser.owner)
    text, _, _ = browser.read()
    assert f"operation-{row.id}" in text
    assert ">Abrir</a>" in text
    opened = re.search(r'href="([^"]*/result/[^"]*)"', text)[1]
    assert "a in es" in browser.get(html.unescape(opened), **BROWSER).content.decode()


def test_a_table_polls_every_two_seconds(browser):
    """Though the site writes its numbers with separators."""
    pool.pause()
    browser.read()
    _, action, token = browser.read()

    by_htmx(browser, action, token)

    assert 'hx-trigger="every 2000ms"' in browser.read()[0]
    pool.resume()


@pytest.mark.parametrize("path", ["/es/page/", "/es/stored/"])
def test_a_reloaded_page_has_another_key(browser, path):
    """Or the same input, sent again, would be taken for a second click."""
    key = re.compile(r'name="key"[^>]* value="(\w+)"')

    _, first, second = (key.search(browser.read(path)[0])[1] for _ in range(3))

    assert first != second


def test_all_addresses_and_files_are_the_sites(browser):
    """Below the script name, with the storage's names and the policy's nonce."""
    text, _, _ = browser.read()

    tags = re.findall(r"<(?:script|link)[^>]*>", text)
    assert len(tags) == 7
    assert all(re.search(r"\.[0-9a-f]{12}\.(js|css)", tag) for tag in tags)
    assert all("nonce=" in tag for tag in tags) or not HAS_CSP
    addresses = re.findall(r'(?:action|hx-post|data-url)="(/[^"]*)"', text)
    assert addresses
    assert all(one.startswith(f"{PREFIX}/tasks/") for one in addresses)


def test_who_is_not_logged_in_starts_nothing(site):
    """The site's login comes first; health alone needs none."""
    stranger = Client()

    started = stranger.post("/tasks/start/web_echo/", INPUT)

    assert started.status_code == 302
    assert stranger.get("/tasks/health/").status_code == 200
