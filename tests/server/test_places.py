"""Places: only so many have one at once, and it is given back whatever happens."""

import contextlib

import pytest

from falcon_images.server.places import Places


class FullError(Exception):
    pass


def test_one_more_than_there_are_places_is_refused() -> None:
    places = Places(2, FullError)
    with places.taken(), places.taken(), pytest.raises(FullError), places.taken():
        pass


def test_a_place_is_free_after_its_end() -> None:
    places = Places(1, FullError)
    for _ in range(2):
        with places.taken():
            pass


def test_a_place_is_free_after_an_error() -> None:
    places = Places(1, FullError)
    with contextlib.suppress(ValueError), places.taken():
        raise ValueError
    with places.taken():
        pass


def test_who_is_refused_gives_no_place_back() -> None:
    places = Places(1, FullError)
    with places.taken():
        for _ in range(2):
            with pytest.raises(FullError), places.taken():
                pass
