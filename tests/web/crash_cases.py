"""The requests in which something crashes, with what a visitor wrote or gets."""

from collections.abc import Awaitable, Callable
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient

from tests.web import tasks
from tests.web.crashing import SECRET

START = "/tasks/start/web_echo/"

Ask = Callable[[], Awaitable[Any]]


async def a_first_form(visitor) -> Ask:
    """A newcomer's form, as a browser sends it."""

    def ask():
        visitor.client = AsyncClient(raise_request_exception=False)
        return visitor.post_page(START, {"text": SECRET, "language": "es"})

    return ask


async def a_form_with_a_key(visitor) -> Ask:
    """A form by htmx, on a page with a table."""
    await visitor.start("web_echo", text="a", language="es")
    data = {"text": SECRET, "language": "es", "key": "k"}
    headers = {"Ephemeral-Tasks-Tables": "ephemeral-tasks;live"}
    return lambda: visitor.post_htmx(START, data, **headers)


async def a_json(visitor) -> Ask:
    """A program's JSON."""
    await visitor.start("web_echo", text="a", language="es")
    return lambda: visitor.post_json(START, {"text": SECRET, "language": "es"})


async def a_refused_form(visitor) -> Ask:
    """A form by htmx that is shown again."""
    return lambda: visitor.post_htmx(START, {"text": SECRET, "language": "xx"})


async def a_refused_page(visitor) -> Ask:
    """A form by a browser that is shown again."""
    return lambda: visitor.post_page(START, {"text": SECRET, "language": "xx"})


async def a_refused_json(visitor) -> Ask:
    """JSON whose errors quote what was sent."""
    return lambda: visitor.post_json(START, {"text": "a", "language": SECRET})


async def a_broken_json(visitor) -> Ask:
    """JSON that cannot be parsed."""
    return lambda: visitor.post_json(START, f'{{"text": "{SECRET}"')


async def a_file(visitor) -> Ask:
    """A file in a form."""

    def ask():
        upload = SimpleUploadedFile("a.txt", SECRET.encode())
        return visitor.post("/tasks/start/web_upload/", {"document": upload})

    return ask


async def result_url(visitor) -> str:
    """Where a result is that holds what the visitor wrote."""
    tasks.results["r"] = {"text": SECRET}
    row = await visitor.start("web_give", name="r")
    await visitor.until_status("SUCCESSFUL")
    return f"/tasks/{row['id']}/result/"


async def a_result_page(visitor) -> Ask:
    """A result, for a browser."""
    url = await result_url(visitor)
    return lambda: visitor.get_page(url)


async def a_result_fragment(visitor) -> Ask:
    """A result, for htmx."""
    url = await result_url(visitor)
    return lambda: visitor.get_htmx(url)


async def a_result_as_json(visitor) -> Ask:
    """A result, for a program."""
    url = await result_url(visitor)
    return lambda: visitor.get(url)


async def a_large_result(visitor) -> Ask:
    """A result that waits for its turn, as a file."""
    tasks.results["r"] = SECRET * 10_000
    row = await visitor.start("web_give", name="r")
    await visitor.until_status("SUCCESSFUL")
    return lambda: visitor.get(f"/tasks/{row['id']}/result/?download")


async def a_failure(visitor) -> Ask:
    """The sentence of an operation that failed, for a browser."""
    url = await failed_url(visitor)
    return lambda: visitor.get_page(f"{url}result/")


async def a_failure_as_json(visitor) -> Ask:
    """The sentence of an operation that failed, for a program."""
    url = await failed_url(visitor)
    return lambda: visitor.get(f"{url}result/")


async def failed_url(visitor) -> str:
    """Where an operation is that failed with what the visitor wrote."""
    row = await visitor.start("web_say", text=SECRET, language="es")
    await visitor.until_status("FAILED")
    return f"/tasks/{row['id']}/"


async def a_form_again(visitor) -> Ask:
    """The form of an operation, filled from its arguments, for htmx."""
    url = await failed_url(visitor)
    return lambda: visitor.get_htmx(f"{url}again/")


async def a_page_again(visitor) -> Ask:
    """The form of an operation, filled from its arguments, on a page."""
    url = await failed_url(visitor)
    return lambda: visitor.get_page(f"{url}again/")


async def a_table(visitor) -> Ask:
    """The rows, for a browser."""
    await failed_url(visitor)
    return lambda: visitor.get_page("/tasks/")


async def rows_as_json(visitor) -> Ask:
    """The rows, for a program."""
    await failed_url(visitor)
    return lambda: visitor.get("/tasks/")


async def a_cancel(visitor) -> Ask:
    """A cancel that comes too late."""
    url = await failed_url(visitor)
    return lambda: visitor.post_htmx(f"{url}cancel/")


async def an_output_page(visitor) -> Ask:
    """A text that grows, on its page."""
    id = await visitor.writing(SECRET)
    return lambda: visitor.get_page(f"/tasks/{id}/output/")


async def an_output_fragment(visitor) -> Ask:
    """A text that grows, for htmx."""
    id = await visitor.writing(SECRET)
    return lambda: visitor.get_htmx(f"/tasks/{id}/output/")


async def an_output_as_json(visitor) -> Ask:
    """A text that grows, for a program."""
    id = await visitor.writing(SECRET)
    return lambda: visitor.get(f"/tasks/{id}/output/")


async def answer_url(visitor) -> str:
    """Where an open question takes its answer."""
    await visitor.start("web_ask_form")
    (row, *_) = await visitor.until(lambda rows: rows[0].question)
    return f"/tasks/{row.id}/answer/"


async def a_refused_answer(visitor) -> Ask:
    """A form of a question that is shown again, by htmx."""
    url = await answer_url(visitor)
    return lambda: visitor.post_htmx(url, {"number": "1", "year": SECRET})


async def a_refused_answer_page(visitor) -> Ask:
    """A form of a question that is shown again, on a page."""
    url = await answer_url(visitor)
    return lambda: visitor.post_page(url, {"number": "1", "year": SECRET})


CASES = (
    a_first_form,
    a_form_with_a_key,
    a_json,
    a_refused_form,
    a_refused_page,
    a_refused_json,
    a_broken_json,
    a_file,
    a_result_page,
    a_result_fragment,
    a_result_as_json,
    a_large_result,
    a_failure,
    a_failure_as_json,
    a_form_again,
    a_page_again,
    a_table,
    rows_as_json,
    a_cancel,
    an_output_page,
    an_output_fragment,
    an_output_as_json,
    a_refused_answer,
    a_refused_answer_page,
)
