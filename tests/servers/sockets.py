"""What a client sees of a socket."""

import json

from websockets.exceptions import ConnectionClosed


def until_closed(socket):
    """Return the frames that came, and the code of the close that followed."""
    frames = []
    try:
        while True:
            frames.append(json.loads(socket.recv(timeout=20)))
    except ConnectionClosed as error:
        return frames, error.rcvd.code
