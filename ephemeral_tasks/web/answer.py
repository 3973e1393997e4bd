"""Answering what an operation asks."""

from __future__ import annotations

from asgiref.sync import sync_to_async
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse

from .. import submission
from ..errors import Conflict, InvalidAnswer
from . import inputs, responses
from .answers import give_answer, number_in, read_answer
from .audience import Audience, audience_of
from .decorators import route
from .next_page import next_of
from .questions import (
    ASKED_PARAMETER,
    NUMBER_PARAMETER,
    id_of,
    render_fields,
    selector_of,
    url_of,
)
from .refusals import InvalidInput, refusal_of
from .views import require_owner


@route("POST", is_about_table=True)
async def answer(request: HttpRequest, id: str) -> HttpResponse:
    """The question has its answer, and the operation goes on."""
    data, files = inputs.read(request)
    responses.read_ahead(request)
    owner = await require_owner(request, id)
    asked = request.GET.get(ASKED_PARAMETER)
    named = request.GET.get(NUMBER_PARAMETER) if asked is None else asked
    number = number_in(data if named is None else {"number": named})
    try:
        sent = await read_answer(
            owner,
            id,
            number,
            data,
            files,
            request=request,
            is_from_row=asked is not None,
        )
        row = await give_answer(owner, id, number, sent)
        return await responses.answer_change(request, owner, body=row.as_json())
    except InvalidAnswer as error:
        if error.form is None:
            raise
        form = error.form
    # Outside of the except block, as in `decorators._respond`.
    return await _show_again(request, owner, id, form)


async def _show_again(
    request: HttpRequest, owner: str, id: str, form: BaseForm
) -> HttpResponse:
    """Answer with the form and its errors, so that nothing that was typed is lost."""
    row = await submission.arow(owner, id)
    if row.question is None:  # another tab was quicker
        raise Conflict("answer", id, row.status)
    page = responses.page_of(request)
    match audience_of(request):
        case Audience.HTMX:
            # In a thread: the fields may read the database.
            fields = await sync_to_async(render_fields)(row, page, form)
            response = responses.html(fields, 400)
            # Not the table: it keeps the question as it is while it is swapped.
            response.headers["HX-Reswap"] = "innerHTML"
            question_id = id_of(id, row.question.number, page)
            response.headers["HX-Retarget"] = selector_of(question_id)
            return response
        case Audience.BROWSER:
            context = {
                "form": form,
                "next": next_of(request),
                "row": row,
                "url": url_of(id, row.question, page, form),
            }
            return await responses.render_page(
                request, ["ephemeral_tasks/answer.html"], context, 400
            )
        case Audience.PROGRAM:
            refusal = refusal_of(InvalidInput("the form refused the answer", form))
            return await responses.refuse(request, refusal)
