"""What a reader of the README does, in a fresh clone and a shell with nothing set."""
