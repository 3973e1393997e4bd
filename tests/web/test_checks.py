"""System checks: what can be known to be wrong with a site's tasks."""

import os
import subprocess
import sys

import pytest
from django import forms
from django.contrib.auth.models import User
from django.core import checks

from ephemeral_tasks.registry import Registry
from ephemeral_tasks.tasks import Task
from ephemeral_tasks.web.checks import check_exposure, check_tasks
from tests.app.annotated import missing
from tests.layers import ROOT


class TextForm(forms.Form):
    text = forms.CharField()


class UserForm(forms.Form):
    user = forms.ModelChoiceField(User.objects.none())


class UsersForm(forms.Form):
    users = forms.ModelMultipleChoiceField(User.objects.none())


def web_checked(text):
    """Stand in for a task's function."""


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """A registry of this test's own: other modules' tasks say nothing here."""
    own = Registry()
    monkeypatch.setattr("ephemeral_tasks.web.checks.registry", own)
    return own


def test_e002_two_tasks_of_one_name(registry):
    """The message names both functions."""
    task = Task(func=web_checked)
    registry.add(task)
    registry._tasks["web_checked"]["elsewhere.web_checked"] = task

    (message,) = check_tasks(None)

    assert message.id == "ephemeral_tasks.E002"
    assert "elsewhere.web_checked, tests.web.test_checks.web_checked" in message.msg


@pytest.mark.parametrize("form", [UserForm, UsersForm])
def test_e003_a_form_that_yields_model_instances(registry, form):
    """A body runs later, elsewhere: it gets a key and asks anew."""
    registry.add(Task(func=web_checked, form=form))

    (message,) = check_tasks(None)

    assert message.id == "ephemeral_tasks.E003"
    assert "web_checked" in message.msg


def test_e010_a_derived_forms_names_never_came(registry):
    """An annotation that only type checkers can read has no field."""
    registry.add(Task(func=missing, form=True))

    (message,) = check_tasks(None)

    assert message.id == "ephemeral_tasks.E010"
    assert "'Fraction'" in message.msg


@pytest.mark.parametrize(
    ("urlconf", "ids"),
    [
        ("tests.web.bare_urls", ["ephemeral_tasks.W005"]),
        ("tests.web.below_urls", []),
        ("tests.web.nested_urls", []),
        ("tests.web.instance_urls", []),
    ],
)
def test_w005_no_route_starts_a_task(registry, settings, urlconf, ids):
    """Forms of a site that includes ours nowhere would have no address."""
    settings.ROOT_URLCONF = urlconf
    registry.add(Task(func=web_checked))
    assert check_tasks(None) == []

    registry.add(Task(func=web_checked, form=TextForm))

    assert [message.id for message in check_tasks(None)] == ids


def test_i001_names_each_task_that_visitors_may_start(registry):
    """A form exposes its task, and the site's owner should know."""
    registry.add(Task(func=web_checked, form=TextForm))

    (message,) = check_exposure(None)

    assert message.id == "ephemeral_tasks.I001"
    assert message.level == checks.INFO
    assert "web_checked" in message.msg


def test_a_task_with_a_permission_is_not_for_everybody(registry):
    """The list has what every visitor may start, and nothing else."""
    registry.add(Task(func=web_checked, form=TextForm, permission=bool))

    assert check_exposure(None) == []


def test_w006_a_permission_and_no_users(registry, settings):
    """Each start would be an error of the server."""
    settings.MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
    registry.add(Task(func=web_checked, form=TextForm, permission=bool))

    (message,) = check_tasks(None)

    assert message.id == "ephemeral_tasks.W006"
    assert message.hint


def test_w007_a_permission_of_no_app(registry):
    """A slip of the pen would make a task for superusers."""
    for path, permission in [("a", "auht.view_user"), ("b", "auth.view_user")]:
        task = Task(func=web_checked, form=TextForm, permission=permission)
        registry._tasks[path] = {path: task}

    (message,) = check_tasks(None)

    assert message.id == "ephemeral_tasks.W007"
    assert "auht" in message.msg


def test_a_task_without_a_form_is_not_exposed(registry):
    """It can be started by the site's own code alone."""
    registry.add(Task(func=web_checked))

    assert check_exposure(None) == []


SETTINGS = """\
from tests.settings import *
ROOT_URLCONF = "late_urls"
"""
URLS = """\
from django.urls import include, path
from late_views import visible
urlpatterns = [path("tasks/", include("ephemeral_tasks.urls"))]
"""
VIEWS = """\
from django import forms
from django.contrib.auth.models import User
from ephemeral_tasks import task
class VisibleForm(forms.Form):
    user = forms.ModelChoiceField(User.objects.all())
@task(form=VisibleForm)
def visible(user):
    pass
"""
TWICE = """\
from ephemeral_tasks import task
from late_views import visible as other
@task
def visible():
    pass
"""


@pytest.fixture
def manage(tmp_path):
    """Run a command of a site whose only task is in a module of its views."""

    def manage(*arguments, **files):
        for name, text in {
            "late_settings": SETTINGS,
            "late_urls": URLS,
            "late_views": VIEWS,
            **files,
        }.items():
            (tmp_path / f"{name}.py").write_text(text)
        done = subprocess.run(
            [sys.executable, "-m", "django", *arguments],
            cwd=tmp_path,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "late_settings",
                "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.stdout

    return manage


def test_a_form_that_only_a_view_imports_is_seen(manage):
    """No app's `tasks` module names it, yet visitors can start its task."""
    assert "(ephemeral_tasks.E003)" in manage("check", "--tag", "ephemeral_tasks")


def test_two_tasks_of_one_name_that_only_the_urlconf_imports_are_seen(manage):
    """Both are declared in modules that nothing else imports."""
    urls = URLS.replace("late_views", "late_twice")

    said = manage("check", "--tag", "ephemeral_tasks", late_urls=urls, late_twice=TWICE)

    assert "(ephemeral_tasks.E002)" in said
    assert "late_twice.visible, late_views.visible" in said


def test_a_form_that_only_a_view_imports_is_exposed(manage):
    """`check --deploy` lists it among what every visitor may start."""
    said = manage("check", "--deploy", "--tag", "ephemeral_tasks")

    assert "Task 'visible' (late_views.visible) has a form" in said


def test_exposed_tasks_are_listed_for_deployment_alone(manage):
    """Other commands say nothing: a line a task is too much for each of them."""
    views = VIEWS.replace("ModelChoiceField(User.objects.all())", "CharField()")

    assert "I001" not in manage("check", late_views=views)
    assert "I001" not in manage("makemigrations", "--check", late_views=views)


@pytest.mark.parametrize(
    "urls",
    ["raise RuntimeError", "import no_such_module", "this is no Python", "", "x = 3"],
)
def test_a_broken_urlconf_does_not_break_our_checks(manage, urls):
    """Django's own check names it; ours go on without its tasks."""
    said = manage("check", "--tag", "ephemeral_tasks", late_urls=urls)

    assert said == "System check identified no issues (0 silenced).\n"


def test_a_missing_urlconf_does_not_break_our_checks(manage):
    """A site of sockets or commands alone may have none."""
    settings = f"{SETTINGS}del ROOT_URLCONF\n"

    said = manage("check", "--tag", "ephemeral_tasks", late_settings=settings)

    assert said == "System check identified no issues (0 silenced).\n"
