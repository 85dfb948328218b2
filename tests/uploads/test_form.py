"""Each trap of the form parser, and each limit, in a form that shows it."""

import errno
import hashlib
import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falcon_images.errors import (
    InvalidRequestError,
    NotAnImageError,
    StorageFullError,
    StorageUnavailableError,
    TooLargeError,
)
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.spool import UploadSpool
from falcon_images.settings import Limits, Settings
from falcon_images.uploads.form import Upload, receive_upload
from tests.support.pictures import SVG, jpeg
from tests.support.service import Form, form

IMAGE = ('image', jpeg(), 'a.jpg')
LIMITS = Settings().limits


@pytest.fixture
def files(tmp_path: Path) -> UploadSpool:
    made = UploadsFolder(tmp_path)
    made.prepare()
    return made.spool


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path: Path) -> Any:
    yield
    assert list(tmp_path.rglob('*.part')) == []


def receive(
    files: UploadSpool, sent: Form, limits: Limits = LIMITS
) -> tuple[Upload, bytes]:
    stream = io.BytesIO(sent.body)
    with receive_upload(stream, sent.content_type, files, limits) as upload:
        upload.file.seek(0)
        return upload, upload.file.read()


class OneFile(UploadSpool):
    """A store whose one file is in memory."""

    def __init__(self) -> None:
        pass

    def new_file(self) -> Any:
        return io.BytesIO()


def received_behind(boundary: bytes, content_type: str) -> bytes:
    """Send an image behind a boundary, and return what is received of it."""
    body = form(IMAGE).body.replace(b'--limit', b'--' + boundary)
    return receive(OneFile(), Form(body, content_type))[1]


def raw_part(header: bytes, content: bytes = b'x') -> bytes:
    return b'--limit\r\n' + header + b'\r\n\r\n' + content + b'\r\n'


def raw_form(*parts: bytes, end: bytes = b'--limit--\r\n') -> Form:
    return Form(b''.join(parts) + end, 'multipart/form-data; boundary=limit')


def image_part(header: bytes) -> bytes:
    return raw_part(b'Content-Disposition: form-data; ' + header, jpeg())


def test_a_form_becomes_a_file_and_properties(files: UploadSpool) -> None:
    upload, content = receive(files, form(('ai_prediction', 'OK'), IMAGE))
    assert content == jpeg()
    assert upload.name == 'a.jpg'
    assert upload.size == len(jpeg())
    assert upload.sha256 == hashlib.sha256(jpeg()).hexdigest()
    assert (upload.facts.type, upload.facts.width) == ('image/jpeg', 64)
    assert upload.properties == {'ai_prediction': 'OK'}


def test_fields_may_come_before_and_after_the_image(files: UploadSpool) -> None:
    upload, _ = receive(files, form(('a', '1'), IMAGE, ('b', ''), ('é', '日本')))
    assert upload.properties == {'a': '1', 'b': '', 'é': '日本'}


def test_a_field_that_repeats_becomes_a_list(files: UploadSpool) -> None:
    fields = [('a', '1'), ('b', 'x'), ('a', '2'), ('a', '3')]
    upload, _ = receive(files, form(*fields, IMAGE))
    assert upload.properties == {'a': ['1', '2', '3'], 'b': 'x'}


@pytest.mark.parametrize('name', ['json', 'json_properties', 'properties_json'])
def test_a_json_field_gives_typed_properties(files: UploadSpool, name: str) -> None:
    text = '{"score": 0.5, "n": {"a": [1, null]}, "label": "typed"}'
    upload, _ = receive(files, form(('label', 'plain'), (name, text), IMAGE))
    assert upload.properties == {
        'label': 'typed',
        'score': 0.5,
        'n': {'a': [1, None]},
    }


def test_json_wins_over_plain_fields_that_come_later(files: UploadSpool) -> None:
    upload, _ = receive(files, form(('json', '{"a": 1}'), IMAGE, ('a', '2')))
    assert upload.properties == {'a': 1}


@pytest.mark.parametrize('text', ['', '[1]', '{"a":', '{"a": NaN}', 'null'])
def test_a_json_field_that_is_no_object_is_refused(
    files: UploadSpool, text: str
) -> None:
    with pytest.raises(InvalidRequestError, match='The field "json"'):
        receive(files, form(('json', text), IMAGE))


@pytest.mark.parametrize('name', ['_id', 'time', '_file'])
def test_a_system_field_is_refused(files: UploadSpool, name: str) -> None:
    with pytest.raises(InvalidRequestError, match=repr(name)):
        receive(files, form(IMAGE, (name, '1')))
    with pytest.raises(InvalidRequestError, match=repr(name)):
        receive(files, form(IMAGE, ('json', f'{{"{name}": 1}}')))


