"""Checks before a merge: everything that the rooms can say of a work tree, judged for the change at hand.

Duty: put the findings of trace, matrix and supply together; judge what only a change shows (commits without a reference,
policy files changed without approval, lines that changed); suspect links against recorded reviews; justified exceptions with
reason, owner, signature and end; issue keys of trackers; remember the answer for work trees that did not change.

Invariants: checking never writes into the product (the cache lies in the state folder and may be deleted at any time); an
exception never hides a finding, it changes its weight and says so; what is remembered is used only where every byte that
was read then is the same now; a release never uses the cache. Spec: ``docs/reference/check.md``.
"""
