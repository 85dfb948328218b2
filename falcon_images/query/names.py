"""Names of parameters that mean something of their own, on some route or another."""

# How many images a list has, and how many of those that match it leaves out: the first
# name is ours, the others are those of the earlier version.
LIMIT = ('limit', 'batch_size', 'count')
SKIP = ('skip', 'start_index', 'index')
# They mean something for lists, but nothing for all images that match.
OF_LISTS = (*LIMIT, *SKIP, 'sort', 'cursor', 'fields', 'values')
OF_BULK_CHANGES = ('all', 'dry_run', 'expect')
TOKENS = ('jwt', 'token')
# A parameter of another name is a condition on the property of that name.
OWN_NAMES = frozenset(
    (*OF_LISTS, *OF_BULK_CHANGES, *TOKENS, 'filter', 'from', 'to'),
)
