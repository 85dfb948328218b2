"""What was sent before is known by another run."""

from pathlib import Path

import pytest

from falcon_images.cli.sending.files import Found
from falcon_images.cli.sending.journal import Entry, Journal
from falcon_images.cli.sending.outcomes import FileOutcome, Result

SCOPE = ('http://a', 'c', 'host,path,sha256')


def found(name: str = 'a.jpg', size: int = 1, changed_ns: int = 1) -> Found:
    return Found(Path('/shots') / name, Path('/shots'), size, changed_ns)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A journal that knows one image."""
    path = tmp_path / 'new/sent.sqlite'
    journal = Journal(path, SCOPE)
    journal.add(Result(found(), FileOutcome.STORED, '', 'id1', 'p'))
    journal.close()
    return path


def test_a_file_is_known_by_another_run(file: Path) -> None:
    journal = Journal(file, SCOPE)
    assert journal.known([found()]) == {found().path: Entry('id1', 'p')}
    journal.close()


@pytest.mark.parametrize('other', [found('b.jpg'), found(size=2), found(changed_ns=2)])
def test_another_file_is_not_known(file: Path, other: Found) -> None:
    journal = Journal(file, SCOPE)
    assert journal.known([other]) == {}
    journal.close()


@pytest.mark.parametrize('place', range(3))
def test_another_place_is_not_known(file: Path, place: int) -> None:
    scope = ['x' if number == place else each for number, each in enumerate(SCOPE)]
    journal = Journal(file, scope)
    assert journal.known([found()]) == {}
    journal.close()


def test_two_write_at_once(file: Path) -> None:
    journals = [Journal(file, SCOPE), Journal(file, SCOPE)]
    for number, journal in enumerate(journals):
        journal.add(Result(found(f'{number}'), FileOutcome.STORED, '', 'i', 'p'))
    for journal in journals:
        journal.close()
    last = Journal(file, SCOPE)
    assert len(last.known([found('0'), found('1')])) == 2
    last.close()