@pytest.mark.parametrize('name', ['$where', 'a.b', '$'])
def test_a_name_that_cannot_be_stored_is_refused(files: UploadSpool, name: str) -> None:
    with pytest.raises(InvalidRequestError, match='property name'):
        receive(files, form(IMAGE, (name, '1')))


def test_a_name_with_a_nul_is_refused(files: UploadSpool) -> None:
    part = raw_part(b'Content-Disposition: form-data; name="a\0b"')
    with pytest.raises(InvalidRequestError):
        receive(files, raw_form(part, image_part(b'name="image"; filename="a"')))


def test_no_image_is_refused(files: UploadSpool) -> None:
    with pytest.raises(InvalidRequestError, match='no file part named "image"'):
        receive(files, form(('a', '1')))
    with pytest.raises(InvalidRequestError):
        receive(files, raw_form())
    # As a browser sends it when no file was chosen.
    with pytest.raises(InvalidRequestError, match='no file part named "image"'):
        receive(files, form(('image', b'', '')))


def test_a_second_image_is_refused(files: UploadSpool) -> None:
    with pytest.raises(InvalidRequestError, match='second part named "image"'):
        receive(files, form(IMAGE, ('a', '1'), IMAGE))


def test_an_image_without_a_file_name_is_refused(files: UploadSpool) -> None:
    with pytest.raises(InvalidRequestError, match='must be a file'):
        receive(files, form(('image', jpeg())))


def test_a_file_under_another_name_is_refused(files: UploadSpool) -> None:
    with pytest.raises(InvalidRequestError, match='\'photo\' must be named "image"'):
        receive(files, form(IMAGE, ('photo', jpeg(), 'b.jpg')))


@pytest.mark.parametrize('content', [b'', b'hello', b'<html></html>', b'\xff\xd8'])
def test_what_is_no_image_is_refused(files: UploadSpool, content: bytes) -> None:
    with pytest.raises(NotAnImageError):
        receive(files, form(('image', content, 'a.jpg')))


def test_the_type_is_found_from_the_bytes(files: UploadSpool) -> None:
    header = b'name="image"; filename="a.html"\r\nContent-Type: text/html'
    upload, _ = receive(files, raw_form(image_part(header)))
    assert upload.facts.type == 'image/jpeg'
    upload, _ = receive(files, form(('image', SVG, 'a.png')))
    assert upload.facts.type == 'image/svg+xml'


def test_every_cut_of_a_form_is_refused(files: UploadSpool) -> None:
    whole = form(('a', '1'), IMAGE, ('b', '2'))
    for length in range(len(whole.body) - 3):
        with pytest.raises((InvalidRequestError, NotAnImageError)):
            receive(files, Form(whole.body[:length], whole.content_type))


@pytest.mark.parametrize('end', [b'', b'-', b'x--'])
def test_a_form_without_its_closing_boundary_is_refused(
    files: UploadSpool, end: bytes
) -> None:
    with pytest.raises(InvalidRequestError, match='ends too early'):
        receive(files, form(('a', '1'), IMAGE, end=end))


def test_text_after_the_closing_boundary_is_ignored(files: UploadSpool) -> None:
    sent = form(IMAGE)
    epilogue = b'x' * 100_000 + b'\r\n--limit\r\n'
    assert receive(files, Form(sent.body + epilogue, sent.content_type))[1] == jpeg()


@pytest.mark.parametrize(
    'header',
    [
        b'Content-Disposition: form-data',
        b'Content-Disposition: form-data; name=""',
        b'Content-Disposition: form-data; filename="x"',
        b'Content-Type: text/plain',
        b'X: y',
        b'',
    ],
)
def test_a_part_without_a_name_is_refused(files: UploadSpool, header: bytes) -> None:
    image = image_part(b'name="image"; filename="a.jpg"')
    with pytest.raises(InvalidRequestError):
        receive(files, raw_form(raw_part(header), image))
    with pytest.raises(InvalidRequestError):
        receive(files, raw_form(image, raw_part(header)))


def test_a_part_with_two_names_is_refused(files: UploadSpool) -> None:
    header = b'Content-Disposition: form-data; name="a"\r\n'
    header += b'Content-Disposition: form-data; name="image"; filename="b"'
    with pytest.raises(InvalidRequestError):
        receive(files, raw_form(raw_part(header, jpeg())))


