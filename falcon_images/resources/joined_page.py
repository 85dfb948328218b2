"""The page of many modules and styles, joined so that browsers ask for few files.

What is written is what runs: nothing is built, and each module is there by itself too.
"""

import hashlib
import posixpath
import re
from pathlib import Path

_IMPORT = re.compile(r"^import \{([^}]*)\} from '([^']+)';\n", re.MULTILINE)
_EXPORT = re.compile(
    r'^export (?=(?:async )?(?:function\*?|class|const) (\w+))', re.MULTILINE
)
_EXPORT_LIST = re.compile(r'\bexport\s*\{([^}]*)\};?\s*\Z')
_RENAMED = re.compile(r'(\w+) as (\w+)')
# Lines that are nothing else; they are a quarter of what would be sent.
_COMMENT = re.compile(
    r'^[ \t]*(?://[^\n]*|/\*\*[^*]*\*+(?:[^/*][^*]*\*+)*/)\n', re.MULTILINE
)
_STYLES = re.compile(
    r'(?:^ *<link rel="stylesheet" href="/ui/[^"]+">\n)+', re.MULTILINE
)
_STYLE = re.compile(r'href="/ui/([^"]+)"')
_SCRIPT = re.compile(r'src="/ui/([^"]+)"')
_TAG_DIGITS = 32


def joined_page(folder: Path) -> dict[str, bytes]:
    """Return ``index.html``, ``page.js`` and ``page.css`` out of the files of a folder.

    The addresses of the two have their tags as a query: a browser may keep what it got
    under one for ever.

    Raises:
        ValueError: the page is not of the form that can be joined; the text says why.
    """
    page = (folder / 'index.html').read_text(encoding='utf-8')
    styles, script = _STYLES.search(page), _SCRIPT.search(page)
    if not styles or not script:
        raise ValueError('index.html has no styles, or no module.')
    names = _STYLE.findall(styles[0])
    style = b''.join((folder / name).read_bytes() for name in names)
    module = joined_modules(folder, script[1]).encode()
    link = f'  <link rel="stylesheet" href="/ui/page.css?{_tag(style)}">\n'
    page = page.replace(styles[0], link)
    page = page.replace(script[0], f'src="/ui/page.js?{_tag(module)}"')
    return {'index.html': page.encode(), 'page.js': module, 'page.css': style}


def joined_modules(folder: Path, first: str) -> str:
    """Return a module and all that it imports as one module.

    Each is a function that runs once, after those that it imports. What it exports are
    constants to others: so no module exports a variable, and none imports itself by way
    of others.

    Raises:
        ValueError: two modules import each other.
    """
    numbers: dict[str, int] = {}
    texts: list[str] = []
    _join(folder, first, (), numbers, texts)
    return ''.join(texts)


def _join(
    folder: Path,
    name: str,
    importers: tuple[str, ...],
    numbers: dict[str, int],
    texts: list[str],
) -> None:
    if name in importers:
        raise ValueError(f'{name} imports itself by way of {importers[-1]}.')
    if name in numbers:
        return
    source = (folder / name).read_text(encoding='utf-8')
    for _, path in _IMPORT.findall(source):
        _join(folder, _place(name, path), (*importers, name), numbers, texts)
    texts.append(_as_function(name, source, numbers))
    numbers[name] = len(numbers)


def _place(importer: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), path))


def _as_function(name: str, source: str, numbers: dict[str, int]) -> str:
    def constants(found: re.Match[str]) -> str:
        names = _RENAMED.sub(r'\1: \2', ' '.join(found[1].split()))
        return f'const {{ {names} }} = m{numbers[_place(name, found[2])]};\n'

    text = _IMPORT.sub(constants, _COMMENT.sub('', source))
    exported = _EXPORT.findall(text)
    if listed := _EXPORT_LIST.search(text):
        exported += [_RENAMED.sub(r'\2: \1', listed[1])]
    text = _EXPORT_LIST.sub('', _EXPORT.sub('', text))
    result = f'return {{ {", ".join(exported)} }};\n'
    head = f'// {name}\nconst m{len(numbers)} = (() => {{\n'
    return f'{head}{text.strip()}\n{result}}})();\n'


def _tag(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_TAG_DIGITS]
