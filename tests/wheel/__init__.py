"""The built wheel, where nothing of the checkout can help it."""
