"""Forms that are written in other ways than most: understood, or refused by name."""

import base64
import io
import quopri
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from falcon_images.errors import InvalidRequestError, TooLargeError
from falcon_images.files.folder import UploadsFolder
from falcon_images.files.spool import UploadSpool
from falcon_images.settings import Limits, Settings
from falcon_images.uploads.encodings import decoder_of
from falcon_images.uploads.form import receive_upload
from tests.support.pictures import jpeg

TYPE = 'multipart/form-data; boundary=X'


def part(name: bytes, value: bytes, *lines: bytes, padding: bytes = b'') -> bytes:
    named = b'Content-Disposition: form-data; name="' + name + b'"'
    header = b'\r\n'.join((named, *lines))
    return b'--X' + padding + b'\r\n' + header + b'\r\n\r\n' + value + b'\r\n'


def image(value: bytes = jpeg(), *lines: bytes) -> bytes:
    return part(b'image"; filename="a.jpg', value, *lines)


@pytest.fixture
def files(tmp_path: Path) -> UploadSpool:
    made = UploadsFolder(tmp_path)
    made.prepare()
    return made.spool


def receive(
    files: UploadSpool, body: bytes, limits: Limits | None = None
) -> tuple[bytes, dict[str, Any]]:
    stream = io.BytesIO(body)
    with receive_upload(stream, TYPE, files, limits or Settings().limits) as upload:
        upload.file.seek(0)
        return upload.file.read(), upload.properties


@pytest.mark.parametrize('padding', [b' ', b'\t', b' \t ' * 300])
@pytest.mark.parametrize('place', [0, 1, 2])
def test_blanks_behind_a_delimiter_are_padding(
    files: UploadSpool, padding: bytes, place: int
) -> None:
    pads = [b'', b'', b'']
    pads[place] = padding
    body = part(b'a', b'1', padding=pads[0])
    body += b'--X' + pads[1] + image()[3:] + part(b'b', b'2', padding=pads[2])
    assert receive(files, body + b'--X--\r\n') == (jpeg(), {'a': '1', 'b': '2'})


def test_blanks_behind_the_last_delimiter_are_padding(files: UploadSpool) -> None:
    assert receive(files, image() + b'--X-- \t\r\n')[0] == jpeg()


@pytest.mark.parametrize(
    'preamble',
    [
        b'This is a message in several parts.\r\n',
        b'\r\n',
        b'\r\n\r\n',
        b'a line\nanother\n',
        b'--Y\r\n\r\n',
        b'text --X\r\n',
        b'x' * 200_000 + b'\r\n',
    ],
)
def test_text_before_the_first_delimiter_is_ignored(
    files: UploadSpool, preamble: bytes
) -> None:
    body = preamble + part(b'a', b'1') + image() + b'--X--'
    assert receive(files, body) == (jpeg(), {'a': '1'})


def test_a_part_without_a_line_of_its_own_is_empty(files: UploadSpool) -> None:
    body = image() + part(b'a', b'')[:-2] + part(b'b', b'')[:-2] + b'--X--'
    assert receive(files, body) == (jpeg(), {'a': '', 'b': ''})


@pytest.mark.parametrize(
    'body',
    [
        (image() + part(b'a', b'1') + b'--X--\r\n').replace(b'\r\n', b'\n'),
        (image() + part(b'a', b'1') + b'--X--\r\n').replace(b'--X\r\n', b'--X\n'),
        image()[:-2] + b'\n--X--\r\n',
        image() + part(b'a', b'1')[:-2] + b'\n' + part(b'b', b'2') + b'--X--',
        image() + b'--X\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--X--',
        image() + b'--X\r\r\n' + part(b'a', b'1')[5:] + b'--X--',
        image() + part(b'a', b'1').replace(b'\r\n\r\n', b'\n\n') + part(b'b', b'2'),
    ],
)
def test_lines_that_do_not_end_in_cr_lf_are_refused_by_name(
    files: UploadSpool, body: bytes
) -> None:
    with pytest.raises(InvalidRequestError, match='CR LF'):
        receive(files, body)