@pytest.mark.parametrize(
    'content_type',
    [
        'multipart/form-data',
        'multipart/form-data; boundary=',
        'multipart/form-data; boundary=other',
        'multipart/form-data; boundary="' + 'x' * 5000 + '"',
        'multipart/form-data; boundary="\u65e5"',
    ],
)
def test_a_boundary_that_does_not_fit_is_refused(
    files: UploadSpool, content_type: str
) -> None:
    with pytest.raises(InvalidRequestError):
        receive(files, Form(form(IMAGE).body, content_type))


@pytest.mark.parametrize(
    'body', [b'', b'x', b'\r\n', b'--', b'--limit', b'--limit--', b'\0' * 100_000]
)
def test_a_body_that_is_no_form_is_refused(files: UploadSpool, body: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        receive(files, Form(body, 'multipart/form-data; boundary=limit'))


@pytest.mark.parametrize(
    ('header', 'name'),
    [
        (b'filename="a.jpg"', 'a.jpg'),
        (b'filename=a.jpg', 'a.jpg'),
        (b'filename=""', ''),
        (b'filename="../../x"', '../../x'),
        (rb'filename="C:\images\new\a.jpg"', r'C:\images\new\a.jpg'),
        (rb'filename="C:\\images\\a.jpg"', r'C:\images\a.jpg'),
        (rb'filename="\\server\share\a.jpg"', r'\server\share\a.jpg'),
        (rb'filename="a\"b.jpg"', 'a"b.jpg'),
        (b'filename="a%22b.jpg"', 'a%22b.jpg'),
        (b'filename="a;b=c.jpg"', 'a;b=c.jpg'),
        ('filename="日本 1.jpg"'.encode(), '日本 1.jpg'),
        (b'filename="x.jpg"; filename*=UTF-8\'\'%e6%97%a5.jpg', '日.jpg'),
        (b"filename*=UTF-8''%e6%97%a5.jpg", '日.jpg'),
        (b'filename="a\0b.jpg"', 'a\0b.jpg'),
        (b'filename="CON"', 'CON'),
        (b'filename="' + b'n' * 1000 + b'"', 'n' * 1000),
    ],
)
def test_the_file_name_is_kept_as_it_was_sent(
    files: UploadSpool, header: bytes, name: str
) -> None:
    upload, content = receive(files, raw_form(image_part(b'name="image"; ' + header)))
    assert (upload.name, content) == (name, jpeg())


@pytest.mark.parametrize('encoding', ['shift-jis', 'latin-1', 'utf-16'])
def test_a_file_name_that_is_not_utf_8_is_refused(
    files: UploadSpool, encoding: str
) -> None:
    text = 'é' if encoding == 'latin-1' else '日本'
    header = b'name="image"; filename="' + text.encode(encoding) + b'"'
    with pytest.raises(InvalidRequestError, match='UTF-8'):
        receive(files, raw_form(image_part(header)))


def test_a_field_that_is_not_utf_8_is_refused_by_name(files: UploadSpool) -> None:
    with pytest.raises(InvalidRequestError, match="The field 'a' is not UTF-8"):
        receive(files, form(IMAGE, ('a', '日本'.encode('shift-jis'))))


def test_4_mb_of_part_headers_are_refused(files: UploadSpool) -> None:
    header = b'Content-Disposition: form-data; name="a"\r\nX: ' + b'y' * 4_000_000
    with pytest.raises(InvalidRequestError, match='MAX_PART_HEADER_BYTES'):
        receive(files, raw_form(raw_part(header)))


def test_part_headers_are_bounded_exactly(files: UploadSpool) -> None:
    head = b'\r\nContent-Disposition: form-data; name="image"; filename="a"'
    limits = replace(LIMITS, max_part_header_bytes=len(head))
    sent = raw_form(raw_part(head[2:], jpeg()))
    assert receive(files, sent, limits)[1] == jpeg()
    limits = replace(LIMITS, max_part_header_bytes=len(head) - 1)
    with pytest.raises(InvalidRequestError, match='MAX_PART_HEADER_BYTES'):
        receive(files, sent, limits)


def test_10_000_fields_are_refused(files: UploadSpool) -> None:
    fields = [(f'f{number}', 'x') for number in range(10_000)]
    with pytest.raises(InvalidRequestError, match='MAX_PARTS'):
        receive(files, form(IMAGE, *fields))


def test_parts_are_bounded_exactly(files: UploadSpool) -> None:
    sent = form(IMAGE, ('a', '1'), ('b', '2'))
    assert receive(files, sent, replace(LIMITS, max_parts=3))[0].properties
    with pytest.raises(InvalidRequestError, match='MAX_PARTS'):
        receive(files, sent, replace(LIMITS, max_parts=2))


def test_field_bytes_are_bounded_exactly(files: UploadSpool) -> None:
    sent = form(IMAGE, ('a', 'x' * 60), ('b', 'y' * 40))
    assert receive(files, sent, replace(LIMITS, max_properties_bytes=100))
    with pytest.raises(TooLargeError, match='MAX_PROPERTIES_BYTES'):
        receive(files, sent, replace(LIMITS, max_properties_bytes=99))


def test_image_bytes_are_bounded_exactly(files: UploadSpool) -> None:
    assert receive(files, form(IMAGE), replace(LIMITS, max_image_bytes=len(jpeg())))
    with pytest.raises(TooLargeError, match='MAX_IMAGE_BYTES'):
        receive(files, form(IMAGE), replace(LIMITS, max_image_bytes=len(jpeg()) - 1))


@pytest.mark.parametrize(
    'parts',
    [
        [('image', jpeg(), 'n' * 11)],
        [('image', jpeg(), '日' * 4)],
        [('n' * 11, 'x'), IMAGE],
        [('json', '{"' + 'n' * 11 + '": 1}'), IMAGE],
        [('json', '{"a": [{"' + '日' * 4 + '": 1}]}'), IMAGE],
    ],
)
def test_names_are_bounded(files: UploadSpool, parts: Any) -> None:
    with pytest.raises(InvalidRequestError, match='MAX_NAME_BYTES'):
        receive(files, form(*parts), replace(LIMITS, max_name_bytes=10))
    assert receive(files, form(*parts), replace(LIMITS, max_name_bytes=12))


def test_depth_of_json_is_bounded(files: UploadSpool) -> None:
    sent = form(IMAGE, ('json', '{"a": {"b": {}}}'))
    assert receive(files, sent, replace(LIMITS, max_json_depth=3))
    with pytest.raises(InvalidRequestError, match='nested too deeply'):
        receive(files, sent, replace(LIMITS, max_json_depth=2))


def test_a_boundary_inside_an_image_does_not_end_it(files: UploadSpool) -> None:
    tail = b'--limit\r\n\r\n--limi\r\n--limitX\r\n\r\n-\r\n--\r--limit--'
    content = jpeg() + tail * 5000
    assert receive(files, form(('image', content, 'a.jpg')))[1] == content


@given(st.data())
def test_any_bytes_in_any_pieces_arrive_as_they_were(data: st.DataObject) -> None:
    """The stream is cut where the reader, not the sender, likes."""
    pieces = st.sampled_from(
        [b'\r\n--limit', b'\r\n--', b'\r', b'\n', b'-', b'x', b'--']
    )
    tail = b'y' * data.draw(st.integers(0, 3000))
    tail += b''.join(data.draw(st.lists(pieces, max_size=40)))
    # A delimiter, or what is one but for its line breaks.
    if re.search(rb'\r\n--limit(--|[\r\n])', tail + b'\r\n'):
        return
    content = jpeg() + tail
    sent = form(('a', '1'), ('image', content, 'a.jpg'), ('b', '2' * 2000))
    sent.body += tail
    sizes = data.draw(st.lists(st.integers(1, 2500), min_size=1, max_size=20))

    class Pieces(io.BytesIO):
        turn = 0

        def read(self, size: int | None = -1) -> bytes:
            self.turn += 1
            return super().read(sizes[self.turn % len(sizes)])

    stream = Pieces(sent.body)
    with receive_upload(stream, sent.content_type, OneFile(), LIMITS) as upload:
        assert upload.file.getvalue() == content  # type: ignore[attr-defined]
        assert upload.properties == {'a': '1', 'b': '2' * 2000}


@pytest.mark.parametrize(
    ('number', 'error'),
    [
        (errno.ENOSPC, StorageFullError),
        (errno.EDQUOT, StorageFullError),
        (errno.EIO, StorageUnavailableError),
    ],
)
def test_a_disk_that_takes_no_more_is_reported(
    files: UploadSpool,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    error: type[Exception],
) -> None:
    def fail(self: object, chunk: bytes) -> int:
        raise OSError(number, 'the disk')

    class FailingFile(io.BytesIO):
        write = fail  # type: ignore[assignment]

    monkeypatch.setattr(files, 'new_file', FailingFile)
    with pytest.raises(error):
        receive(files, form(IMAGE))
