"""The page of many modules and styles, joined so that browsers ask for few files.

What is written is what runs: nothing is built, and each module is there by itself too.
"""

import hashlib
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path

_IMPORT = re.compile(r"^import \{([^}]*)\} from '([^']+)';\n", re.MULTILINE)
_LATER = re.compile(r"\bimport\('([^']+)'\)")
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
_VERSION_DIGITS = 32
# In its place comes the version, which is found out from all else.
_VERSION = '@version@'
# Of another version, the numbers of the modules would be others.
_FETCH = """let $later;
const $fetch = () => {
$later ??= import('/ui/later.js?@version@').then(({ version, make }) => {
if (version !== '@version@') throw new Error('The page is of another version.');
return make({ NAMES });
}).catch((error) => { $later = undefined; throw error; });
return $later;
};
"""
_MAKE = """export const version = '@version@';
export const make = ({ NAMES }) => {
BODY
return { RESULT };
};
"""


@dataclass(frozen=True)
class JoinedPage:
    """What is made of the page's files: contents by their names.

    `version` is that of all of them together; it is the query of their addresses.
    """

    files: dict[str, bytes]
    version: str


def joined_page(folder: Path) -> JoinedPage:
    """Join the files of a folder.

    ``page.js`` has the modules that the first one imports, ``later.js`` those that the
    page fetches when they are needed, ``page.css`` the styles, and ``index.html`` the
    addresses, under which a browser may keep what it got for ever.

    Raises:
        ValueError: the page is not of the form that can be joined; the text says why.
    """
    page = (folder / 'index.html').read_text(encoding='utf-8')
    styles, script = _STYLES.search(page), _SCRIPT.search(page)
    if not styles or not script:
        raise ValueError('index.html has no styles, or no module.')
    names = _STYLE.findall(styles[0])
    first, later = joined_modules(folder, script[1])
    texts = {
        'index.html': page.replace(
            styles[0], f'  <link rel="stylesheet" href="/ui/page.css?{_VERSION}">\n'
        ).replace(script[0], f'src="/ui/page.js?{_VERSION}"'),
        'page.js': first,
        'later.js': later,
        'page.css': ''.join((folder / each).read_text('utf-8') for each in names),
    }
    whole = hashlib.sha256('\0'.join(texts.values()).encode())
    version = whole.hexdigest()[:_VERSION_DIGITS]
    files = {
        name: text.replace(_VERSION, version).encode() for name, text in texts.items()
    }
    return JoinedPage(files, version)


def joined_modules(folder: Path, first: str) -> tuple[str, str]:
    """Return a module and all that it imports as one, and as another what comes later.

    Each module is a function that runs once, after those that it imports. What it
    exports are constants to others: so no module exports a variable, and none imports
    itself by way of others.

    Raises:
        ValueError: two modules import each other.
    """
    modules = _Modules(folder)
    modules.add(first)
    names = ', '.join(modules.numbers.values())
    head = ''.join(modules.texts)
    modules.texts.clear()
    for name in (targets := list(modules.later)):
        modules.add(name)
    result = ', '.join(f"'{each}': {modules.numbers[each]}" for each in targets)
    body = ''.join(modules.texts)
    later = _MAKE.replace('NAMES', names).replace('RESULT', result)
    fetch = _FETCH.replace('NAMES', names) if targets else ''
    return fetch + head, later.replace('BODY', body)


@dataclass
class _Modules:
    """Modules as functions, each after those that it imports."""

    folder: Path
    numbers: dict[str, str] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    later: dict[str, None] = field(default_factory=dict)

    def add(self, name: str, importers: tuple[str, ...] = ()) -> None:
        if name in importers:
            raise ValueError(f'{name} imports itself by way of {importers[-1]}.')
        if name in self.numbers:
            return
        source = (self.folder / name).read_text(encoding='utf-8')
        for _, path in _IMPORT.findall(source):
            self.add(_place(name, path), (*importers, name))
        number = self.numbers[name] = f'm{len(self.numbers)}'
        body, exported = self._body(name, _COMMENT.sub('', source))
        head = f'// {name}\nconst {number} = (() => {{\n'
        self.texts.append(f'{head}{body}\nreturn {{ {exported} }};\n}})();\n')

    def _body(self, name: str, text: str) -> tuple[str, str]:
        def constants(found: re.Match[str]) -> str:
            names = _RENAMED.sub(r'\1: \2', ' '.join(found[1].split()))
            return f'const {{ {names} }} = {self.numbers[_place(name, found[2])]};\n'

        def fetched(found: re.Match[str]) -> str:
            place = _place(name, found[1])
            self.later[place] = None
            return f"$fetch().then((found) => found['{place}'])"

        text = _LATER.sub(fetched, _IMPORT.sub(constants, text))
        exported = _EXPORT.findall(text)
        if listed := _EXPORT_LIST.search(text):
            exported += [_RENAMED.sub(r'\2: \1', listed[1])]
        text = _EXPORT_LIST.sub('', _EXPORT.sub('', text))
        return text.strip(), ', '.join(exported)


def _place(importer: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), path))
