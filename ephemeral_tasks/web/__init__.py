"""HTTP and websocket: what a browser or a program says to the app layer."""
