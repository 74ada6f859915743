"""Integrations: the outside world behind the ports of the rooms below (stores, time stamps, tokens, services).

Invariants:
    - No rules live here: an integration carries bytes and translates errors, the room that owns the port judges.
    - A library that an extra installs is imported where it is used; without it the error names the extra (exit 4).
    - Nothing here is imported by a room below; `bootstrap` wires it to the ports.
"""
