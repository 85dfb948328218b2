"""The headers of parts as programs in use write them, and what they mean."""

import pytest

from falcon_images.errors import InvalidRequestError
from falcon_images.uploads.boundaries import boundary_of
from falcon_images.uploads.headers import PartHeader, read_part_header, read_value

FORM = b'Content-Disposition: form-data; '


def header(*lines: bytes) -> PartHeader:
    return read_part_header(b'\r\n'.join((b'', *lines)))


# Program, the lines that it writes, and the names that it means.
CORPUS = {
    'requests field': ([FORM + b'name="a"'], 'a', None),
    'requests file': ([FORM + b'name="image"; filename="a.jpg"'], 'image', 'a.jpg'),
    'urllib3 1, not ASCII': (
        [FORM + b'name="image"; filename*=utf-8\'\'%C3%A9.jpg'],
        *('image', 'é.jpg'),
    ),
    'urllib3 2, not ASCII': (
        [FORM + 'name="é"; filename="é.jpg"'.encode(), b'Content-Type: image/jpeg'],
        *('é', 'é.jpg'),
    ),
    'curl, a quote and a backslash': (
        [FORM + rb'name="a\"b"; filename="c\\d.jpg"'],
        *('a"b', r'c\d.jpg'),
    ),
    'curl, percent': ([FORM + b'name="a%22b"; filename="x"'], 'a%22b', 'x'),
    'Chromium and Firefox': (
        [
            FORM + 'name="größe"; filename="日本 %22.jpg"'.encode(),
            b'Content-Type: image/jpeg',
        ],
        *('größe', '日本 %22.jpg'),
    ),
    'Internet Explorer, whole path': (
        [FORM + rb'name="image"; filename="C:\images\new\a.jpg"'],
        *('image', r'C:\images\new\a.jpg'),
    ),
    '.NET, bare names': ([FORM + b'name=image; filename=a.jpg'], 'image', 'a.jpg'),
    '.NET, bare and extended': (
        [
            b'Content-Type: image/jpeg',
            FORM + b"name=image; filename=a.jpg; filename*=utf-8''a.jpg",
        ],
        *('image', 'a.jpg'),
    ),
    '.NET, not ASCII': (
        [
            FORM + b'name="=?utf-8?B?R3LDtsOfZQ==?="; '
            b'filename="=?utf-8?B?5pel5pysLmpwZw==?="; '
            b"filename*=utf-8''%E6%97%A5%E6%9C%AC.jpg"
        ],
        *('Größe', '日本.jpg'),
    ),
    '.NET, order of headers': (
        [b'Content-Type: text/plain; charset=utf-8', FORM + b'name=label'],
        *('label', None),
    ),
    'PowerShell 7': (
        [FORM + b'name="image"; filename="a b.jpg"; filename*=utf-8\'\'a%20b.jpg'],
        *('image', 'a b.jpg'),
    ),
    'PowerShell by hand': ([FORM + b'name=image;filename=a b.jpg'], 'image', 'a b.jpg'),
    'Node form-data': (
        [FORM + b'name="image"; filename="a.jpg"', b'Content-Type: image/jpeg'],
        *('image', 'a.jpg'),
    ),
    'undici': (
        [FORM + b'name="image"; filename="a%0Ab.jpg"', b'Content-Type: image/jpeg'],
        *('image', 'a%0Ab.jpg'),
    ),
    'Apache HttpClient': (
        [
            FORM + b'name="image"; filename="a.jpg"',
            b'Content-Type: application/octet-stream',
            b'Content-Transfer-Encoding: binary',
        ],
        *('image', 'a.jpg'),
    ),
    'Apache HttpClient, extended': (
        [FORM + b'name="image"; filename="?.jpg"; filename*=UTF-8\'\'%E6%97%A5.jpg'],
        *('image', '日.jpg'),
    ),
    'OkHttp': (
        [FORM + b'name="label"', b'Content-Length: 2'],
        *('label', None),
    ),
    'Go': (
        [FORM + rb'name="image"; filename="a\\b\".jpg"', b'Content-Type: image/png'],
        *('image', 'a\\b".jpg'),
    ),
    'Qt': (
        [b'Content-Type: image/jpeg', FORM + b'name="image"; filename="a.jpg"'],
        *('image', 'a.jpg'),
    ),
    'a gateway, small letters': (
        [b'content-disposition:form-data;name="image";filename="a.jpg"'],
        *('image', 'a.jpg'),
    ),
    'a gateway, capital letters': (
        [b'CONTENT-DISPOSITION: FORM-DATA; NAME="image"; FILENAME="a.jpg"'],
        *('image', 'a.jpg'),
    ),
    'a mail library, folded': (
        [b'Content-Disposition: form-data;', b'\tname="image";', b' filename="a.jpg"'],
        *('image', 'a.jpg'),
    ),
    'a mail library, in pieces': (
        [FORM + b"name=a; filename*0*=UTF-8''%E6%97; filename*1*=%A5; filename*2=.jpg"],
        *('a', '日.jpg'),
    ),
    'a mail library, two words': (
        [FORM + b'name="=?UTF-8?Q?a_=E6?= =?UTF-8?Q?=97=A5?="'],
        *('a 日', None),
    ),
    'tabs, blanks and a last semicolon': (
        [b'Content-Disposition :\tform-data\t;\tname = "a" ;;\tfilename = b.jpg ; '],
        *('a', 'b.jpg'),
    ),
    'another charset': ([FORM + b"name*=iso-8859-1'de'Gr%F6%DFe"], 'Größe', None),
    'an extended value in quotes': (
        [FORM + b'name=a; filename*="utf-8\'\'%C3%A9"'],
        *('a', 'é'),
    ),
    'no file chosen': ([FORM + b'name="image"; filename='], 'image', ''),
}