@pytest.mark.parametrize('after', [b' x\r\n', b' --\r\n', b' ' * 2000 + b'\r\n'])
def test_text_behind_a_delimiter_is_refused(files: UploadSpool, after: bytes) -> None:
    with pytest.raises(InvalidRequestError, match='delimiter'):
        receive(files, image() + b'--X' + after + part(b'a', b'1') + b'--X--')


def test_a_boundary_that_is_not_in_the_body_is_named(files: UploadSpool) -> None:
    with pytest.raises(InvalidRequestError, match='boundary'):
        receive(files, (image() + b'--X--\r\n').replace(b'--X', b'--Y'))


ENCODED: dict[str, Callable[[bytes], bytes]] = {
    'base64': base64.b64encode,
    'BASE64': base64.encodebytes,
    'quoted-printable': quopri.encodestring,
    'Quoted-Printable ': lambda data: quopri.encodestring(data, quotetabs=True),
    '8bit': bytes,
    '7bit': bytes,
    'Binary': bytes,
    '': bytes,
}


@pytest.mark.parametrize('encoding', ENCODED)
def test_a_transfer_encoding_is_undone(files: UploadSpool, encoding: str) -> None:
    line = b'Content-Transfer-Encoding: ' + encoding.encode()
    encode = ENCODED[encoding]
    text = 'Größe = 1 '
    body = part(b'a', encode(text.encode()), line) + image(encode(jpeg()), line)
    assert receive(files, body + b'--X--') == (jpeg(), {'a': text})


def test_a_line_break_of_quoted_printable_is_one(files: UploadSpool) -> None:
    line = b'Content-Transfer-Encoding: quoted-printable'
    body = part(b'a', b'one \t\r\ntwo=\r\n three=3D=20', line) + image()
    assert receive(files, body + b'--X--')[1] == {'a': 'one\r\ntwo three= '}


@given(st.binary(max_size=3000), st.integers(1, 500))
def test_base64_in_any_pieces_is_what_it_was(data: bytes, size: int) -> None:
    encoded = base64.encodebytes(data)
    decoder = decoder_of('base64', 'a')
    assert decoder is not None
    pieces = [encoded[at : at + size] for at in range(0, len(encoded), size)]
    assert b''.join(map(decoder.feed, pieces)) + decoder.end() == data


@given(st.binary(max_size=3000), st.integers(1, 500))
def test_quoted_printable_in_any_pieces_is_what_it_was(data: bytes, size: int) -> None:
    encoded = quopri.encodestring(data.replace(b'\n', b'').replace(b'\r', b''))
    decoder = decoder_of('quoted-printable', 'a')
    assert decoder is not None
    pieces = [encoded[at : at + size] for at in range(0, len(encoded), size)]
    found = b''.join(map(decoder.feed, pieces)) + decoder.end()
    assert found == quopri.decodestring(encoded)


@pytest.mark.parametrize(
    ('encoding', 'value'),
    [
        (b'base64', b'QUI'),
        (b'base64', b'QUI*'),
        (b'base64', b'QQ==QUJD'),
        (b'base64', b'\xff\xd8\xff\xe0'),
        (b'quoted-printable', b'a=4'),
        (b'quoted-printable', b'a=zz'),
        (b'gzip', b'a'),
        (b'x-uuencode', b'a'),
        (b'base64, gzip', b'a'),
    ],
)
def test_what_cannot_be_decoded_is_refused_by_name(
    files: UploadSpool, encoding: bytes, value: bytes
) -> None:
    line = b'Content-Transfer-Encoding: ' + encoding
    for body in (image() + part(b'a', value, line), image(value, line)):
        with pytest.raises(InvalidRequestError, match='Content-Transfer-Encoding'):
            receive(files, body + b'--X--')


def test_the_limits_are_of_what_was_encoded(files: UploadSpool) -> None:
    body = image(base64.b64encode(jpeg()), b'Content-Transfer-Encoding: base64')
    exact = Settings(max_image_bytes=len(jpeg())).limits
    assert receive(files, body + b'--X--', exact)[0] == jpeg()
    with pytest.raises(TooLargeError):
        receive(
            files, body + b'--X--', Settings(max_image_bytes=len(jpeg()) - 1).limits
        )


