"""From a request's body or a socket's message to arguments, through the task's form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from inspect import signature
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.forms import BaseForm, Media
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext

from ..conf import get_config
from ..errors import UnknownTask
from ..tasks import Task, registry
from .refusals import InvalidInput, TooLarge

Data = Mapping[str, Any]
if TYPE_CHECKING:
    Files = MultiValueDict[str, UploadedFile[Any]]

_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


def find_exposed(name: str) -> tuple[Task, type[BaseForm]]:
    """Return the task that can be started from outside under this name, and its form.

    Raises:
        UnknownTask: No task has the name, or it has no form.
    """
    task = registry.get(name)
    if task.form is None:
        raise UnknownTask(name)
    return task, task.form


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
        size = sum(_sizes(request))
    else:
        size = len(request.body)
    if size > limit:
        raise TooLarge(limit)
    if request.content_type in _FORM_TYPES:
        return request.POST, request.FILES
    return json_object(request.body or b"{}"), None


def json_object(text: bytes | str) -> dict[str, Any]:
    """Return the object that a JSON text holds.

    Raises:
        InvalidInput: It is broken, or not an object.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidInput(gettext("This is not valid JSON.")) from None
    if not isinstance(value, dict):
        raise InvalidInput(gettext("This is not a JSON object."))
    return value


def make_form(
    form_class: type[BaseForm], request: HttpRequest | None, **arguments: Any
) -> BaseForm:
    """Return a form; one whose ``__init__`` names ``request`` gets the request.

    Args:
        form_class: Of a task.
        request: None for a socket's message, which has none.
        arguments: As Django's forms take them.

    Raises:
        InvalidInput: The form needs a request, and there is none.
    """
    if not _takes_request(form_class):
        return form_class(**arguments)
    if request is None:
        raise InvalidInput(gettext("This form can only be sent over HTTP."))
    return form_class(**{**arguments, "request": request})


def _takes_request(form_class: type[BaseForm]) -> bool:
    return "request" in signature(form_class).parameters


def media_of(form_class: type[BaseForm]) -> Media:
    """Return what a form's fields need in the head of any page.

    One that takes the request is not made for it, for that may ask for the user:
    only the fields that its class declares count.
    """
    if not _takes_request(form_class):
        return form_class().media
    form = form_class.__new__(form_class)
    form.fields = form_class.base_fields  # type: ignore[attr-defined]
    return form.media


async def bind(
    form_class: type[BaseForm],
    data: Data,
    files: Files | None = None,
    *,
    request: HttpRequest | None = None,
) -> BaseForm:
    """Return the form with the input, validated.

    Forms may look into the database, so they are made and asked in a thread.

    Raises:
        InvalidInput: The form needs a request, and there is none.
    """

    def validated() -> BaseForm:
        form = make_form(form_class, request, data=data, files=files)
        form.is_valid()
        return form

    return await sync_to_async(validated)()


def arguments_of(form: BaseForm) -> dict[str, Any]:
    """Return what a valid form cleaned, as keyword arguments; files as copies.

    Raises:
        InvalidInput: The form is not valid.
    """
    if not form.is_valid():
        raise InvalidInput("the form refused the input", form)
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


def _sizes(request: HttpRequest) -> list[int]:
    texts = [len(value) for _, values in request.POST.lists() for value in values]
    uploads = [upload for _, found in request.FILES.lists() for upload in found]
    return texts + [upload.size or 0 for upload in uploads]
