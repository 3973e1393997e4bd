"""What anybody may send: requests and frames of every kind, for hypothesis to draw."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

OWN = "OWN-ID"
"""In a path or a command: the id of an operation of the sender's."""

XSS = "<xss>'\""
BOUNDARY = "----fuzz"
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"

# Not those whose own code raises or that never end: these are the site's mistakes.
TASKS = (
    "web_ask_form",
    "web_echo",
    "web_hold",
    "web_kinds",
    "web_say",
    "web_upload",
    "web_look",
)
TASKS += ("web_own", "web_object", "web_flaky", "web_give", "web_hidden", "nosuch")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Request:
    """A request's method, path, headers and body, as a server receives them."""

    method: str
    path: str
    """Quoted, with the query."""
    headers: Mapping[str, str]
    """Texts of Latin-1, as HTTP has them."""
    body: bytes = b""

    def __repr__(self) -> str:
        """The beginning of all that is long."""
        headers = {name: value[:100] for name, value in self.headers.items()}
        start = f"{self.method} {self.path[:200]} {headers} "
        return f"{start}{self.body[:300]!r} of {len(self.body)} bytes"

    def to(self, id: str) -> Request:
        """Return the request with this operation's id."""
        return replace(self, path=self.path.replace(OWN, id))


FRAME_LENGTH = 4_000
"""A longer frame ends its socket, which is another test's."""

# -- values ----------------------------------------------------------------------------

odd_texts = st.sampled_from(
    [
        *("", " ", "0", "a", "es", "true", "null", "2026-01-01", "\x00", "\r\nX: y"),
        *(XSS, "{{ 1 }}", "%", "%ff", "../..", "\u202e", "é" * 300, "x" * 3000),
        *("1e999", "9" * 401, "[" * 99, "http://[", "\U0001f600", "a\u0301"),
        *("9" * 5_000, "[" * 950 + "]" * 950),
    ]
)
texts = odd_texts | st.text(max_size=20)
halves = st.sampled_from(["\ud800", "a\udfffb"])  # JSON can name these, UTF-8 not
latin_1 = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"))
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | texts | halves
) | st.sampled_from([10**400, -1, 1.5, 2**63])
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(texts | halves, inner, max_size=4)
    ),
    max_leaves=8,
)
json_texts = st.one_of(
    json_values.map(json.dumps),
    st.sampled_from(
        [
            *('{"a": NaN}', '{"a": 1e999}', '{"a"', "[]", '"text"', "", "nul"),
            '{"document": ' + "[" * 90 + "]" * 90 + "}",
            *("[" * 50_000, '{"a":' * 20_000, '{"a": ' + "9" * 5_000 + "}"),
        ]
    ),
)

# -- bodies ----------------------------------------------------------------------------

names = st.sampled_from(
    [
        *("text", "language", "name", "document", "key", "next", "number", "ratio"),
        *("price", "day", "time", "moment", "split_0", "picked_year", "pause", "sure"),
        *("choice", "several", "address", "file", "id", "csrfmiddlewaretoken", ""),
    ]
)
valid_fields = st.sampled_from(
    [
        {"text": "a", "language": "es"},
        {"text": XSS, "language": "fr", "key": "k1"},
        {"text": "a", "language": "es", "key": "k2"},
        {"name": "gate"},
        {"name": XSS, "key": "k3"},
        {"document": [1, {"a": None}], "number": 5, "sure": True},
        {},
    ]
)
pairs = st.lists(st.tuples(names | texts, texts), max_size=6)
many_pairs = st.just([("text", "a")] * 1_100)


def encode_form(fields: object) -> bytes:
    """Return fields, by name or in pairs, as a browser's form sends them."""
    return urlencode(fields, doseq=True, errors="surrogatepass").encode()


def encode_multipart(parts: list[tuple[str, str, bool]]) -> bytes:
    """Return parts of a form with files; each is name, content, and whether a file."""
    lines = []
    for name, content, is_file in parts:
        named = f'name="{name}"' + (f'; filename="{content[:50]}"' if is_file else "")
        lines += [f"--{BOUNDARY}", f"Content-Disposition: form-data; {named}"]
        lines += ["", content]
    return "\r\n".join([*lines, f"--{BOUNDARY}--", ""]).encode()


parts = st.lists(st.tuples(names, texts, st.booleans()), max_size=5)
json_objects = st.dictionaries(names | texts | halves, json_values, max_size=5)
charsets = st.sampled_from(
    ["", "; charset=utf-8", "; charset=latin-1", "; charset=utf-16", "; charset=no"]
)
bodies = st.one_of(
    st.tuples(st.just(FORM), (valid_fields | pairs).map(encode_form)),
    st.tuples(st.just(JSON), valid_fields.map(lambda one: json.dumps(one).encode())),
    st.tuples(st.just(JSON), json_objects.map(lambda one: json.dumps(one).encode())),
    st.tuples(st.just(JSON), json_texts.map(str.encode)),
    st.tuples(st.just(MULTIPART), parts.map(encode_multipart)),
    st.tuples(
        st.tuples(st.sampled_from([FORM, JSON, "text/plain", MULTIPART]), charsets).map(
            "".join
        ),
        st.one_of(
            (pairs | many_pairs).map(encode_form),
            json_objects.map(lambda one: json.dumps(one).encode()),
            st.binary(max_size=50),
        ),
    ),
    st.tuples(latin_1, st.binary(max_size=20)),
)