def test_a_line_of_quoted_printable_is_bounded(files: UploadSpool) -> None:
    line = b'Content-Transfer-Encoding: quoted-printable'
    with pytest.raises(InvalidRequestError, match='line'):
        receive(files, image(b'x' * 200_000, line) + b'--X--')


CHARSETS = [
    ('utf-8', 'utf-8'),
    ('"UTF-8"', 'utf-8'),
    ('utf8', 'utf-8'),
    ('us-ascii', 'utf-8'),
    ('iso-8859-1', 'latin-1'),
    ('windows-1252', 'cp1252'),
    ('utf-16', 'utf-16'),
    ('utf-16le', 'utf-16-le'),
    ('UTF-16BE', 'utf-16-be'),
    ('utf-32', 'utf-32'),
]


@pytest.mark.parametrize(('charset', 'codec'), CHARSETS)
def test_a_field_is_text_of_its_charset(
    files: UploadSpool, charset: str, codec: str
) -> None:
    line = f'Content-Type: text/plain; charset={charset}'.encode()
    body = part(b'a', 'Größe'.encode(codec), line) + image() + b'--X--'
    assert receive(files, body)[1] == {'a': 'Größe'}


def test_japanese_is_text_of_its_charset(files: UploadSpool) -> None:
    codecs = ('shift_jis', 'cp932', 'euc-jp', 'iso-2022-jp')
    for codec in codecs:
        charset = 'Windows-31J' if codec == 'cp932' else codec
        line = f'Content-Type: text/plain; charset={charset}'.encode()
        body = part(b'a', 'キズあり'.encode(codec), line) + image() + b'--X--'
        assert receive(files, body)[1] == {'a': 'キズあり'}


@pytest.mark.parametrize('marked', [True, False])
def test_utf_16_is_read_only_if_the_order_of_its_bytes_is_known(
    files: UploadSpool, marked: bool
) -> None:
    value = (b'\xfe\xff' if marked else b'') + 'OK'.encode('utf-16-be')
    body = part(b'a', value, b'Content-Type: text/plain; charset=utf-16') + image()
    if marked:
        assert receive(files, body + b'--X--')[1] == {'a': 'OK'}
        return
    with pytest.raises(InvalidRequestError, match='byte order mark'):
        receive(files, body + b'--X--')


def test_the_form_can_name_the_charset_of_all_fields(files: UploadSpool) -> None:
    own = part(b'b', 'é'.encode(), b'Content-Type: text/plain; charset=utf-8')
    body = part(b'a', 'é'.encode('latin-1')) + own + image()
    body += part(b'_charset_', b'iso-8859-1') + b'--X--'
    properties = receive(files, body)[1]
    assert properties == {'a': 'é', 'b': 'é', '_charset_': 'iso-8859-1'}


@pytest.mark.parametrize('charset', ['nonsense', 'hex', 'zip', 'punycode', 'undefined'])
def test_a_charset_that_is_not_known_is_refused_by_name(
    files: UploadSpool, charset: str
) -> None:
    line = f'Content-Type: text/plain; charset={charset}'.encode()
    with pytest.raises(InvalidRequestError, match=charset):
        receive(files, part(b'a', b'41', line) + image() + b'--X--')


def test_text_that_is_not_of_its_charset_is_refused_by_name(files: UploadSpool) -> None:
    line = b'Content-Type: text/plain; charset=shift_jis'
    with pytest.raises(InvalidRequestError, match="'a' is not shift_jis text"):
        receive(files, part(b'a', b'\xff\xff', line) + image() + b'--X--')


def test_json_may_have_a_byte_order_mark_and_a_charset(files: UploadSpool) -> None:
    text = '{"größe": 0.9}'
    marked = part(b'json', text.encode('utf-8-sig'))
    line = b'Content-Type: application/json; charset=utf-16'
    wide = part(b'json', text.encode('utf-16'), line)
    for sent in (marked, wide):
        assert receive(files, sent + image() + b'--X--')[1] == {'größe': 0.9}


def test_a_form_in_a_part_is_refused_by_name(files: UploadSpool) -> None:
    inner = part(b'a', b'1', b'Content-Type: multipart/mixed; boundary=Y')
    with pytest.raises(InvalidRequestError, match='a form of its own'):
        receive(files, inner + image() + b'--X--')
