"""The row of an operation that was accepted just now."""

from __future__ import annotations

from .. import submission
from ..errors import Unreachable
from ..projection import project_accepted
from ..row import Row
from ..tasks import Task
from ..windows import Handle


async def read_row(owner: str, handle: Handle, task: Task) -> Row:
    """Return the row; as it was accepted, where the host stopped answering since.

    A refusal would say that nothing was done.

    Raises:
        UnknownOperation: Newer operations have pushed it out.
    """
    try:
        return await submission.arow(owner, handle.id)
    except Unreachable:
        return project_accepted(handle, task)