# -- requests --------------------------------------------------------------------------

ids = st.one_of(st.just(OWN), texts.map(lambda one: quote(one, safe="")[:2000]))
paths = st.one_of(
    st.sampled_from(TASKS).map(lambda name: f"/tasks/start/{name}/"),
    st.tuples(
        ids,
        st.sampled_from(
            [
                *("", "result/", "output/", "answer/", "again/"),
                *("cancel/", "dismiss/", "retry/"),
            ]
        ),
    ).map(lambda two: f"/tasks/{two[0] or 'x'}/{two[1]}"),
    st.sampled_from(["/tasks/", "/tasks/health/", "/", "/plain/", "/tasks/start/"]),
)
urls = st.one_of(
    texts,
    st.sampled_from(
        [
            *("http://testserver//evil.example/x", "//evil.example", "/\\evil.example"),
            *("http://evil.example/", "/ok/?a=b#c", "http://testserver/\tevil.example"),
            *("javascript:alert(1)", "http://testserver@evil.example/", "\\\\evil"),
        ]
    ),
)
queries = st.one_of(
    st.just(""),
    st.dictionaries(
        st.sampled_from(
            ["task", "next", "process", "version", "download", "page", "start"]
        ),
        urls,
        max_size=3,
    ).map(lambda one: "?" + urlencode(one)),
    many_pairs.map(lambda one: "?" + urlencode(one)),
    st.sampled_from(["?%ff=%fe", "?&&&=", "?task=web_echo", "?download"]),
)
as_latin_1 = urls.map(
    lambda url: url.encode().decode("latin-1").translate({10: "", 13: "", 0: ""})[:2000]
)
accepts = latin_1 | st.sampled_from(
    [
        *(
            "*/*",
            "text/html",
            "application/json",
            "text/html;q=0",
            "a",
            "text/html;q=x",
        ),
        *("text/html; charset*=bogus'en'x", "text/html," * 2_000),
    ]
)
plain_headers = st.fixed_dictionaries(
    {},
    optional={
        "accept": accepts,
        "accept-language": st.sampled_from(["fr", "es-AR", "xx;q=9", "*" * 600]),
        "hx-request": st.sampled_from(["true", "false", "é"]),
        "hx-boosted": st.just("true"),
        "hx-history-restore-request": st.just("true"),
        "hx-trigger": latin_1 | st.just("task-form-web_echo-2"),
        "hx-current-url": as_latin_1,
        "hx-target-uri-autoencoded": st.just("true"),
        "referer": as_latin_1,
        "prefer": st.sampled_from(["wait=5", "wait=-1", "respond-async", "wait=x"]),
        "ephemeral-tasks-tables": latin_1
        | st.sampled_from(
            ["ephemeral-tasks;live", "ephemeral-tasks-web_echo", ";," * 50]
        ),
        "content-length": st.sampled_from(["0", "-1", "99999999999999"]),
        "x-requested-with": latin_1,
    },
)
cookies = (
    st.just("") | latin_1 | st.sampled_from(["sessionid=x", "sessionid=", "a=b;;"])
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Return a request to one of the site's routes."""
    path = draw(paths)
    is_post = "/start/" in path or path.endswith(
        ("answer/", "cancel/", "dismiss/", "retry/")
    )
    usual = "POST" if is_post else "GET"
    others = st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "X"])
    method = draw(st.just(usual) | st.just(usual) | others)
    kind, body = draw(bodies) if method != "GET" else ("", b"")
    headers = {"content-type": kind} if kind else {}
    headers |= draw(plain_headers)
    if cookie := draw(cookies):
        headers["cookie"] = cookie
    return Request(method=method, path=path + draw(queries), headers=headers, body=body)


# -- frames ----------------------------------------------------------------------------

commands = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            ["submit", "cancel", "dismiss", "retry", "answer", "watch", "unwatch"]
        )
        | json_values,
        "id": st.just(OWN) | json_values,
    },
    optional={
        "task": st.sampled_from(TASKS) | json_values,
        "data": valid_fields | json_objects | json_values,
        **dict.fromkeys(("start", "attempt", "number", "answer"), json_values),
        "request": json_values,
        "extra": json_values,
    },
)
submissions = st.fixed_dictionaries(
    {
        "type": st.just("submit"),
        "task": st.sampled_from(TASKS),
        "data": st.one_of(valid_fields, valid_fields, json_objects),
    },
    optional={"request": json_values},
)
actions = st.fixed_dictionaries(
    {"type": st.sampled_from(["cancel", "dismiss", "retry"]), "id": st.just(OWN)},
    optional={"request": json_values},
)
frames = st.one_of(
    commands.map(json.dumps),
    submissions.map(json.dumps),
    actions.map(json.dumps),
    json_texts,
    texts,
    st.binary(max_size=50),
).filter(lambda frame: len(frame) < FRAME_LENGTH)
