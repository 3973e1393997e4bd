"""The command that translates a folder."""
