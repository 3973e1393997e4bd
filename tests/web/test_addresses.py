"""Where a page's own URLs lead, in what is polled and in what is pushed."""

import re

import pytest
from django.conf import settings
from django.test import override_settings

from ephemeral_tasks import submission
from tests.asgi import application

ECHO = {"text": "a", "language": "es"}


def urls_in(html):
    """All URLs of ours in a page or a fragment, but for the socket's."""
    names = "hx-get|hx-post|action|formaction|data-url|href"
    found = re.findall(rf'(?:{names})="([^"]+)"', html)
    return {url for url in found if "/tasks/" in url}


def socket_path(html):
    """The URL that the page's first table connects to."""
    return html.partition('ws-connect="')[2].partition('"')[0]


async def start(visitor, root):
    """Start an operation that runs; return its row."""
    response = await visitor.post(f"{root}start/web_hold/", {"name": "a"})
    assert response.status_code == 202
    assert response.headers["Location"].startswith(root)
    await visitor.until_status("RUNNING")
    return response.json()


@pytest.fixture(params=["tests.web.bare_urls", "tests.web.urls"])
def tenants(request):
    """A site whose middleware chooses the URLconf; its own has no routes, or others."""
    middleware = ["tests.web.middleware.TenantMiddleware", *settings.MIDDLEWARE]
    with override_settings(ROOT_URLCONF=request.param, MIDDLEWARE=middleware):
        yield


async def test_a_request_with_its_own_urlconf_has_its_own_urls(
    tenants, visitor, make_socket
):
    """Page, poll and push, though a socket knows no request."""
    await start(visitor, "/desk/tasks/")
    html = (await visitor.get_page("/")).content.decode()
    socket = await make_socket(visitor, path=socket_path(html)).opened()

    frame = await socket.receive_from()

    assert frame == (await visitor.get_htmx("/desk/tasks/")).content.decode()
    assert len(urls_in(frame)) == 2
    assert all(url.startswith("/desk/tasks/") for url in urls_in(html) | urls_in(frame))


async def test_a_program_needs_no_route_of_ours(tenants, visitor, make_socket):
    """Its socket names no page, and rows as JSON have no URLs."""
    row = await start(visitor, "/desk/tasks/")
    socket = await make_socket(visitor, is_json=True).opened()

    frame = await socket.receive_json_from()

    assert [one["id"] for one in frame["operations"]] == [row["id"]]


@pytest.mark.urls("tests.web.below_urls")
@pytest.mark.parametrize("org", ["acme", "other"])
async def test_routes_below_a_variable_stay_below_its_value(visitor, make_socket, org):
    """On any page whose URL has it, and in what its socket brings."""
    root = f"/{org}/tasks/"
    await start(visitor, root)
    pages = [f"/{org}/page/7/", root, f"/{org}/tasks/nosuch/"]
    htmls = [(await visitor.get_page(path)).content.decode() for path in pages]
    socket = await make_socket(visitor, path=socket_path(htmls[0])).opened()

    frame = await socket.receive_from()

    assert frame == (await visitor.get_htmx(root)).content.decode()
    for html in (*htmls, frame):
        assert urls_in(html)
        assert all(url.startswith(root) for url in urls_in(html))


@pytest.mark.parametrize(
    ("urlconf", "page", "root"),
    [
        ("nested_urls", "/page/", "/shop/tasks/"),
        ("nested_below_urls", "/shop/acme/page/7/", "/shop/acme/tasks/"),
        ("instance_urls", "/page/", "/jobs/tasks/"),
    ],
)
async def test_routes_below_a_namespace_are_found(
    visitor, make_socket, settings, urlconf, page, root
):
    """Another app's, two of them, or a name that the site gives to ours."""
    settings.ROOT_URLCONF = f"tests.web.{urlconf}"
    row = await start(visitor, root)
    html = (await visitor.get_page(page)).content.decode()
    socket = await make_socket(visitor, path=socket_path(html)).opened()

    frame = await socket.receive_from()

    assert frame == (await visitor.get_htmx(root)).content.decode()
    assert all(url.startswith(root) for url in urls_in(html) | urls_in(frame))
    cancelled = await visitor.post_page(f"{root}{row['id']}/cancel/")
    assert cancelled.headers["Location"] == root


@pytest.mark.urls("tests.web.below_urls")
async def test_a_refused_form_stays_below_the_variable(visitor):
    """For a browser and for htmx, it is sent again to where it came from."""
    path = "/acme/tasks/start/web_echo/"

    for answer in (await visitor.post_page(path), await visitor.post_htmx(path)):
        assert answer.status_code == 400
        assert f"{path}?language=en" in urls_in(answer.content.decode())


@pytest.mark.urls("tests.web.below_urls")
async def test_every_route_answers_below_a_variable(visitor):
    """What the route above captured is none of our views'."""
    row = await start(visitor, "/acme/tasks/")
    path = f"/acme/tasks/{row['id']}/"

    cancelled = await visitor.post_htmx(f"{path}cancel/")
    await visitor.until_status("CANCELLED")
    retried = await visitor.post_page(f"{path}retry/")
    await visitor.until_status("RUNNING")

    assert (cancelled.status_code, retried.status_code) == (200, 303)
    assert retried.headers["Location"] == "/acme/tasks/"
    (again,) = submission.window(await visitor.owner())
    assert (await visitor.get(f"/acme/tasks/{again.id}/result/")).status_code == 409
    assert (await visitor.get("/acme/tasks/health/")).status_code == 200


@pytest.mark.urls("tests.web.urls")
@pytest.mark.parametrize(
    ("path", "root_path"),
    [
        ("/ws/tasks/", "/app"),
        ("/ws/tasks/", "/w"),  # which is how the path begins, too
        ("/app/ws/tasks/", "/app"),
        ("/app/ws/tasks/", "/app/"),
        ("/ws/tasks/", ""),
    ],
)
async def test_a_proxy_may_take_the_prefix_away(visitor, make_socket, path, root_path):
    """The server says the root path; the path has it or has lost it."""
    await visitor.held("a")
    socket = await make_socket(
        visitor, path=path, served_by=application, root_path=root_path
    ).opened()

    assert "operation-" in await socket.receive_from()
