"""Choose the sandbox by the name that `environment.backend` declares."""

from lotmark.base.errors import EnvironmentLacksError
from lotmark.builds._bwrap import BwrapSandbox
from lotmark.builds._host import HostSandbox
from lotmark.builds.models import Capabilities
from lotmark.builds.ports import Sandbox


def get_sandbox(backend: str) -> tuple[Sandbox, Capabilities]:
    """The sandbox of that name, ready.

    Raises:
        EnvironmentLacksError: LM-BLD-001 if it does not work on this machine.
    """
    sandbox: Sandbox = HostSandbox() if backend == "host" else BwrapSandbox()
    capabilities = sandbox.probe()
    if not capabilities.available:
        raise EnvironmentLacksError("LM-BLD-001", f"the {backend} sandbox does not work here: {capabilities.reason}", solution=capabilities.solution)
    return sandbox, capabilities
