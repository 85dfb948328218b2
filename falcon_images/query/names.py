"""Names of parameters that mean something else than a condition, route by route.

On any other route a parameter of that name is a condition on the property, and with
``eq_`` before it, it is one everywhere.
"""

# How many images a list has, and how many of those that match it leaves out: the first
# name is ours, the others are those of the earlier version.
LIMIT = ('limit', 'batch_size', 'count')
SKIP = ('skip', 'start_index', 'index')
DRY_RUN = 'dry_run'
EXPECT = 'expect'
OF_BULK_CHANGES = ('all', DRY_RUN, EXPECT)
# The property that is the class of an image, of which data sets make folders.
LABEL_BY = 'label_by'
# The property that is the split of an image, in an import.
SPLIT_BY = 'split_by'
# How images are sorted into folders.
OF_DATASETS = (LABEL_BY, 'split', 'group_by', 'duplicates')
# Which property a histogram is of, in how many ranges, and told apart by which other.
OF_HISTOGRAMS = ('field', 'bins', 'by')
# The snapshot that is exported.
SNAPSHOT = 'snapshot'
# What of a sheet is taken as it is.
EXACT = 'exact'
# How long a claim lasts.
SECONDS = 'seconds'
# Of collections themselves: with what is told of them, and the deleted ones.
DETAILS = 'details'
DELETED = 'deleted'
# A deletion, or a change of one image, that can be undone.
REVERTIBLE = 'revertible'
# They are read of GET and HEAD alone.
TOKENS = ('jwt', 'token')
_SELECTION = ('filter', 'from', 'to')
_LIST = (*LIMIT, *SKIP, 'cursor', 'sort', 'fields', 'format', *_SELECTION, *TOKENS)
_LIST_WITH_TOTAL = (*_LIST, 'total')

# By operations of `openapi.yaml`: those that take conditions, and those beside them.
NAMES: dict[str, frozenset[str]] = {
    'listImages': frozenset(_LIST_WITH_TOTAL),
    # So that the query of a list can be sent as it is.
    'getNeighbors': frozenset(_LIST_WITH_TOTAL),
    'queryImages': frozenset(_LIST_WITH_TOTAL),
    'exportImages': frozenset((*_LIST, *OF_DATASETS, SNAPSHOT)),
    'getFields': frozenset((*_SELECTION, 'values', *TOKENS)),
    'getHistogram': frozenset((*_SELECTION, *OF_HISTOGRAMS, *TOKENS)),
    'changeImages': frozenset((*_SELECTION, *OF_BULK_CHANGES)),
    'uploadImage': frozenset(('dedupe', 'multiple', 'whole')),
    'importArchive': frozenset((LABEL_BY, SPLIT_BY, DRY_RUN)),
    'relabelImages': frozenset((DRY_RUN, EXPECT, EXACT)),
    'replaceImage': frozenset((REVERTIBLE,)),
    'changeImage': frozenset((REVERTIBLE,)),
    'deleteImage': frozenset((REVERTIBLE,)),
    'claimImages': frozenset((*_SELECTION, 'sort', 'limit', SECONDS)),
    'renewClaim': frozenset((SECONDS,)),
}
LIST = NAMES['listImages']
FIELDS = NAMES['getFields']
HISTOGRAM = NAMES['getHistogram']
EXPORT = NAMES['exportImages']
BULK = NAMES['changeImages']
RELABEL = NAMES['relabelImages']
CLAIMS = NAMES['claimImages']
# They are members of a body, which has nothing else beside conditions.
OF_SNAPSHOTS = frozenset(_SELECTION)
OWN_NAMES = frozenset().union(*NAMES.values())
# Whoever writes one of them in a bulk change expects that it does something.
# Those of datasets and histograms are properties elsewhere: many images have their
# split as one.
NOT_IN_BULK = (
    OWN_NAMES - BULK - {*OF_DATASETS, *OF_HISTOGRAMS, EXACT, SNAPSHOT, SECONDS}
)


def instead(name: str) -> str:
    """Return how a property is asked for that has the name of a parameter of ours."""
    return f'a property of that name is asked for with eq_{name}'
