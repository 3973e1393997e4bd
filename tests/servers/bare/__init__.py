"""A site without us: how its server ends is how the server ends by itself."""
