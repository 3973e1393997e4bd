"""Translates Markdown documents with the engine at hand."""
