"""Random requests: valid ones, and what is made of them by small damages."""

import base64
import json
import random
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import bson

from tests.support.pictures import SVG, every_format, jpeg
from tests.support.service import form

METHODS = ('GET', 'GET', 'HEAD', 'POST', 'POST', 'POST', 'PUT', 'PATCH', 'DELETE')
RARE_METHODS = ('OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND', 'get', 'X' * 50)
NAMES = (
    *('c', 'c', 'c', 'd', 'C', 'a.b', '日本', 'x' * 140, 'x' * 141, '..', '.', '$a'),
    *('system.users', '_service.dropped.x', 'a b', 'a/b', 'a\\b', 'CON', '%', '\0'),
    *('\ud800', '\ufffd', 'é' * 70, 'a:b', '*', "'", '"', '<b>', '\r\n', '\x7f'),
)
OPERATORS = (
    *('$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin', '$all', '$not'),
    *('$elemMatch', '$exists', '$type', '$size', '$mod', '$regex', '$options'),
    *('$bitsAllSet', '$bitsAnyClear', '$where', '$expr', '$function', '$text'),
    *('$near', '$geoWithin', '$jsonSchema', '$comment', '$', '$$ROOT', '$unknown'),
)
CLAUSES = ('$and', '$or', '$nor')
FIELDS = (
    *('a', 'b', 'a.b', 'a.0', '_id', 'time', 'image', '_file', '_file.size'),
    *('_file.upload', '_file.upload.key', '', '.', 'a..b', '$a', 'é', '\0', 'a.$b'),
)
SCALARS: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2**31, 2**63 - 1, -(2**63), 2**63, 10**400),
    *(0.5, -0.0, 1e308, 1e-320, '', 'a', '2022-03-01', '9999-12-31T23:59:59+99:99'),
    *('0001-01-01', '(', '[a', 'a{99999}', '\0', '\ud800', '6565f0c2a1b2c3d4e5f60718'),
    *('$a', 'é', 'x' * 2000, 'i', 'xyz', 'double', [], {}, [[]], {'a': {}}),
)
TIMES = (
    *('2022-03-01', '2022-03-01T08:30Z', '2022-03-01 09:00', '2022-03-01-09', 'noon'),
    *('9999-12-31', '0001-01-01', '2022-W09', '20220301', '9999-12-31-09:00', ' '),
)
BSON_VALUES: tuple[Any, ...] = (
    *(None, True, 1, 2.5, float('nan'), 'a', b'', bson.ObjectId('0' * 24), [], {}),
    *([1], {'$gt': 1}, bson.Regex('('), bson.MinKey(), bson.Code('1'), {'$ref': 1}),
    *(bson.Timestamp(1, 1), bson.Decimal128('NaN'), bson.datetime_ms.DatetimeMS(2**60)),
)
HEADERS = {
    'If-Match': ('*', '"a"', 'W/"a"', '"', ',,', 'a' * 5000, '"é"'),
    'If-None-Match': ('*', '"a"', 'W/"a"', '"', ',', '\x01'),
    'If-Modified-Since': ('Mon, 23 Nov 2026 04:05:06 GMT', 'x', '0', 'Mon, 99'),
    'If-Range': ('"a"', 'W/"a"', 'Mon, 23 Nov 2026 04:05:06 GMT', 'x'),
    'Range': (
        'bytes=0-',
        'bytes=-1',
        'bytes=5-2',
        'bytes=0-1,3-4',
        'bytes=' + '9' * 40,
    ),
    'Accept': (
        *('*/*', 'application/xml', 'text/html;q=0', ';;;', 'é', 'text/csv'),
        *('application/x-ndjson', 'text/csv;q=0.5, */*;q=0.1'),
    ),
    'Idempotency-Key': ('k', 'k2', '', 'x' * 300, 'é', '\x01', 'a b'),
    'Content-Digest': ('sha-256=:AAAA:', 'x', 'sha-256=::', 'md5=:AAAA:', ','),
    'Content-MD5': ('AAAA', '====', '\xff'),
    'Authorization': ('Bearer x', 'Basic', ' '),
    'Cookie': ('jwt=x', '=;=', 'a' * 3000),
    'X-Request-ID': ('a', 'x' * 200, '\x01'),
    'Origin': ('http://a', 'null', ''),
    'Access-Control-Request-Method': ('DELETE', 'x'),
    'Expect': ('100-continue', 'x'),
    'X-HTTP-Method-Override': ('DELETE',),
}
BODY_TYPES = (
    *('application/json', 'application/json', 'application/merge-patch+json'),
    *('application/json; charset=utf-16', 'text/plain', '', 'multipart/form-data'),
    *('multipart/form-data; boundary=', 'multipart/form-data; boundary="limit"'),
    *('multipart/form-data; boundary=' + 'x' * 300, 'multipart/mixed; boundary=limit'),
)


