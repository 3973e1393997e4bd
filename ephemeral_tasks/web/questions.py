"""A question in its row: buttons for its choices, or the fields of its form."""

from __future__ import annotations

from urllib.parse import urlencode

from django.forms import BaseForm
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from ..row import Row, RowQuestion
from .error_log import log_error
from .form_class import make_form
from .pages import Page
from .refusals import InvalidInput

ASKED_PARAMETER = "asked"
"""In the query: the number, for a row's own fields, whose names have a prefix."""
NUMBER_PARAMETER = "number"
"""In the query: the number, for fields without a prefix, as programs name them."""


def render_question(row: Row, page: Page) -> SafeString:
    """Return what the row asks as HTML, empty when it asks nothing."""
    question = row.question
    if question is None:
        return SafeString()
    try:
        return _render("question", row, page, _make_empty(row, page))
    except Exception as error:
        if question.form is None:
            raise
        # The site's form is made and rendered here, and may raise anything. The table
        # has other rows, and this one's operation can still be cancelled.
        log_error(f"a question's form cannot be shown task={row.task}", error)
        return _render("question", row, page, None)


def render_fields(row: Row, page: Page, form: BaseForm) -> SafeString:
    """Return the inside of a question with a form that was sent and refused.

    May read the database, as the form's fields do.
    """
    _adopt(form, page)
    return _render("question_form", row, page, form)


def prefix_of(id: str, number: int) -> str:
    """Return what the names of a question's fields begin with.

    All questions of a table share one HTML form: a row is rendered without a request,
    and so without a CSRF token of its own.
    """
    return f"question-{id}-{number}"


def id_of(id: str, number: int, page: Page) -> str:
    """Return the id of a question's element, of which a page may have several.

    Tables of all tasks and of one show the same operation, and what htmx preserves
    under one id moves into the table that was swapped last.
    """
    return f"{page.id}-{prefix_of(id, number)}"


def selector_of(id: str) -> str:
    """Return the CSS selector of an id, in ASCII for a header; tasks have any name."""
    plain = (one if one.isascii() else f"\\{ord(one):x} " for one in id)
    return f"#{''.join(plain)}"


def url_of(
    id: str, question: RowQuestion, page: Page, form: BaseForm | None = None
) -> str:
    """Return where an answer is sent to.

    Args:
        id: The operation's id.
        question: Gives the number.
        page: Its table is shown afterwards.
        form: One that was refused is sent again with the names that its fields have;
            None for the row's own.
    """
    is_from_row = form is None or form.prefix == prefix_of(id, question.number)
    name = ASKED_PARAMETER if is_from_row else NUMBER_PARAMETER
    query = {name: question.number, **page.parameters}
    return f"{page.url(id, 'answer')}?{urlencode(query)}"


def _make_empty(row: Row, page: Page) -> BaseForm | None:
    question = row.question
    if question is None or question.form is None:
        return None
    prefix = prefix_of(row.id, question.number)
    try:
        # No `required`: it would keep the table's other buttons from being pressed.
        form = make_form(
            question.form, None, prefix=prefix, use_required_attribute=False
        )
    except InvalidInput:  # it needs a request, which a row does not have
        return None
    _adopt(form, page)
    return form


def _adopt(form: BaseForm, page: Page) -> None:
    """Make the fields part of the table's HTML form, which stands outside of rows.

    Their ids are the table's own, as that of the question: see ``id_of``.
    """
    form.auto_id = f"{page.id}-%s"
    for field in form.fields.values():
        field.widget.attrs["form"] = page.actions_id


def _render(name: str, row: Row, page: Page, form: BaseForm | None) -> SafeString:
    question = row.question
    if question is None:
        return SafeString()
    context = {
        "form": form,
        "page": page,
        "question": question,
        "question_id": id_of(row.id, question.number, page),
        "row": row,
        "url": url_of(row.id, question, page, form),
    }
    return mark_safe(  # noqa: S308  # a template's output
        render_to_string(f"ephemeral_tasks/{name}.html", context)
    )
