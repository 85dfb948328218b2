"""Words of ours: the parameters that mean something else than a condition, by route.

On any other route a parameter of that name is a condition on the property, and with
``eq_`` before it, it is one everywhere.
"""

LIMIT = ('limit', 'batch_size', 'count')
SKIP = ('skip', 'start_index', 'index')
_SELECTION = ('filter', 'from', 'to')
# They are read of GET and HEAD alone.
_TOKENS = ('jwt', 'token')
_LIST = (*LIMIT, *SKIP, 'cursor', 'sort', 'fields', 'format', *_SELECTION, *_TOKENS)

# By the operations of `openapi.yaml` that take conditions or are beside them.
WORDS: dict[str, frozenset[str]] = {
    'listImages': frozenset(_LIST),
    # So that the query of a list can be sent as it is.
    'getNeighbors': frozenset(_LIST),
    'getFields': frozenset((*_SELECTION, 'values', *_TOKENS)),
    'changeImages': frozenset((*_SELECTION, 'all', 'dry_run', 'expect')),
    'uploadImage': frozenset(('dedupe',)),
}
LIST = WORDS['listImages']
NEIGHBORS = WORDS['getNeighbors']
FIELDS = WORDS['getFields']
BULK = WORDS['changeImages']
# Whoever writes one of them in a bulk change expects that it does something.
NOT_IN_BULK = frozenset().union(*WORDS.values()) - BULK


def instead(name: str) -> str:
    """Return how a property is asked for that has the name of a word."""
    return f'a property of that name is asked for with eq_{name}'
