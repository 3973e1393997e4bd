"""Of many changes those that are sound together are found in few questions."""

from demo_site.translation.sieve import sift


def test_one_bad_change_of_many_is_left_out():
    """Halving finds it; all others stand, in their order."""
    asked = []

    def is_sound(changes):
        asked.append(changes)
        return 700 not in changes

    found = sift(range(1000), is_sound, limit=24)

    assert found == [number for number in range(1000) if number != 700]
    assert len(asked) < 24


def test_changes_that_harm_only_together_do_not_stand_together():
    """What was found sound is asked about again with what joins it."""
    found = sift(range(8), lambda changes: not {1, 6} <= {*changes}, limit=24)

    assert found == [0, 1, 2, 3, 4, 5, 7]


def test_changes_not_asked_about_are_left_out():
    """Past the limit nothing is taken on trust."""
    assert sift(range(8), lambda changes: 7 not in changes, limit=2) == [0, 1, 2, 3]
    assert sift([], lambda changes: True, limit=1) == []
