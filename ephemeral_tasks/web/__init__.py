"""HTTP and websocket: the app layer for browsers and programs."""
