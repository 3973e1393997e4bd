"""The demo: the engines, the Markdown splice, the editor."""
