"""The process's pool and its parts."""
