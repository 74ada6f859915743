"""Test ids with and without the parameters of a test."""


def base_test_id(test_id: str) -> str:
    """The id without its parametrisation: ``tests/test_ct.py::test_plateau[a::b]`` -> ``tests/test_ct.py::test_plateau``."""
    name_at = test_id.find("::")
    if name_at < 0 or not test_id.endswith("]"):
        return test_id
    bracket = test_id.find("[", name_at)
    return test_id if bracket < 0 else test_id[:bracket]
