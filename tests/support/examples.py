"""The examples of the documentation: read from its pages, and run as they are."""

import importlib.util
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.support.documentation import PAGES, ROOT

ADDRESS = 'http://127.0.0.1:7070'
_BLOCK = re.compile(r'^```(\w+)\n(.*?)^```$', re.DOTALL | re.MULTILINE)
_PAGE_SECONDS = 90
_INSTALLS = 'it installs packages'
_SYSTEM = 'it needs a whole system with its administrator'
_LONG = 'it takes long, and is run by hand'
# What cannot be run in a test, by how it begins.
NOT_RUN = {
    'python3 -m venv': _INSTALLS,
    'docker': 'it needs Docker',
    'sudo': _SYSTEM,
    'gunicorn': 'it needs other WSGI servers; tests/integration/test_wsgi.py has them',
    'rsync': 'it needs the tools of MongoDB and a disk for the backup',
    '# One folder, one module': 'it runs the tests themselves',
    '.venv/bin/pip': _INSTALLS,
    '.venv/bin/python -m benchmarks': _LONG,
    '.venv/bin/python -m pytest -n 0 tests/faults': _LONG,
}
# What reads data sets is large, and is not where the other tests are.
_READER = re.compile(r'^(?:import|from) (datasets|pandas|pycocotools|webdataset)', re.M)
# As the examples know it, with the address and a record of what it was answered.
_CURL = r"""#!/usr/bin/env bash
record=$RECORD/$BLOCK-$$
"$CURL" -sS -w '%{stderr}%{http_code} %{size_download} %{method} %{url_effective}\n' \
    "$@" 2> "$record.call" | tee "$record.body"
exit "${PIPESTATUS[0]}"
"""
_PYTHON = f"""#!/usr/bin/env bash
export PYTHONPATH={shlex.quote(str(ROOT))}
exec {shlex.quote(sys.executable)} "$@"
"""
# As it is where the package is installed; its notes stay with the test.
_COMMAND = """#!/usr/bin/env bash
export HOME=$RECORD
exec .venv/bin/python -m falcon_images "$@"
"""


class Block(NamedTuple):
    """One block of code of a page."""

    page: str
    number: int
    language: str
    text: str

    def __str__(self) -> str:
        return f'{self.page}:{self.language}-{self.number}'

    @property
    def reason_not_to_run(self) -> str:
        for reader in _READER.findall(self.text):
            if importlib.util.find_spec(reader) is None:
                return f'it needs {reader}; .ci/readers has it'
        begin = (why for start, why in NOT_RUN.items() if self.text.startswith(start))
        return next(begin, '')


class Call(NamedTuple):
    """What curl was answered."""

    status: int
    size: int
    method: str
    url: str
    body: str


@dataclass
class Run:
    """What an example printed, what it requested, and how it ended."""

    has_ended: bool
    output: str
    calls: list[Call] = field(default_factory=list)


def pages_in_order() -> list[str]:
    """Return the pages in the order in which a reader comes to them."""
    site = tomllib.loads((ROOT / 'zensical.toml').read_text(encoding='utf-8'))
    parts = [part for part in site['project']['nav'] if isinstance(part, dict)]
    names = [
        f'docs/{name}' for part in parts for each in part.values() for name in each
    ]
    return ['README.md', 'docs/index.md', *names]


def blocks(*languages: str) -> list[Block]:
    """Return the blocks in these languages, page by page."""
    return [
        Block(page, number, match[1], match[2])
        for page in pages_in_order()
        for number, match in enumerate(_BLOCK.finditer(PAGES[page]))
        if match[1] in languages
    ]


