"""System checks: what can be known to be wrong with a site's settings."""

import pytest
from django.core import checks

from ephemeral_tasks.checks import check_settings


def found(id):
    """Return the messages with this id; the prefix is ours."""
    return [one for one in check_settings(None) if one.id == f"ephemeral_tasks.{id}"]


def only(id):
    """Return the one message with this id; it has a hint."""
    (message,) = found(id)
    assert message.hint
    return message


def test_the_tests_own_site_is_right():
    """A site as the README makes it has nothing to be told."""
    assert check_settings(None) == []


def test_django_runs_the_checks():
    """They are registered, under the app's name."""
    assert "ephemeral_tasks" in checks.registry.registry.tags_available()


@pytest.mark.parametrize("given", [{"WINDOWSIZE": 3}, {"WINDOW_SIZE": 0}, ["x"], None])
def test_e001_a_wrong_setting(settings, given):
    """The hint lists the known keys."""
    settings.EPHEMERAL_TASKS = given

    assert "WINDOW_SIZE" in only("E001").hint


def test_e001_says_each_mistake_by_itself(settings):
    """Two mistakes are two messages."""
    settings.EPHEMERAL_TASKS = {"WINDOW_SIZE": 0, "MAX_OWNERS": 0}

    assert len(found("E001")) == 2


def test_e004_no_sessions(settings):
    """The owner is kept in the session."""
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]

    assert only("E004").level == checks.ERROR


def test_e005_no_request_in_templates(settings):
    """The tags need it."""
    settings.TEMPLATES = [
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "OPTIONS": {}}
    ]

    assert only("E005").level == checks.ERROR


def test_e006_an_alias_that_no_cache_has(settings):
    """The hint names those there are."""
    settings.EPHEMERAL_TASKS = {"CACHE_ALIAS": "handles"}

    assert "default" in only("E006").hint


def test_e007_a_cache_that_keeps_nothing(settings):
    """Each operation would be forgotten as soon as it was submitted."""
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
    }
    settings.EPHEMERAL_TASKS = {"CACHE_ALIAS": "default"}

    assert only("E007").level == checks.ERROR


def test_w001_a_cache_that_others_read(settings):
    """A file, a database or a server blocks, and shows handles without work."""
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache"}
    }
    settings.EPHEMERAL_TASKS = {"CACHE_ALIAS": "default"}

    assert only("W001").level == checks.WARNING


def test_w002_a_cache_that_throws_out_the_living(settings):
    """Django's default of 300 entries is fewer than the owners that are let in."""
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    }
    settings.EPHEMERAL_TASKS = {"CACHE_ALIAS": "default"}

    assert only("W002").level == checks.WARNING


def test_a_local_cache_with_room_is_right(settings):
    """MAX_ENTRIES of twice MAX_OWNERS is never reached."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 2000},
        }
    }
    settings.EPHEMERAL_TASKS = {"CACHE_ALIAS": "default", "MAX_OWNERS": 1000}

    assert check_settings(None) == []


def test_a_local_cache_with_too_little_room_for_its_owners_is_w002(settings):
    """What counts is how many owners are let in."""
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 2000},
        }
    }
    settings.EPHEMERAL_TASKS = {"CACHE_ALIAS": "default", "MAX_OWNERS": 2000}

    assert "MAX_ENTRIES" in only("W002").msg


def test_w003_no_asgi_application(settings):
    """The development server would open no websockets."""
    settings.ASGI_APPLICATION = None

    assert only("W003").level == checks.WARNING


def test_w004_sessions_in_signed_cookies(settings):
    """The owner's token would be readable and could not be taken back."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"

    assert only("W004").level == checks.WARNING


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("tests.web.clients.nobody", "cannot be imported"),
        ("nobody", "cannot be imported"),
        ("tests.web.clients.asynchronous", "is no plain function"),
        ("tests.web.conftest.HTML", "is no plain function"),
    ],
)
def test_e008_a_client_that_cannot_be_asked_for(settings, path, reason):
    """Each submission would fail."""
    settings.EPHEMERAL_TASKS = {"CLIENT_OF": path}

    assert reason in only("E008").msg


def test_a_function_of_the_request_is_right(settings):
    """Nothing is said of it."""
    settings.EPHEMERAL_TASKS = {"CLIENT_OF": "tests.web.clients.by_header"}

    assert check_settings(None) == []


@pytest.mark.parametrize("path", ["nobody", "tests.web.conftest.HTML"])
def test_e009_a_path_without_a_context_variable(settings, path):
    """Each submission would fail."""
    settings.EPHEMERAL_TASKS = {
        "CONTEXT_VARS": (path, "tests.app.pool.test_pool.colour")
    }

    assert path in only("E009").msg


def test_e011_users_own_and_there_are_none(settings):
    """Everybody would own by session."""
    settings.EPHEMERAL_TASKS = {"OWNER": "user"}
    settings.MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]

    assert only("E011").level == checks.ERROR
