"""The room's door: `lint_tree` looks through a work tree."""

from lotmark.lint._lint import lint_tree, parse_read_set

__all__ = ["lint_tree", "parse_read_set"]
