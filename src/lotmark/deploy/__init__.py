"""Deployment: admission bound to digest, target, policy and log size; target drivers; the check of what really lies there.

Invariants: nothing reaches a target without an admission in which every check holds; the artifact is the same bytes for
all targets; a switch is atomic and the previous version stays until later releases push it out.
"""