@pytest.mark.parametrize('program', CORPUS)
def test_names_are_those_that_were_meant(program: str) -> None:
    lines, name, file_name = CORPUS[program]
    read = header(*lines)
    assert (read.name, read.file_name) == (name, file_name)


def test_a_header_says_type_charset_and_encoding() -> None:
    assert header(
        FORM + b'name="a"',
        b'Content-type:\tText/Plain;\r\n Charset="UTF-8"',
        b'content-TRANSFER-encoding: Base64',
    ) == PartHeader('a', None, 'text/plain', 'UTF-8', 'base64')


@pytest.mark.parametrize(
    ('lines', 'cause'),
    [
        ([], 'no name'),
        ([b'Content-Type: text/plain'], 'no name'),
        ([b'Content-Disposition: form-data'], 'no name'),
        ([FORM + b'name=""'], 'no name'),
        ([FORM + b'name='], 'no name'),
        ([b'Content-Disposition: attachment; name="a"'], 'no name'),
        ([FORM + b'name="a"; name="b"'], 'twice'),
        ([FORM + b'name="a"', FORM + b'name="b"'], 'two headers'),
        ([FORM + b'name="a"', b'Content-Type: a/b', b'Content-Type: c/d'], 'two'),
        ([FORM + b'name="a'], 'cannot be read'),
        ([FORM + b'name=a"b'], 'cannot be read'),
        ([FORM + b'name="a"b'], 'cannot be read'),
        ([FORM + b'name="a" filename="b"'], 'cannot be read'),
        ([FORM + rb'name="a"; filename="C:\images\"'], 'cannot be read'),
        ([FORM + b'name="\xff"'], 'UTF-8'),
        ([FORM + b"name*=utf-8''%ff"], 'UTF-8'),
        ([FORM + b"name*=utf-8''%f"], 'cannot be read'),
        ([FORM + b'name*=a'], 'cannot be read'),
        ([FORM + b"name*=nonsense''a"], 'charset'),
        ([FORM + b"name*=hex''a"], 'charset'),
        ([FORM + b'name="=?utf-8?B?/w==?="'], 'UTF-8'),
        ([FORM + b'name="=?utf-8?B?w?="'], 'cannot be read'),
        ([FORM + b'name="=?utf-8?Q?=C?="'], 'cannot be read'),
        ([FORM + b'name*0=a; name*2=b'], 'cannot be read'),
        ([FORM + b'name="a"\nContent-Type: text/plain'], 'CR LF'),
        ([FORM + b'name="a"\rContent-Type: text/plain'], 'CR LF'),
        ([FORM + b'name="a"', b'nonsense'], 'no header'),
        ([FORM + b'name="a"', b'Content-Encoding: gzip'], 'identity'),
    ],
)
def test_a_header_that_cannot_be_read_is_refused_with_its_cause(
    lines: list[bytes], cause: str
) -> None:
    with pytest.raises(InvalidRequestError, match=cause):
        header(*lines)


def test_a_header_of_blanks_takes_no_time() -> None:
    blanks = b' ' * 16_000
    with pytest.raises(InvalidRequestError):
        header(FORM + b'name=' + blanks + b'"')


@pytest.mark.parametrize(
    ('content_type', 'boundary'),
    [
        ('multipart/form-data; boundary=d5a3', b'd5a3'),
        ('multipart/form-data;boundary=d5a3', b'd5a3'),
        ('Multipart/Form-Data; Boundary="----WebKitFormBoundaryA1b2"', None),
        ('multipart/form-data; boundary=------------------------0f', None),
        ('multipart/form-data; boundary=a_b+c.d-e', b'a_b+c.d-e'),
        ('multipart/form-data; charset=utf-8; boundary=d5a3', b'd5a3'),
        ('multipart/form-data; boundary=d5a3; charset=utf-8', b'd5a3'),
        ('multipart/form-data ;\tboundary="a b"', b'a b'),
        ('multipart/form-data; boundary=a:b', b'a:b'),
        ('multipart/form-data; boundary="a\\"b"', b'a"b'),
        ("multipart/form-data; boundary*=utf-8''d5a3", b'd5a3'),
        ('multipart/form-data; boundary="----=_Part_1_2.3"', b'----=_Part_1_2.3'),
        ('multipart/form-data; boundary=----=_Part_1_2.3', b'----=_Part_1_2.3'),
    ],
)
def test_the_boundary_is_found_however_it_is_written(
    content_type: str, boundary: bytes | None
) -> None:
    boundary = boundary or content_type.partition('=')[2].strip('"').encode()
    assert boundary_of(content_type) == boundary


@pytest.mark.parametrize('content_type', ['multipart/form-data', 'a/b; boundary=""'])
def test_a_boundary_that_is_missing_is_named(content_type: str) -> None:
    with pytest.raises(InvalidRequestError, match='boundary'):
        boundary_of(content_type)


def test_a_value_has_a_word_and_parameters() -> None:
    value = read_value('Text/HTML; Charset="a;b=c"; q=1')
    assert (value.word, value.parameters) == (
        'text/html',
        {'charset': 'a;b=c', 'q': '1'},
    )
