"""From a request's body or a socket's message to arguments, through the task's form."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.forms import BaseForm
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext

from ..conf import get_config
from ..errors import UnknownTask
from ..pool.log import class_of, place_of
from ..registry import registry
from ..tasks import Task
from .form_class import make_form
from .json_input import check_texts, encode_as_form, parse_object
from .permission import check_permission
from .refusals import InvalidInput, TooLarge
from .user import Source

Data = Mapping[str, Any]
if TYPE_CHECKING:
    Files = MultiValueDict[str, UploadedFile[Any]]

logger = logging.getLogger("ephemeral_tasks")

_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")

# Errors that code raises on a value of an unexpected kind. A database or a network that
# fails is no fault of the input.
_CAUSED_BY_VALUES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


def find_exposed(name: str) -> tuple[Task, type[BaseForm]]:
    """Return the task that can be started from outside under this name, and its form.

    Raises:
        UnknownTask: No task has the name, or it has no form.
    """
    task = registry.get(name)
    if task.form is None:
        raise UnknownTask(name)
    return task, task.form


async def find_permitted(name: str, source: Source) -> tuple[Task, type[BaseForm]]:
    """Return the exposed task of this name if it exists for a visitor, and its form.

    Raises:
        UnknownTask: No exposed task has the name, or the visitor lacks its permission.
    """
    task, form_class = find_exposed(name)
    await check_permission(task, source)
    return task, form_class


def read(request: HttpRequest) -> tuple[Data, Files | None]:
    """Return the body's data and files.

    Raises:
        TooLarge: It is over ``MAX_INPUT_BYTES``.
        InvalidInput: It is neither a form nor a JSON object.
    """
    limit = get_config().max_input_bytes
    if _declared_size(request) > limit:
        raise TooLarge(limit)
    # The header may be missing or wrong; what arrived is not.
    if request.content_type == "multipart/form-data":
        size = sum(_list_sizes(request))
    else:
        size = len(request.body)
    if size > limit:
        raise TooLarge(limit)
    if request.content_type in _FORM_TYPES:
        return request.POST, request.FILES
    return parse_object(request.body or b"{}"), None


async def bind(
    form_class: type[BaseForm],
    data: Data,
    files: Files | None = None,
    *,
    request: HttpRequest | None = None,
    prefix: str | None = None,
) -> BaseForm:
    """Return the form with the input, validated.

    Forms may look into the database, so they are made and validated in a thread.

    Args:
        form_class: Of the task.
        data: Of an HTML form; any other mapping is a JSON object's.
        files: Of an HTML form.
        request: None for a socket's message, which has none.
        prefix: What the names of an HTML form's fields begin with.

    Raises:
        InvalidInput: It came as JSON that the form cannot even validate, or the form
            needs a request and there is none.
    """
    if isinstance(data, MultiValueDict):
        return await sync_to_async(_validate)(form_class, request, data, files, prefix)
    return await sync_to_async(_validate_json)(form_class, request, data)


def _validate(
    form_class: type[BaseForm],
    request: HttpRequest | None,
    data: Data,
    files: Files | None = None,
    prefix: str | None = None,
) -> BaseForm:
    named = {} if prefix is None else {"prefix": prefix}
    form = make_form(form_class, request, data=data, files=files, **named)
    check_texts(form)
    form.is_valid()
    return form


def _validate_json(
    form_class: type[BaseForm], request: HttpRequest | None, values: Data
) -> BaseForm:
    """Validate values that no HTML form sends and that fields may not expect."""
    data = encode_as_form(values, make_form(form_class, request))
    try:
        return _validate(form_class, request, data)
    except _CAUSED_BY_VALUES as error:
        # Without its text, which may quote the input.
        logger.warning(
            "a form failed on JSON form=%s error=%s at=%s",
            form_class.__qualname__,
            class_of(error),
            place_of(error),
        )
    raise InvalidInput(gettext("This input cannot be understood."))


def check(form: BaseForm) -> None:
    """Do nothing for a valid form.

    Raises:
        InvalidInput: The form is not valid.
    """
    if not form.is_valid():
        raise InvalidInput("the form refused the input", form)


def arguments_of(form: BaseForm) -> dict[str, Any]:
    """Return what a valid form cleaned, as keyword arguments; files as copies.

    Raises:
        InvalidInput: The form is not valid.
    """
    check(form)
    return {name: _copy_upload(value) for name, value in form.cleaned_data.items()}


def _copy_upload(value: Any) -> Any:
    # An upload is closed, and its temporary file gone, when the request ends.
    if isinstance(value, UploadedFile):
        value.seek(0)
        name = value.name or "file"
        return SimpleUploadedFile(
            name, value.read(), value.content_type or "application/octet-stream"
        )
    if isinstance(value, list) and any(isinstance(one, UploadedFile) for one in value):
        return [_copy_upload(one) for one in value]
    return value


def _declared_size(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _list_sizes(request: HttpRequest) -> list[int]:
    texts = [len(value) for _, values in request.POST.lists() for value in values]
    uploads = [upload for _, found in request.FILES.lists() for upload in found]
    return texts + [upload.size or 0 for upload in uploads]
