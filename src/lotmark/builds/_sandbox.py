"""Choose the sandbox that `environment` declares."""

from lotmark.base.errors import EnvironmentLacksError
from lotmark.builds._bwrap import BwrapSandbox
from lotmark.builds._engine import EngineSandbox
from lotmark.builds._host import HostSandbox
from lotmark.builds._inplace import InplaceSandbox
from lotmark.builds.models import Capabilities
from lotmark.builds.ports import Sandbox


def make_sandbox(backend: str, image: str = "") -> Sandbox:
    """The sandbox of that name; `image` is for `engine` alone."""
    match backend:
        case "host":
            return HostSandbox()
        case "inplace":
            return InplaceSandbox()
        case "engine":
            return EngineSandbox(image)
        case _:
            return BwrapSandbox()


def get_sandbox(backend: str, image: str = "") -> tuple[Sandbox, Capabilities]:
    """The sandbox of that name, ready.

    Raises:
        EnvironmentLacksError: LM-BLD-001 if it does not work on this machine.
    """
    sandbox = make_sandbox(backend, image)
    capabilities = sandbox.probe()
    if not capabilities.available:
        raise EnvironmentLacksError("LM-BLD-001", f"the {backend} sandbox does not work here: {capabilities.reason}", solution=capabilities.solution)
    return sandbox, capabilities
