"""Names in archives are legal everywhere, lead nowhere, and are there once."""

import tracemalloc

import pytest

from falcon_images.datasets.entry_names import EntryNames

ID = '6565f0c2a1b2c3d4e5f60718'


def taken(*sent: str, reserved: tuple[str, ...] = ()) -> list[str]:
    names = EntryNames(*reserved)
    return [names.take(name, ID) for name in sent]


@pytest.mark.parametrize(
    ('sent', 'name'),
    [
        ('a.jpg', 'a.jpg'),
        ('検査 1.jpg', '検査 1.jpg'),
        ('../../etc/passwd', 'passwd'),
        ('C:\\camera\\a.jpg', 'a.jpg'),
        ('/a.jpg', 'a.jpg'),
        ('..', ID),
        ('.', ID),
        ('', ID),
        ('a/', ID),
        ('a.jpg. .', 'a.jpg'),
        ('a<b>:"|?*.jpg', 'a_b______.jpg'),
        ('a\0\n\x7f.jpg', 'a___.jpg'),
        ('\ud800.jpg', '_.jpg'),
        ('CON', '_CON'),
        ('con.jpg', '_con.jpg'),
        ('Lpt1.tar.gz', '_Lpt1.tar.gz'),
        ('COM².jpg', '_COM².jpg'),
        ('aux .jpg', '_aux .jpg'),
        ('console.jpg', 'console.jpg'),
    ],
)
def test_a_name_is_made_legal(sent: str, name: str) -> None:
    assert taken(sent) == [name]


@pytest.mark.parametrize(
    ('first', 'second'),
    [
        ('a.jpg', 'a.jpg'),
        ('a.jpg', 'A.JPG'),
        ('straße.jpg', 'STRASSE.jpg'),
        ('\u304c.jpg', '\u304b\u3099.jpg'),
        ('x/a.jpg', 'y/a.jpg'),
    ],
)
def test_a_second_image_of_a_name_has_its_id(first: str, second: str) -> None:
    one, other = taken(first, second)
    assert ID not in one
    assert f'_{ID}.' in other


def test_even_a_name_with_the_id_is_told_apart() -> None:
    names = taken('a.jpg', f'a_{ID}.jpg', 'a.jpg', 'a.jpg')
    assert names == ['a.jpg', f'a_{ID}.jpg', f'a_{ID}_2.jpg', f'a_{ID}_3.jpg']


def test_what_the_archive_has_itself_is_no_name_of_an_image() -> None:
    names = taken('MongoDB_data.json', reserved=('mongodb_data',))
    assert names == ['_MongoDB_data.json']


@pytest.mark.parametrize('sent', ['あ' * 300 + '.jpg', 'x' * 300, '.' + 'x' * 300])
def test_a_long_name_is_cut(sent: str) -> None:
    one, other = taken(sent, sent)
    assert 200 < len(one.encode()) <= 240
    assert len(other.encode()) <= 240
    assert one != other


def test_a_hundred_thousand_names_take_little_memory() -> None:
    names = EntryNames()
    tracemalloc.start()
    for number in range(100_000):
        names.take(f'{number % 50_000}.jpg', f'{number:024x}')
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 3 * 1024**2
