"""The door of the composition root."""

from lotmark.bootstrap._opening import create_state, enrol_key, revoke_key
from lotmark.bootstrap._registry import registry, rules
from lotmark.bootstrap._workspace import Workspace, open_workspace, operator_name

__all__ = ["Workspace", "create_state", "enrol_key", "open_workspace", "operator_name", "registry", "revoke_key", "rules"]
