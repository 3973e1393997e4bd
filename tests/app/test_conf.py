"""``settings.EPHEMERAL_TASKS`` → one frozen record."""

import dataclasses
import math
import os

import pytest
from django.core.exceptions import ImproperlyConfigured

from ephemeral_tasks.conf import RULES, Config, get_config

DEFAULTS = {
    "WINDOW_SIZE": 5,
    "WHEN_WINDOW_FULL": "push",
    "MAX_AGE_SECONDS": 6 * 3600,
    "IDLE_SECONDS": 3600,
    "SWEEP_SECONDS": 30,
    "MAX_RUNNING": min(32, (os.cpu_count() or 1) + 4),
    "MAX_RUNNING_PER_OWNER": max(1, min(32, (os.cpu_count() or 1) + 4) // 2),
    "MAX_WAITING": 1000,
    "OWNER": "session",
    "CLIENT_OF": None,
    "MAX_WAITING_PER_CLIENT": 100,
    "UNOWNED_SIZE": 1000,
    "CACHE_ALIAS": None,
    "CONTEXT_VARS": (),
    "POOL": "process",
    "POOL_DIR": None,
    "MAX_KEPT_BYTES": 256 * 2**20,
    "MAX_OWNERS": 20_000,
    "MAX_RESULT_BYTES": 16 * 2**20,
    "MAX_INPUT_BYTES": 2**20,
    "POLL_SECONDS": 2,
    "MAX_SOCKETS_PER_OWNER": 10,
    "DRAIN_SECONDS": 10,
    "LAG_WARNING_SECONDS": 0.25,
    "LOG_ERRORS": False,
}
"""design.md section 4; LOG_ERRORS is DEBUG, which the tests' settings turn off."""

LEAST = {
    "WINDOW_SIZE": 1,
    "MAX_RUNNING": 1,
    "MAX_RUNNING_PER_OWNER": 1,
    "MAX_WAITING": 0,
    "MAX_WAITING_PER_CLIENT": 1,
    "UNOWNED_SIZE": 0,
    "MAX_KEPT_BYTES": 1,
    "MAX_OWNERS": 1,
    "MAX_RESULT_BYTES": 1,
    "MAX_INPUT_BYTES": 1,
    "MAX_SOCKETS_PER_OWNER": 1,
}
SECONDS = sorted(key for key in DEFAULTS if key.endswith("_SECONDS"))


def test_every_setting_has_its_documented_default(settings):
    """An empty dict, or none, means the defaults."""
    del settings.EPHEMERAL_TASKS
    config = get_config()

    assert {
        record.name.upper(): getattr(config, record.name)
        for record in dataclasses.fields(Config)
    } == DEFAULTS


def test_log_errors_follows_debug(settings):
    """Its default is DEBUG, whenever that changes."""
    settings.DEBUG = True
    assert get_config().log_errors is True

    settings.DEBUG = False
    assert get_config().log_errors is False


def test_settings_are_read_once(settings):
    """The same record comes back until the setting changes."""
    first = get_config()
    assert get_config() is first

    settings.EPHEMERAL_TASKS = {"WINDOW_SIZE": 3}

    assert get_config().window_size == 3


def test_the_record_cannot_be_changed():
    """Settings change in Django's settings alone."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        get_config().window_size = 3


def test_an_unknown_key_is_refused_with_the_known_ones_listed(settings):
    """A typo must not be a default in silence."""
    settings.EPHEMERAL_TASKS = {"WINDOWSIZE": 3}

    with pytest.raises(ImproperlyConfigured) as raised:
        get_config()

    message = str(raised.value)
    assert "has no key 'WINDOWSIZE'; known: " in message
    assert all(key in message for key in DEFAULTS)


def test_all_that_is_wrong_is_said_at_once(settings):
    """One start is enough to see every mistake."""
    settings.EPHEMERAL_TASKS = {"WINDOW_SIZE": 0, "POLL_SECONDS": "2", "X": 1}

    with pytest.raises(ImproperlyConfigured) as raised:
        get_config()

    message = str(raised.value)
    assert "EPHEMERAL_TASKS['WINDOW_SIZE'] must be a whole number >= 1, got 0" in (
        message
    )
    assert "EPHEMERAL_TASKS['POLL_SECONDS'] must be a number of seconds > 0" in message
    assert "no key 'X'" in message


@pytest.mark.parametrize("given", [[], None, "WINDOW_SIZE", 5])
def test_what_is_no_dict_is_refused(settings, given):
    """The setting is one dict."""
    settings.EPHEMERAL_TASKS = given

    with pytest.raises(ImproperlyConfigured, match="must be a dict"):
        get_config()


@pytest.mark.parametrize(("key", "least"), LEAST.items())
def test_a_count_is_a_whole_number_from_its_least_on(settings, key, least):
    """The bound itself is allowed; one less, a fraction, a word and True are not."""
    settings.EPHEMERAL_TASKS = {key: least}
    assert getattr(get_config(), key.lower()) == least

    for wrong in (least - 1, least + 0.5, str(least), True, [least]):
        settings.EPHEMERAL_TASKS = {key: wrong}
        with pytest.raises(ImproperlyConfigured, match=f"'{key}'.*whole number"):
            get_config()


@pytest.mark.parametrize("key", SECONDS)
def test_a_duration_is_a_finite_number_of_seconds(settings, key):
    """Whole or not, but neither text, True, infinity, nor beyond what dates hold."""
    for right in (1, 0.5, 10**8):
        settings.EPHEMERAL_TASKS = {key: right}
        assert getattr(get_config(), key.lower()) == right

    for wrong in (-1, "1", True, None, math.inf, math.nan, 10**12):
        settings.EPHEMERAL_TASKS = {key: wrong}
        with pytest.raises(ImproperlyConfigured, match=f"'{key}'.*seconds"):
            get_config()


@pytest.mark.parametrize("key", SECONDS)
def test_only_the_drain_may_take_no_time(settings, key):
    """Zero seconds of draining is a wish; of anything else a mistake."""
    settings.EPHEMERAL_TASKS = {key: 0}

    if key == "DRAIN_SECONDS":
        assert get_config().drain_seconds == 0
    else:
        with pytest.raises(ImproperlyConfigured):
            get_config()


@pytest.mark.parametrize("key", DEFAULTS)
def test_none_is_allowed_where_it_means_no_limit(settings, key):
    """Only what is off by default or has no bound may be None."""
    settings.EPHEMERAL_TASKS = {key: None}

    if key in {"MAX_RUNNING_PER_OWNER", "CACHE_ALIAS", "CLIENT_OF", "POOL_DIR"}:
        assert getattr(get_config(), key.lower()) is None
    else:
        with pytest.raises(ImproperlyConfigured):
            get_config()


@pytest.mark.parametrize("value", ["push", "refuse"])
def test_a_full_window_pushes_or_refuses(settings, value):
    """There are two ways."""
    settings.EPHEMERAL_TASKS = {"WHEN_WINDOW_FULL": value}

    assert get_config().when_window_full == value


@pytest.mark.parametrize(
    ("key", "wrong", "words"),
    [
        ("WHEN_WINDOW_FULL", "drop", "'push' or 'refuse'"),
        ("WHEN_WINDOW_FULL", 1, "'push' or 'refuse'"),
        ("LOG_ERRORS", 1, "True or False"),
        ("LOG_ERRORS", "yes", "True or False"),
        ("CONTEXT_VARS", "site.request_id", "a tuple of strings"),
        ("CONTEXT_VARS", ("site.request_id", 1), "a tuple of strings"),
        ("CACHE_ALIAS", 1, "a string or None"),
        ("CACHE_ALIAS", ["x"], "a string or None"),
        ("POOL", "cluster", "'process' or 'machine'"),
        ("POOL_DIR", 1, "a string or None"),
    ],
)
def test_a_wrong_word_is_refused_with_the_right_ones(settings, key, wrong, words):
    """The message says what is allowed."""
    settings.EPHEMERAL_TASKS = {key: wrong}

    with pytest.raises(ImproperlyConfigured, match=f"must be {words}, got"):
        get_config()


def test_each_field_has_a_rule():
    """No setting is taken unchecked."""
    assert RULES.keys() == DEFAULTS.keys()