@dataclass
class Request:
    """A request, its path as text that is not encoded yet."""

    method: str
    path: str
    query: str = ''
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b''


class Requests:
    """A source of random requests, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.known_ids: list[str] = ['6565f0c2a1b2c3d4e5f60718']
        self.known_changes: list[str] = ['6565f0c2a1b2c3d4e5f60718']
        formats = [content for content, _ in every_format().values()]
        self._images = [jpeg(), jpeg(), *formats, SVG, b'', b'no image']

    def next(self) -> Request:
        chance = self.chance
        rare = chance.random() < 0.03
        request = Request(
            chance.choice(RARE_METHODS if rare else METHODS), self._path()
        )
        if request.method == 'POST' and chance.random() < 0.9:
            request.path = f'/collections/{self._name()}/images'
            self._add_form(request)
        elif request.method in ('PUT', 'PATCH', 'POST', 'DELETE'):
            self._add_json(request)
        if chance.random() < 0.4:
            request.query = self._query()
        for _ in range(chance.choice((0, 0, 1, 1, 2, 5))):
            name = chance.choice(tuple(HEADERS))
            request.headers[name] = chance.choice(HEADERS[name])
        return request

    def damage(self, data: bytes) -> bytes:
        """Cut, flip, double or insert some bytes."""
        for _ in range(self.chance.choice((1, 1, 1, 2, 5))):
            at = self.chance.randrange(len(data) + 1)
            end = min(len(data), at + self.chance.choice((1, 1, 2, 10, 100, 1000)))
            data = self.chance.choice(
                (
                    data[:at],
                    data[:at] + data[end:],
                    data[:at] + data[at:end] + data[at:],
                    data[:at] + self.chance.randbytes(end - at) + data[end:],
                    data[:at] + self.chance.choice(_TOKENS) + data[at:],
                    data[:at] + bytes(byte ^ 1 for byte in data[at:end]) + data[end:],
                )
            )
        return data

    def value(self, depth: int = 0) -> Any:
        """A random JSON value, sometimes very deep."""
        roll = self.chance.random()
        if depth > 4 or roll < 0.6:
            return self.chance.choice(SCALARS)
        if roll < 0.61:
            return self._deep()
        if roll < 0.8:
            return [self.value(depth + 1) for _ in range(self.chance.randrange(4))]
        return {
            self._field_name(): self.value(depth + 1)
            for _ in range(self.chance.randrange(4))
        }

    def filter(self, depth: int = 0) -> Any:
        """A random filter: half way to what MongoDB takes."""
        made: dict[str, Any] = {}
        for _ in range(self.chance.choice((0, 1, 1, 2))):
            if depth < 4 and self.chance.random() < 0.3:
                inner = [
                    self.filter(depth + 1) for _ in range(self.chance.randrange(3))
                ]
                made[self.chance.choice(CLAUSES)] = inner
            else:
                made[self._field_name()] = self._condition(depth)
        return made

    def _condition(self, depth: int) -> Any:
        if self.chance.random() < 0.4:
            return self.value(depth + 2)
        made: dict[str, Any] = {}
        for _ in range(self.chance.choice((1, 1, 2))):
            nested = depth < 4 and self.chance.random() < 0.2
            operand = self._condition(depth + 1) if nested else self.value(depth + 2)
            made[self._operator()] = operand
        return made

    def _deep(self) -> Any:
        made: Any = 1
        for _ in range(self.chance.choice((20, 31, 33, 50, 150))):
            made = {'a': made} if self.chance.random() < 0.5 else [made]
        return made

    def _name(self) -> str:
        return 'c' if self.chance.random() < 0.7 else self.chance.choice(NAMES)

    def _field_name(self) -> str:
        """A field's name, most often one that can be."""
        return self.chance.choice(FIELDS[:9] if self.chance.random() < 0.9 else FIELDS)

    def _operator(self) -> str:
        """An operator, most often one that is allowed."""
        common = self.chance.random() < 0.9
        return self.chance.choice(OPERATORS[:19] if common else OPERATORS)

    def _id(self) -> str:
        if self.chance.random() < 0.8:
            return self.chance.choice(self.known_ids[-20:])
        return self.chance.choice(('1', 'g' * 24, '0' * 24, '', 'é' * 24, '\0', '..'))

    def _path(self) -> str:
        images = f'/collections/{self._name()}/{self._word()}'
        changes = f'/collections/{self._name()}/changes'
        change = f'{changes}/{self.chance.choice(self.known_changes[-5:])}'
        return self.chance.choice(
            (
                *('/', '/collections', f'/collections/{self._name()}', images, images),
                *(f'{images}/{self._id()}', f'{images}/{self._id()}'),
                *(f'{images}/{self._id()}/image', f'{images}/{self._id()}/file'),
                *(f'{images}/{self._id()}/info', f'{images}//', '/health/ready'),
                f'{images}/{self._id()}/neighbors',
                *(changes, change, f'{change}/revert', f'{change}/finish'),
                *('/health/live', '//', '/x', f'/{self._name()}', images + '/a' * 50),
            )
        )

    def _word(self) -> str:
        return self.chance.choice(('images', 'images', 'documents', 'items', 'x'))

    def _query(self) -> str:
        parts = []
        for _ in range(self.chance.choice((1, 1, 2, 3))):
            name, value = self._parameter()
            parts.append(f'{name}={quote(value, safe="", errors="replace")}')
        text = '&'.join(parts)
        if self.chance.random() < 0.1:
            damaged = self.damage(text.encode()).decode('latin-1')
            return quote(damaged, safe='%=&;+{}"$', errors='replace')
        return text

    def _parameter(self) -> tuple[str, str]:
        numbers = ('0', '1', '5', '-1', '', '1.5', 'x', '9' * 30, '٣', '1e3', ' 1')
        sorts = (
            *('{"a": 1}', '{"a": -1, "b": 1}', '{}', '[]', '{"a": 2}', '{"$a": 1}'),
            *('a', '-a,b', '-', '+a', ',', '-_file.size', '_file', 'a.0', '--'),
        )
        return self.chance.choice(
            (
                ('filter', self._json(self.filter())),
                ('filter', self._json(self.filter())),
                ('sort', self.chance.choice(sorts)),
                ('sort', self._json(self.value())),
                (self._number_name(), self.chance.choice(numbers)),
                ('download', '1'),
                ('dedupe', '1'),
                (self._condition_name(), self._condition_value()),
                (self._condition_name(), self._condition_value()),
                (self.chance.choice(('from', 'to')), self.chance.choice(TIMES)),
                ('fields', self._condition_name() + self.chance.choice(('', ',a'))),
                ('cursor', self._cursor()),
                (self.chance.choice(('all', 'dry_run')), 'true'),
                ('expect', self.chance.choice(numbers)),
                (self.chance.choice(('x', 'token', 'jwt')), 'y'),
            )
        )

    def _number_name(self) -> str:
        names = ('limit', 'batch_size', 'count', 'skip', 'start_index', 'index')
        return self.chance.choice(names)

    def _condition_name(self) -> str:
        prefixes = ('', '', 'eq_', 'min_', 'max_', 'gt_', 'lt_', 'not_', 'in_')
        prefix = self.chance.choice((*prefixes, 'like_', 'has_', 'min_max_'))
        return prefix + self._field_name()

    def _condition_value(self) -> str:
        odd = ('true', '*', '?a*' * 20, 'a,b', ',', '1e999', '-0', '*' * 500, '00')
        value = self.chance.choice((*odd, *SCALARS, *TIMES))
        return value if isinstance(value, str) else json.dumps(value)

    def _cursor(self) -> str:
        order: list[Any] = [['a', 1], ['_id', 1]]
        if self.chance.random() < 0.5:
            order = [['time', -1], ['_id', -1]]
        key = [[self.chance.choice(BSON_VALUES)][: self.chance.randrange(3)]] * 2
        content = bson.encode({'sort': order, 'key': key})
        if self.chance.random() < 0.3:
            content = self.damage(content)
        return base64.urlsafe_b64encode(content).decode().rstrip('=')

    def _json(self, value: Any) -> str:
        text = json.dumps(value, ensure_ascii=self.chance.random() < 0.5)
        if self.chance.random() < 0.1:
            constants = ('NaN', '{"a": Infinity}', '{"a": 1, "a": 2}', '', '\ufeff{}')
            return self.chance.choice(constants)
        return text

    def _add_json(self, request: Request) -> None:
        request.headers['Content-Type'] = self.chance.choice(BODY_TYPES)
        request.body = self._json(self._object()).encode(errors='surrogatepass')
        if self.chance.random() < 0.2:
            request.body = self.damage(request.body)

    def _object(self) -> Any:
        if self.chance.random() < 0.2:
            return self.value()
        return {
            self._field_name(): self.value(1) for _ in range(self.chance.randrange(4))
        }

    def _add_form(self, request: Request) -> None:
        image = self.chance.choice(self._images)
        if self.chance.random() < 0.1:
            image = self.damage(image)
        parts: list[Any] = [('image', image, self._file_name())]
        for _ in range(self.chance.choice((0, 1, 1, 3))):
            parts.append(self._field())
        if self.chance.random() < 0.1:
            parts.append(self.chance.choice(parts))
        self.chance.shuffle(parts)
        sent = form(*parts)
        request.headers['Content-Type'] = sent.content_type
        request.body = sent.body
        if self.chance.random() < 0.5:
            request.body = self.damage(sent.body)
        if self.chance.random() < 0.05:
            request.headers['Content-Type'] = self.chance.choice(BODY_TYPES)

    def _file_name(self) -> str:
        names = ('a.jpg', '日本.png', '../../x', '', 'a' * 2000, '\\', '%22', '\0')
        return self.chance.choice(names)

    def _field(self) -> tuple[str, str]:
        if self.chance.random() < 0.5:
            typed = ('json', 'json_properties', 'properties_json')
            text = self._json(self._object()).encode(errors='replace').decode()
            return self.chance.choice(typed), text
        names = ('a', 'b', 'sha256', 'time', '_id', '_file', '$x', 'a.b', 'é', '')
        return self.chance.choice(names), self.chance.choice(('1', '', 'é', 'x' * 999))


_TOKENS = (
    *(b'--limit\r\n', b'--limit--', b'\r\n', b'\n', b'\0', b'\xff\xfe', b'"', b';'),
    *(b'Content-Disposition: form-data; name="image"; filename="x"\r\n\r\n', b'='),
    *(b'{', b'}', b'[' * 100, b"filename*=UTF-8''%ff", b'name=', b'%00', b'\x85'),
)
