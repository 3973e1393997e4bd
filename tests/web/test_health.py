"""The health route on sites where everything else asks for a login."""

import pytest
from django.conf import settings
from django.test import override_settings

pytestmark = pytest.mark.urls("tests.web.urls")

LOGIN_REQUIRED = override_settings(
    MIDDLEWARE=[
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ],
    LOGIN_URL="/login/",
)


@LOGIN_REQUIRED
async def test_health_needs_no_login(visitor):
    """A load balancer gets the answer, not the login page."""
    response = await visitor.get("/tasks/health/")

    assert response.status_code == 200
    assert response.json()["status"] == "ok"


@LOGIN_REQUIRED
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/tasks/"),
        ("get", "/tasks/x/"),
        ("get", "/tasks/x/result/"),
        ("post", "/tasks/start/web_echo/"),
        ("post", "/tasks/x/cancel/"),
        ("post", "/tasks/x/dismiss/"),
        ("post", "/tasks/x/retry/"),
    ],
)
async def test_every_other_route_asks_for_the_login(visitor, method, path):
    """What a site closes stays closed."""
    response = await getattr(visitor, method)(path)

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/login/")
