"""Pages for people: workspaces, runs, states, variables, batches with their reports, tokens.

A page is HTML that works without scripts; `run.js` and `batch.js` only let what goes on grow.
Addresses are those of HCP Terraform. Texts of others become HTML through
`remote_backend.reports.html_text` alone. Forms are posted with a token of their session.
"""

__all__ = ()
