"""The conversations on disk: one SQLite file, its schema, and what can be done with it."""
