"""The check: each kind of finding, each repair, and that nothing is ever lost."""

import datetime
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import bson
import pytest
from pymongo import errors as pymongo_errors
from pymongo.collection import Collection

from falcon_images.errors import DatabaseUnavailableError
from falcon_images.files.disk import DiskFiles
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.keys import image_key, legacy_key
from falcon_images.files.quarantine import QuarantineError
from falcon_images.files.unresolved import UnresolvedWrite
from falcon_images.maintenance.findings import (
    CheckError,
    Finding,
    FindingKind,
)
from falcon_images.maintenance.references import References
from falcon_images.metadata.drops import Drops
from falcon_images.metadata.inventory import Inventory, Source
from tests.support.checks import (
    age,
    aside_of,
    check,
    checker,
    forget,
    lines,
    peak_bytes,
    repair,
    root,
    uploaded,
)
from tests.support.pictures import jpeg
from tests.support.service import Service


def put(
    service: Service, key: str, content: bytes = b'orphan', old: bool = True
) -> str:
    path = root(service) / 'images' / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    if old:
        age(path)
    return key


def content(folder: Path) -> list[bytes]:
    return sorted(path.read_bytes() for path in folder.rglob('*') if path.is_file())


def kept(service: Service) -> list[bytes]:
    """All there is in images/ and in quarantine/."""
    base = root(service)
    return sorted(content(base / 'images') + content(base / 'quarantine'))


def orphan_key(collection: str = 'c') -> str:
    return image_key(collection, str(bson.ObjectId()), 'image/jpeg')


class TestFindings:
    """What is found, when nothing is to be repaired."""

    def test_a_store_that_is_well(self, service: Service) -> None:
        for name in ('a', 'b', 'b'):
            uploaded(service, name)
        assert check(service, is_deep=True) == []

    def test_an_empty_store_is_well(self, service: Service) -> None:
        assert check(service) == []

    def test_a_missing_file(self, service: Service) -> None:
        document, path = uploaded(service)
        path.unlink()
        assert check(service) == [Finding(FindingKind.MISSING, f'c/{document["_id"]}')]

    def test_a_file_of_the_wrong_size(self, service: Service) -> None:
        document, path = uploaded(service)
        path.write_bytes(jpeg()[:-1])
        assert lines(check(service)) == [f'wrong size c/{document["_id"]}']

    def test_damage_is_found_by_reading_alone(self, service: Service) -> None:
        document, path = uploaded(service)
        path.write_bytes(jpeg()[:-1] + b'x')
        assert check(service) == []
        assert lines(check(service, is_deep=True)) == [f'damaged c/{document["_id"]}']

    def test_a_orphaned_file(self, service: Service) -> None:
        uploaded(service)
        key = put(service, orphan_key())
        assert check(service) == [Finding(FindingKind.ORPHANED, f'images/{key}')]
        assert kept(service) == sorted([jpeg(), b'orphan'])

    def test_a_file_of_another_type_than_the_document_has(
        self, service: Service
    ) -> None:
        document, _ = uploaded(service)
        key = put(service, image_key('c', document['_id'], 'image/png'))
        assert lines(check(service)) == [f'orphaned images/{key}']

    @pytest.mark.parametrize(
        'key', ['x', 'a/b', 'a/b/c/d/e/f', 'Thumbs.db', '.hidden/x', 'c/0000/000/x.jpg']
    )
    def test_what_does_not_belong(self, service: Service, key: str) -> None:
        uploaded(service)
        put(service, key)
        assert lines(check(service)) == [f'orphaned images/{key}']

    def test_a_strange_name_beside_images(self, service: Service) -> None:
        _, path = uploaded(service)
        key = put(service, str(path.relative_to(root(service) / 'images')) + '.bak')
        assert lines(check(service)) == [f'orphaned images/{key.replace(os.sep, "/")}']

    def test_a_young_file_is_left(self, service: Service) -> None:
        uploaded(service)
        put(service, orphan_key(), old=False)
        assert check(service, repairs=True) == []
        assert len(check(service, grace=0)) == 1

    def test_a_file_in_doubt_is_left(self, service: Service) -> None:
        uploaded(service)
        key = put(service, orphan_key())
        image_id = Path(key).stem
        service.folder.unresolved.note(
            UnresolvedWrite('other', 'c', image_id, 'image/jpeg')
        )
        assert check(service, repairs=True) == []

    def test_a_note_that_cannot_be_read_counts_too(self, service: Service) -> None:
        uploaded(service)
        key = put(service, orphan_key())
        (root(service) / f'doubts/{Path(key).stem}.json').write_text('{')
        assert check(service, repairs=True) == []

    def test_what_is_in_incoming_is_left(self, service: Service) -> None:
        uploaded(service)
        part = root(service) / 'incoming/dead/x.part'
        part.parent.mkdir()
        part.write_bytes(b'part')
        age(part)
        assert check(service, repairs=True) == []
        assert part.exists()

    def test_a_folder_without_images_is_no_store(self, service: Service) -> None:
        shutil.rmtree(root(service) / 'images')
        with pytest.raises(CheckError, match='There is no folder'):
            check(service)

    @pytest.mark.parametrize('call', ['scandir', 'lstat'])
    def test_what_the_disk_does_not_read(
        self, service: Service, monkeypatch: pytest.MonkeyPatch, call: str
    ) -> None:
        uploaded(service)
        put(service, 'x')
        error = OSError(5, 'Input/output error')
        monkeypatch.setattr(
            os if call == 'scandir' else Path, call, failing(error), raising=True
        )
        note = 'Input/output error; what is in it was not looked at'
        finding = Finding(FindingKind.UNREADABLE, 'images', note=note)
        assert check(service)[0] == finding

    @pytest.mark.skipif(os.name == 'nt', reason='links need rights there')
    def test_a_linked_folder_is_left(self, service: Service, tmp_path: Path) -> None:
        uploaded(service)
        (tmp_path / 'disk').mkdir()
        (tmp_path / 'disk/x').write_bytes(b'elsewhere')
        age(tmp_path / 'disk/x')
        (root(service) / 'images/linked').symlink_to(tmp_path / 'disk')
        note = 'a link to a folder'
        finding = Finding(FindingKind.NOT_LOOKED_AT, 'images/linked', note=note)
        assert check(service, repairs=True) == [finding]
        assert (tmp_path / 'disk/x').read_bytes() == b'elsewhere'

    @pytest.mark.skipif(os.name == 'nt', reason='links need rights there')
    def test_a_link_is_moved_and_its_target_is_not(
        self, service: Service, tmp_path: Path
    ) -> None:
        uploaded(service)
        (tmp_path / 'target').write_bytes(b'elsewhere')
        (root(service) / 'images/link').symlink_to(tmp_path / 'target')
        age(root(service) / 'images/link')
        assert repair(service) == ['orphaned images/link']
        assert (root(service) / 'quarantine/link').is_symlink()
        assert (tmp_path / 'target').read_bytes() == b'elsewhere'


