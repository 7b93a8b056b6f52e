"""Picture work that runs in a guarded child process (reliability §11); started by ``app.images``.

Everything here reads bytes that a stranger chose, so nothing here knows the application: no
settings, no database, no network, and few imports, since each piece of work starts afresh.
"""
