"""Ground floor: the error root, Finding, Digest, Clock, RootedPath, Limits and strict configuration documents.

Nothing here knows a product, a ledger or a policy. Every other room may import this one; it imports none.
"""
