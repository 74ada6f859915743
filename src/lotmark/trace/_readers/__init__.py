"""Readers of the formats of other tools; `_registry` knows which takes which file. The formats alone are followed, no tool's code."""