class Examples:
    """Runs the examples of a page after each other, as somebody who pastes them.

    Args:
        folder: where they are run; the samples are taken from the project.
        url: of the service.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._record = folder / 'record'
        self._record.mkdir()
        _write_program(folder / 'bin' / 'curl', _CURL)
        _write_program(folder / '.venv' / 'bin' / 'python', _PYTHON)
        _write_program(folder / 'bin' / 'falcon-images', _COMMAND)
        (folder / 'scripts').symlink_to(ROOT / 'scripts')

    def run(self, page: str) -> dict[Block, Run]:
        """Run the examples of a page in one shell."""
        found = [
            block
            for block in blocks('sh', 'python')
            if block.page == page and not block.reason_not_to_run
        ]
        steps = ''.join(self._step(block) for block in found)
        done = subprocess.run(
            ['bash', '-euo', 'pipefail', '-c', steps],
            cwd=self._folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=_PAGE_SECONDS,
            check=False,
        )
        return {block: self._result(block, done.stderr) for block in found}

    def _step(self, block: Block) -> str:
        text = block.text.replace(ADDRESS, self._url)
        if block.language == 'python':
            program = self._folder / f'{_stem(block)}.py'
            program.write_text(text, encoding='utf-8')
            text = f'.venv/bin/python {program}\n'
        # A group, so that what is printed is of this block, and variables stay.
        return (
            f'export BLOCK={_stem(block)}\n'
            f'{{\n{text}}} > "$RECORD/$BLOCK.output"\n'
            'touch "$RECORD/$BLOCK.ended"\n'
        )

    def _environment(self) -> dict[str, str]:
        return os.environ | {
            'PATH': f'{self._folder / "bin"}{os.pathsep}{os.environ["PATH"]}',
            'CURL': shutil.which('curl') or '',
            'RECORD': str(self._record),
            'NO_PROXY': '127.0.0.1',
            # Hugging Face's library keeps what it has read, and asks nobody.
            'HF_HOME': str(self._folder / 'huggingface'),
            'HF_HUB_OFFLINE': '1',
        }

    def _result(self, block: Block, errors: str) -> Run:
        stem = _stem(block)
        ended = (self._record / f'{stem}.ended').exists()
        output = self._record / f'{stem}.output'
        text = output.read_text(errors='replace') if output.exists() else ''
        calls = [_call(path) for path in self._record.glob(f'{stem}-*.call')]
        return Run(ended, text if ended else text + errors, calls)


def _write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def _stem(block: Block) -> str:
    return f'{Path(block.page).stem}_{block.number}'


def _call(path: Path) -> Call:
    status, size, method, url = path.read_text().splitlines()[-1].split(' ', 3)
    body = path.with_suffix('.body').read_text(errors='replace')
    return Call(int(status), int(size), method, url, body)


class Request(NamedTuple):
    """A request as an example writes it, with `{}` for an id."""

    method: str
    address: str
    body: str = ''


def requests_of_shell(text: str) -> set[Request]:
    """Return what the curl commands of a page request."""
    variables = dict(re.findall(r'^(\w+)=(http\S+)$', text, re.MULTILINE))
    commands = re.findall(r'^\s*(?:\w+=\$\()?(curl [^\n]*?)(?: \|.*)?$', text, re.M)
    return {_of_curl(command, variables) for command in commands}


def _of_curl(command: str, variables: dict[str, str]) -> Request:
    words = shlex.split(command, comments=True)
    options: dict[str, list[str]] = {}
    for option, value in itertools.pairwise(words):
        options.setdefault(option, []).append(value)
    data = options.get('--data-urlencode', []) + options.get('-d', [])
    address = next(word for word in words[::-1] if re.match(r'\$[A-Z]|http', word))
    address = _with_values(address, variables)
    if '-G' in words:
        return Request('GET', f'{address}?{"&".join(data)}')
    form = ' '.join(sorted(options.get('-F', [])))
    method = 'HEAD' if '-I' in words else 'POST' if form else 'GET'
    return Request(options.get('-X', [method])[0], address, form or ''.join(data))


def _with_values(address: str, variables: dict[str, str]) -> str:
    return re.sub(
        r'\$\{?(\w+)\}?|\$\(\$(\w+)\.\w+\)',
        lambda match: variables.get(match[1], '{}'),
        address,
    )


def requests_of_python(text: str) -> set[Request]:
    """Return the addresses that are written in a Python example."""
    return {Request('GET', url) for url in re.findall(r"'(http://[^'{]+)'", text)}


def requests_of_powershell(text: str) -> set[Request]:
    """Return what the commands of a PowerShell example request."""
    variables = _powershell_variables(text)
    lines = [line for line in text.splitlines() if 'Invoke-' in line]
    return {_of_invocation(line, variables) for line in lines}


def _powershell_variables(text: str) -> dict[str, str]:
    variables: dict[str, str] = {}
    for names, values in re.findall(r'^(\$[^=]+?) = (.*)$', text, re.MULTILINE):
        if '@{' in values:
            variables['form'] = _form(values)
        elif 'Invoke-' not in values:
            given = zip(
                names.split(', '), re.findall("'([^']*)'", values), strict=False
            )
            variables |= {name.removeprefix('$'): value for name, value in given}
    return variables


def _form(table: str) -> str:
    pairs = re.findall(r"(\w+) = (?:Get-Item ([\w.]+)|'([^']*)')", table)
    return ' '.join(
        sorted(
            f'{name}=@{file}' if file else f'{name}={text}'
            for name, file, text in pairs
        )
    )


def _of_invocation(line: str, variables: dict[str, str]) -> Request:
    (address,) = re.findall(r'(?:"|\s)((?:\$|http)[^"\s]*/[^"]*|\$\{\w+\}[^"]*)', line)
    method = re.search(r'-Method (\w+)', line)
    body = re.search("-Body '([^']*)'", line)
    return Request(
        method[1].upper() if method else 'GET',
        _with_values(address.strip(), variables),
        body[1] if body else variables['form'] if '-Form' in line else '',
    )
