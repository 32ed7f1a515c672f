"""The case on disk: tables, details that a person edits, audit log, provenance."""
