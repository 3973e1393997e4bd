"""Bytes are cut into frames, however they arrive."""

import struct

import pytest

from ephemeral_tasks.machine.wire import (
    BrokenWire,
    FrameReader,
    Kind,
    frame_limit,
    pack,
)


@pytest.mark.parametrize("size", [1, 5, 12, 13, 14, 1000])
def test_frames_are_the_same_however_they_arrive(size):
    """In pieces of any size, several in one piece included."""
    sent = pack(Kind.CALL, 7, b"one") + pack(Kind.CANCEL, 8) + pack(Kind.CALL, 9, b"2")
    reader = FrameReader(100)

    found = []
    for start in range(0, len(sent), size):
        found += reader.feed(sent[start : start + size])

    assert found == [
        (Kind.CALL, 7, b"one"),
        (Kind.CANCEL, 8, b""),
        (Kind.CALL, 9, b"2"),
    ]
    assert reader.is_between_frames


@pytest.mark.parametrize("length", [0, 8, 110, 2**31, 2**32 - 1])
def test_a_length_out_of_bounds_is_refused_before_anything_is_kept(length):
    """What follows is not waited for."""
    reader = FrameReader(100)

    with pytest.raises(BrokenWire, match=f"a frame of {length} bytes"):
        reader.feed(struct.pack("!IBQ", length, Kind.CALL, 1))


def test_the_limit_is_above_a_result_and_an_input(settings):
    """Of characters that take four bytes each."""
    settings.EPHEMERAL_TASKS = {"MAX_RESULT_BYTES": 10, "MAX_INPUT_BYTES": 20}

    assert frame_limit() == 4 * 30 + 2**20