def failing(error: Exception) -> Any:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    return fail


class TestRepair:
    """What is moved, and what is not."""

    def test_a_orphaned_file_goes_into_quarantine(self, service: Service) -> None:
        _, path = uploaded(service)
        key = put(service, orphan_key('gone'))
        before = kept(service)
        (finding,) = check(service, repairs=True)
        assert finding == Finding(
            FindingKind.ORPHANED, f'images/{key}', True, f'moved to quarantine/{key}'
        )
        assert (root(service) / 'quarantine' / key).read_bytes() == b'orphan'
        assert kept(service) == before
        assert service.stored_files() == [path]
        assert not (root(service) / 'images' / key).parent.parent.parent.exists()

    def test_a_name_that_is_taken_gets_a_number(self, service: Service) -> None:
        uploaded(service)
        for number in range(3):
            put(service, 'c/x', bytes([number]))
            repair(service)
        names = sorted(path.name for path in (root(service) / 'quarantine/c').iterdir())
        assert names == ['x', 'x.2', 'x.3']
        assert kept(service) == sorted([b'\0', b'\1', b'\2', jpeg()])

    def test_numbers_end(self, service: Service) -> None:
        uploaded(service)
        for number in range(101):
            put(service, 'x', bytes([number]))
            findings = check(service, repairs=True)
        assert [finding.is_repaired for finding in findings] == [False]
        assert (root(service) / 'images/x').exists()

    def test_twice_is_harmless(self, service: Service) -> None:
        uploaded(service)
        put(service, orphan_key())
        before = kept(service)
        assert len(repair(service)) == 1
        assert repair(service) == []
        assert kept(service) == before

    def test_a_file_that_cannot_be_moved_stays(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As on Windows, while somebody reads it."""
        uploaded(service)
        put(service, 'x')
        monkeypatch.setattr(os, 'replace', failing(PermissionError(13, 'in use')))
        assert check(service, repairs=True) == [
            Finding(
                FindingKind.ORPHANED, 'images/x', False, 'It cannot be moved (in use).'
            )
        ]
        assert (root(service) / 'images/x').exists()

    def test_missing_and_damaged_files_are_only_told(self, service: Service) -> None:
        missing, path = uploaded(service)
        path.unlink()
        damaged, path = uploaded(service)
        path.write_bytes(b'x' * len(jpeg()))
        short, path = uploaded(service)
        path.write_bytes(b'x')
        before = kept(service)
        findings = check(service, repairs=True, is_deep=True)
        assert lines(findings) == sorted(
            [
                f'missing c/{missing["_id"]}',
                f'damaged c/{damaged["_id"]}',
                f'wrong size c/{short["_id"]}',
            ]
        )
        assert not any(finding.is_repaired for finding in findings)
        assert kept(service) == before

    def test_a_file_returns_with_its_document(self, service: Service) -> None:
        document, path = uploaded(service)
        uploaded(service)
        (stored,) = service.database.c.find({'_id': bson.ObjectId(document['_id'])})
        forget(service, document)
        repair(service)
        assert not path.exists()
        service.database.c.insert_one(stored)
        assert repair(service) == [f'missing c/{document["_id"]}']
        assert path.read_bytes() == jpeg()
        assert content(root(service) / 'quarantine') == []
        assert repair(service) == []

    @pytest.mark.parametrize('wrong', [b'short', b'x' * len(jpeg())])
    def test_only_the_right_file_returns(self, service: Service, wrong: bytes) -> None:
        document, path = uploaded(service)
        aside = aside_of(service, path)
        aside.write_bytes(wrong)
        path.unlink()
        (finding,) = check(service, repairs=True)
        assert not finding.is_repaired
        aside.with_name(f'{aside.name}.7').write_bytes(jpeg())
        assert repair(service) == [f'missing c/{document["_id"]}']
        assert path.read_bytes() == jpeg()
        assert content(root(service) / 'quarantine') == [wrong]

    def test_a_report_alone_puts_nothing_back(self, service: Service) -> None:
        document, path = uploaded(service)
        aside = aside_of(service, path)
        path.rename(aside)
        assert lines(check(service)) == [f'missing c/{document["_id"]}']
        assert aside.exists()

    def test_one_at_a_time(self, service: Service) -> None:
        uploaded(service)
        with (
            UploadsFolder(root(service)).quarantine.taken(),
            pytest.raises(QuarantineError, match='Another check'),
        ):
            check(service, repairs=True)
        assert repair(service) == []

    def test_the_wrong_database_moves_nothing(self, service: Service) -> None:
        put(service, orphan_key())
        assert len(check(service)) == 1
        with pytest.raises(CheckError, match='has no collections'):
            check(service, repairs=True)
        assert len(service.stored_files()) == 1

    def test_the_database_away_moves_nothing(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        uploaded(service)
        put(service, orphan_key())
        before = service.stored_files()
        monkeypatch.setattr(Collection, 'find', failing(pymongo_errors.AutoReconnect()))
        with pytest.raises(DatabaseUnavailableError):
            check(service, repairs=True)
        assert service.stored_files() == before

    def test_the_database_away_at_the_second_look_moves_nothing(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        uploaded(service)
        put(service, orphan_key())
        before = service.stored_files()
        of = References.of

        def fail_later(*args: Any, **kwargs: Any) -> set[str]:
            if kwargs.get('exactly', True):
                return of(*args, **kwargs)
            raise DatabaseUnavailableError('')

        monkeypatch.setattr(References, 'of', fail_later)
        with pytest.raises(DatabaseUnavailableError):
            check(service, repairs=True)
        assert service.stored_files() == before


class TestWhileTheServiceWorks:
    """What happens between the first look and the second."""

    @pytest.mark.parametrize('look', [1, 2, 3])
    def test_an_upload_between_the_looks_is_left(
        self, service: Service, monkeypatch: pytest.MonkeyPatch, look: int
    ) -> None:
        uploaded(service)
        document, path = uploaded(service)
        (stored,) = service.database.c.find({'_id': bson.ObjectId(document['_id'])})
        forget(service, document)
        of, looks = References.of, [0]

        def insert_and_look(
            references: References, folder: str, names: list[str], exactly: bool = True
        ) -> set[str]:
            looks[0] += path.name in names
            if looks[0] == look and path.name in names:
                service.database.c.insert_one(stored)
            return of(references, folder, names, exactly)

        monkeypatch.setattr(References, 'of', insert_and_look)
        assert check(service, repairs=True) == []
        assert path.exists()

    def test_the_first_upload_of_a_new_collection_is_left(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        uploaded(service)
        sources = Inventory.sources
        made: list[Path] = []

        def list_and_upload(inventory: Inventory) -> list[Source]:
            found = sources(inventory)
            if not made:
                made.append(uploaded(service, 'new')[1])
            return found

        monkeypatch.setattr(Inventory, 'sources', list_and_upload)
        assert check(service, grace=0) == []
        assert made[0].exists()

    def test_a_delete_under_way_is_no_finding(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document, _ = uploaded(service)
        opened = DiskFiles.open

        def delete_and_open(files: DiskFiles, key: str) -> Any:
            service.client.simulate_delete(f'/collections/c/images/{document["_id"]}')
            return opened(files, key)

        monkeypatch.setattr(DiskFiles, 'open', delete_and_open)
        assert check(service, repairs=True) == []

    def test_a_file_that_goes_between_look_and_move_is_no_finding(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        document, path = uploaded(service)
        forget(service, document)
        replace = os.replace

        def remove_and_replace(source: Path, target: Path) -> None:
            path.unlink(missing_ok=True)
            replace(source, target)

        monkeypatch.setattr(os, 'replace', remove_and_replace)
        assert check(service, repairs=True) == []

    def test_the_files_of_a_drop_are_left_to_it(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ('c', 'c', 'other'):
            uploaded(service, name)
        service.database.c.insert_one({'image': 'old.jpg'})
        put(service, 'c/old.jpg')
        cut_off(service, monkeypatch)
        assert check(service, repairs=True) == []
        assert len(service.stored_files()) == 4
        service.parts.reconciler.run_once()
        assert len(service.stored_files()) == 1
        assert repair(service) == []

    def test_a_drop_between_the_looks_is_left(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        uploaded(service, 'other')
        _, path = uploaded(service)
        of = References.of

        def drop_and_look(*args: Any, **kwargs: Any) -> set[str]:
            if path.name in args[2] and 'c' in service.parts.mongo.collection_names():
                cut_off(service, monkeypatch)
            return of(*args, **kwargs)

        with monkeypatch.context() as patch:
            patch.setattr(References, 'of', drop_and_look)
            assert check(service, repairs=True) == []
        assert path.exists()

    def test_a_drop_under_the_documents_is_no_finding(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for _ in range(3):
            uploaded(service)
        opened = DiskFiles.open
        is_dropped: list[bool] = []

        def drop_and_open(files: DiskFiles, key: str) -> Any:
            if not is_dropped:
                is_dropped.append(True)
                service.client.simulate_delete('/collections/c')
            return opened(files, key)

        monkeypatch.setattr(DiskFiles, 'open', drop_and_open)
        assert check(service, repairs=True) == []

    def test_a_drop_frees_the_rest_for_the_check(self, service: Service) -> None:
        """A file that only looks as if it were of the dropped collection."""
        for name in ('c', 'other'):
            uploaded(service, name)
        key = put(service, orphan_key())
        service.client.simulate_delete('/collections/c')
        assert repair(service) == [f'orphaned images/{key}']


def cut_off(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        error = DatabaseUnavailableError('')
        patch.setattr(Drops, 'documents', failing(error))
        assert service.client.simulate_delete('/collections/c').status_code == 503


class TestLegacy:
    """Documents that tell of a name alone, files under names of clients."""

    def test_well(self, service: Service) -> None:
        for _ in range(2):
            service.database['old one'].insert_one({'image': 'a b.jpg'})
        put(service, 'old one/a b.jpg')
        assert check(service, is_deep=True) == []

    def test_missing(self, service: Service) -> None:
        key = service.database.old.insert_one({'image': 'a.jpg'}).inserted_id
        assert lines(check(service)) == [f'missing old/{key}']

    @pytest.mark.parametrize('name', ['../x', 'a/b', '', None, 7, 'CON', {'a': 1}])
    def test_a_name_that_can_be_nowhere(self, service: Service, name: Any) -> None:
        uploaded(service)
        service.database.old.insert_one({'image': name})
        (finding,) = check(service, repairs=True)
        assert (finding.kind, finding.is_repaired) == (FindingKind.MISSING, False)

    def test_orphan(self, service: Service) -> None:
        service.database.old.insert_one({'image': 'a.jpg'})
        put(service, 'old/a.jpg')
        put(service, 'old/b.jpg')
        put(service, 'older/a.jpg')
        assert repair(service) == [
            'orphaned images/old/b.jpg',
            'orphaned images/older/a.jpg',
        ]
        assert service.stored_files() == [root(service) / 'images/old/a.jpg']

    def test_newer_images_do_not_claim_a_name(self, service: Service) -> None:
        """`a.jpg` is the name that the client gave, not where the file is."""
        uploaded(service)
        put(service, 'c/a.jpg')
        assert lines(check(service)) == ['orphaned images/c/a.jpg']

    @pytest.mark.parametrize(
        'facts', ['text', [], [{'size': 1, 'type': '', 'sha256': ''}], {'size': 1}, {}]
    )
    def test_any_field_of_theirs_may_be_called_like_ours(
        self, service: Service, facts: Any
    ) -> None:
        service.database.old.insert_one({'image': 'a.jpg', '_file': facts})
        put(service, 'old/a.jpg')
        assert check(service, repairs=True) == []

    @pytest.mark.parametrize('kind', [[], {}, None, 7])
    def test_facts_that_are_none(self, service: Service, kind: Any) -> None:
        facts = {'size': 1, 'type': kind, 'sha256': ''}
        service.database.old.insert_one({'image': 'a.jpg', '_file': facts})
        (finding,) = check(service, repairs=True)
        assert finding.kind is FindingKind.MISSING

    @pytest.mark.parametrize(
        ('document', 'file'),
        [('A.JPG', 'a.jpg'), ('\u00e9.jpg', 'e\u0301.jpg'), ('e\u0301', '\u00e9')],
    )
    def test_names_that_a_file_system_takes_for_the_same(
        self, service: Service, document: str, file: str
    ) -> None:
        service.database.old.insert_one({'image': document})
        put(service, f'old/{file}')
        assert not [
            f for f in check(service, repairs=True) if f.kind is FindingKind.ORPHANED
        ]

    def test_a_folder_in_another_case(self, service: Service) -> None:
        service.database.Old.insert_one({'image': 'a.jpg'})
        put(service, 'old/a.jpg')
        assert not [
            f for f in check(service, repairs=True) if f.kind is FindingKind.ORPHANED
        ]

    def test_a_file_returns_with_its_document(self, service: Service) -> None:
        uploaded(service)
        put(service, 'old/a.jpg')
        repair(service)
        key = service.database.old.insert_one({'image': 'a.jpg'}).inserted_id
        assert repair(service) == [f'missing old/{key}']
        assert (root(service) / 'images/old/a.jpg').read_bytes() == b'orphan'

    def test_of_two_files_nobody_knows_the_right_one(self, service: Service) -> None:
        uploaded(service)
        for number in b'12':
            put(service, 'old/a.jpg', bytes([number]))
            repair(service)
        service.database.old.insert_one({'image': 'a.jpg'})
        (finding,) = check(service, repairs=True)
        assert not finding.is_repaired

    @pytest.mark.skipif(os.name == 'nt', reason='names are text there')
    def test_a_name_that_is_no_text(self, service: Service) -> None:
        service.database.old.insert_one({'image': 'a.jpg'})
        put(service, 'old/a.jpg')
        path = os.fsdecode(os.fsencode(root(service) / 'images/old') + b'/\xff.jpg')
        Path(path).write_bytes(b'')
        age(Path(path))
        assert len(repair(service)) == 1

    def test_an_id_of_another_kind(self, service: Service) -> None:
        uploaded(service)
        service.database.old.insert_one({'_id': 'text', 'image': 'a.jpg'})
        facts = {'size': 6, 'type': '', 'sha256': hashlib.sha256(b'orphan').hexdigest()}
        for hostile in ('../../../../x', '/etc/passwd', 'a' * 18 + '../x'):
            service.database.old.insert_one({'_id': hostile, '_file': facts})
        (root(service) / 'x').write_bytes(b'orphan')
        found = check(service, repairs=True)
        assert len(found) == 4
        assert {finding.is_repaired for finding in found} == {False}
        assert (root(service) / 'x').exists()


@pytest.mark.parametrize(
    'name',
    [
        *('a/b', 'a\\b', 'CON', 'a:b', '日本語', 'c ' * 30, 'x' * 140, 'A', 'a.b'),
        *('lost+found', 'quarantine', 'images', '*', '[a]', '%2e%2e', '-rf', '~'),
    ],
)
def test_hostile_collection_names(service: Service, name: str) -> None:
    document = {'_id': bson.ObjectId(), 'image': 'a.jpg', 'time': None}
    facts = {'type': 'image/jpeg', 'size': 6, 'sha256': '0'}
    service.database[name].insert_one({**document, '_file': facts})
    key = put(service, image_key(name, str(document['_id']), 'image/jpeg'))
    orphan = put(service, orphan_key(name))
    assert repair(service) == [f'orphaned images/{orphan}']
    (root(service) / 'images' / key).unlink()
    assert lines(check(service)) == [f'missing {name}/{document["_id"]}']


def test_two_collections_in_one_folder(service: Service) -> None:
    """One of this version whose folder is called like one of the earlier version."""
    _, path = uploaded(service)
    folder = path.relative_to(root(service) / 'images').parts[0]
    service.database[folder].insert_one({'image': 'a.jpg'})
    put(service, legacy_key(folder, 'a.jpg'))
    assert check(service, repairs=True) == []


def test_every_repair_keeps_every_byte(service: Service) -> None:
    for name in ('c', 'd'):
        forget(service, uploaded(service, name)[0], name)
        uploaded(service, name)
        for key in (orphan_key(name), f'{name}/x', f'{name}/y/z', f'{name}.txt'):
            put(service, key, key.encode())
    before = kept(service)
    assert len(repair(service)) == 10
    assert kept(service) == before
    assert repair(service) == []
    assert len(service.stored_files()) == 2


def many(service: Service, count: int) -> None:
    """Images as quickly as they can be made: tiny files, documents in bulk."""
    made = []
    digest = hashlib.sha256(b'x').hexdigest()
    for number in range(count):
        key = bson.ObjectId()
        put(service, image_key('many', str(key), 'image/jpeg'), b'x')
        facts = {'size': 1, 'type': 'image/jpeg', 'sha256': digest}
        made.append({'_id': key, 'image': f'{number}.jpg', '_file': facts})
        made[-1]['time'] = datetime.datetime.now(datetime.UTC)
    service.database.many.insert_many(made)


def test_memory_does_not_grow_with_the_images(service: Service) -> None:
    many(service, 1000)
    assert peak_bytes(checker(service, is_deep=True).run())[0] == 0
    _, few = peak_bytes(checker(service, is_deep=True).run())
    many(service, 4000)
    count, peak = peak_bytes(checker(service, is_deep=True).run())
    assert count == 0
    assert peak < 6_000_000
    assert peak < 3 * few


def test_memory_does_not_grow_with_orphaned_files(service: Service) -> None:
    many(service, 5000)
    service.database.many.delete_many({})
    count, peak = peak_bytes(checker(service, repairs=True).run())
    assert count == 5000
    assert peak < 6_000_000
    assert service.stored_files() == []
    assert len(content(root(service) / 'quarantine')) == 5000


def test_a_deep_repair_finds_out_what_is_whole(service: Service) -> None:
    whole, _ = uploaded(service)
    cut = service.client.upload(image=jpeg()[:-20])
    assert cut['_file']['whole'] is False
    service.database.c.update_many({}, {'$unset': {'_file.whole': ''}})
    for extent in ({'is_deep': True}, {'repairs': True}):
        assert check(service, **extent) == []
        assert (
            service.database.c.count_documents({'_file.whole': {'$exists': True}}) == 0
        )
    assert check(service, is_deep=True, repairs=True) == []
    for document in (whole, cut):
        path = f'/collections/c/images/{document["_id"]}'
        assert service.client.simulate_get(path).json == document


def test_a_deep_repair_leaves_alone_what_was_found_out(service: Service) -> None:
    uploaded(service)
    service.database.c.update_many({}, {'$set': {'_file.whole': None}})
    assert check(service, is_deep=True, repairs=True) == []
    (found,) = service.database.c.find()
    assert found['_file']['whole'] is None


def test_nothing_is_said_of_the_end_of_a_damaged_file(service: Service) -> None:
    _, path = uploaded(service)
    service.database.c.update_many({}, {'$unset': {'_file.whole': ''}})
    path.write_bytes(path.read_bytes()[:-2] + b'xx')
    (finding,) = check(service, is_deep=True, repairs=True)
    assert finding.kind is FindingKind.DAMAGED
    (found,) = service.database.c.find()
    assert 'whole' not in found['_file']
