"""The way back leads to the site's own pages, whatever is sent."""

import re

import pytest
from django.test import RequestFactory

from ephemeral_tasks.web.forms import page_url
from ephemeral_tasks.web.next_page import next_of, own_path

pytestmark = pytest.mark.urls("tests.web.urls")

START = "/tasks/start/web_echo/"
ECHO = {"text": "hello", "language": "es"}

ELSEWHERE = [
    "http://evil.example/",
    "https://evil.example/",
    "HTTP://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "////evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "\\/evil.example/",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "/\r\n/evil.example/",
    "/\t\\evil.example/",
    "\t//evil.example/",
    " //evil.example/",
    "\x00//evil.example/",
    "http:evil.example",
    "http:/evil.example/",
    "http:///evil.example/",
    "http:////evil.example/",
    "http:\\\\evil.example/",
    "http://testserver@evil.example/",
    "http://testserver:80@evil.example/",
    "http://user@testserver/",
    "http://evil.example\\@testserver/",
    "http://testserver.evil.example/",
    "http://eviltestserver/",
    "http://testserver:81/",
    "http://testserver:evil/",
    "http://testserver%2eevil.example/",
    "http://[::1",
    "http://[evil.example]/",
    "http://testserver//evil.example/",
    "http://testserver///evil.example/",
    "http://testserver////evil.example/",
    "http://testserver/\\evil.example/",
    "http://testserver\\\\evil.example/",
    "http://testserver\\evil.example/",
    "http://testserver/\t/evil.example/",
    "http://testserver/\n/evil.example/",
    "http://testserver/\t\\evil.example/",
    "http://testserver\t//evil.example/",
    "//testserver//evil.example/",
    "//testserver/\\evil.example/",
    "ftp://testserver/",
    "javascript:alert(1)",
    "javascript://testserver/%0aalert(1)",
    "data:text/html,evil",
    "mailto:evil@testserver",
    "evil",
    "?evil",
    "#evil",
    "",
    "/\ud800",
    "/" + "a" * 3000,
    "/" + "ü" * 1000,
]

OWN = {
    "/": "/",
    "/plain/?a=1#b": "/plain/?a=1#b",
    "http://testserver": "/",
    "http://testserver?a=1": "/?a=1",
    "http://testserver/plain/": "/plain/",
    "//testserver/plain/": "/plain/",
    "/plain/?next=//evil.example/": "/plain/?next=//evil.example/",
    "/plain/?q=\\d": "/plain/?q=%5Cd",
    "/größe/": "/gr%C3%B6%C3%9Fe/",
    "/a b/": "/a%20b/",
    "/plain/\r\nSet-Cookie: a=b": "/plain/Set-Cookie:%20a=b",
    "/%5cevil.example/": "/%5cevil.example/",
    "/%2fevil.example/": "/%2fevil.example/",
}


@pytest.mark.parametrize("url", ELSEWHERE)
def test_another_host_is_no_page_to_go_back_to(url):
    """Neither by the form, nor by the query, nor by a header."""
    by_form, by_query, by_referer, by_htmx = (RequestFactory().get("/") for _ in "1234")
    by_form.POST = by_query.GET = {"next": url}
    by_referer.META["HTTP_REFERER"] = by_htmx.META["HTTP_HX_CURRENT_URL"] = url
    asked = [by_form, by_query, by_referer, by_htmx]

    assert own_path(asked[0], url) is None
    assert {next_of(request) for request in asked} == {None}


@pytest.mark.parametrize(("url", "path"), OWN.items())
def test_an_own_page_is_a_path(url, path):
    """Quoted, and from the root."""
    request = RequestFactory().get("/", {"next": url})

    assert next_of(request) == path


def test_https_is_not_left():
    """A page that was asked for over TLS is left for none without."""
    request = RequestFactory().get("/", secure=True)

    assert own_path(request, "http://testserver/plain/") is None
    assert own_path(request, "https://testserver/plain/") == "/plain/"


WICKED = [
    "http://testserver//evil.example/x",
    "http://testserver/\\evil.example",
    "http://testserver/\t/evil.example",
    "//testserver//evil.example",
]


@pytest.mark.parametrize("url", WICKED)
@pytest.mark.parametrize("how", ["next", "Referer"])
async def test_no_redirect_leads_away(visitor, url, how):
    """After a form, and after an action."""
    data, headers = ({"next": url}, {}) if how == "next" else ({}, {"Referer": url})
    row = await visitor.held("a")

    started = await visitor.post_page(START, {**ECHO, **data}, **headers)
    done = await visitor.post_page(f"/tasks/{row['id']}/cancel/", data, **headers)

    assert started.headers["Location"] == done.headers["Location"] == "/tasks/"


@pytest.mark.parametrize("url", WICKED)
async def test_no_link_leads_away(visitor, url):
    """Of the error page, of the table, of a refused form."""
    pages = [
        await visitor.get_page("/tasks/none/", Referer=url),
        await visitor.get_page(f"/tasks/none/?next={url}"),
        await visitor.post_page(START, {"text": "", "next": url}),
        await visitor.post_htmx(START, {"text": ""}, **{"HX-Current-URL": url}),
    ]

    for page in pages:
        html = page.content.decode()
        assert page.status_code in {400, 404}
        assert "evil" not in html
        assert not re.search(r'(href|value)="//', html)


def test_a_path_with_two_slashes_is_no_other_host():
    """A site that serves any path shows its own one in form and link."""
    request = RequestFactory().get("/")
    request.path = "//evil.example/"

    assert page_url(request) == "/%2Fevil.example/"
    assert own_path(request, page_url(request)) == "/%2Fevil.example/"
