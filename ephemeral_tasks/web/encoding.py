"""Text as bytes, whatever it holds."""


def encode(text: str) -> bytes:
    """Return a text in UTF-8, with U+FFFD for what UTF-8 cannot express.

    File names come with halves of characters from ``os.listdir``, for example.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        utf_16 = text.encode("utf-16", "surrogatepass")
        return utf_16.decode("utf-16", "replace").encode()
