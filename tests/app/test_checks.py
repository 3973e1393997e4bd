"""System checks: what can be known to be wrong before the first request."""

import pytest
from django import forms
from django.contrib.auth.models import User
from django.core import checks

from ephemeral_tasks.checks import check_all
from ephemeral_tasks.tasks import Registry, Task
from tests.app import tasks


@pytest.fixture
def registry(monkeypatch):
    """A registry of this test's own."""
    own = Registry()
    monkeypatch.setattr("ephemeral_tasks.checks.registry", own)
    return own


@pytest.fixture(autouse=True)
def _alone(registry):
    """Other modules' tasks say nothing here."""


def found(id):
    """Return the messages with this id; the prefix is ours."""
    return [one for one in check_all(None) if one.id == f"ephemeral_tasks.{id}"]


def only(id):
    """Return the one message with this id; it has a hint unless it informs."""
    (message,) = found(id)
    assert message.hint or message.level == checks.INFO
    return message


class TextForm(forms.Form):
    text = forms.CharField()


class UserForm(forms.Form):
    user = forms.ModelChoiceField(User.objects.none())


class UsersForm(forms.Form):
    users = forms.ModelMultipleChoiceField(User.objects.none())


def app_exposed(text):
    """Stand in for a task's function."""


def test_the_tests_own_site_is_right():
    """A site as the README makes it has nothing to be told."""
    assert check_all(None) == []


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


def test_e002_two_tasks_of_one_name(registry):
    """The message names both functions."""
    registry.add(tasks.app_echo)
    twin = Task(func=app_exposed)
    registry._tasks["app_echo"]["elsewhere.app_echo"] = twin

    assert "elsewhere.app_echo, tests.app.tasks.app_echo" in only("E002").msg


@pytest.mark.parametrize("form", [UserForm, UsersForm])
def test_e003_a_form_that_yields_model_instances(registry, form):
    """A body runs later, elsewhere: it gets a key and asks anew."""
    registry.add(Task(func=app_exposed, form=form))

    assert "app_exposed" in only("E003").msg


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

    assert check_all(None) == []


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


def test_i001_names_each_task_that_visitors_may_start(registry):
    """A form exposes its task, and the site's owner should know."""
    registry.add(Task(func=app_exposed, form=TextForm))

    message = only("I001")
    assert message.level == checks.INFO
    assert "app_exposed" in message.msg


def test_a_task_without_a_form_is_not_exposed(registry):
    """It can be started by the site's own code alone."""
    registry.add(Task(func=app_exposed))

    assert check_all(None) == []
