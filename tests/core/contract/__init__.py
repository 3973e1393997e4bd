"""The rules that every coordinator keeps, as tests to inherit."""

from typing import Any, ClassVar

from tests.core.contract.cancelling import Cancelling
from tests.core.contract.ending import Ending
from tests.core.contract.failing import Failing
from tests.core.contract.forgetting import Forgetting
from tests.core.contract.looking import Looking
from tests.core.contract.pacing import Pacing
from tests.core.contract.refusing import Refusing
from tests.core.contract.signalling import Signalling
from tests.core.contract.starting import Starting
from tests.core.contract.within import Within
from tests.core.contract.writing import Writing


class CoordinatorContract(
    Starting,
    Cancelling,
    Failing,
    Ending,
    Looking,
    Within,
    Writing,
    Refusing,
    Pacing,
    Signalling,
    Forgetting,
):
    """All of the rules, for what a subclass calls make, make_from and kind."""

    by_identity: ClassVar[dict[str, Any]] = {}
    """Options with which an item keeps no reference to itself."""
