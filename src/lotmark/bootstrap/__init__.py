"""The composition root: settings become ports wired to implementations. Only this room knows which ones.

A read path (`show`, `verify`, `check`) gets what it needs from here without importing the workflow engine.
"""
