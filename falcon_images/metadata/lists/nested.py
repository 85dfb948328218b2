"""Lists and objects where a property is taken to have one value."""

from collections.abc import Sequence

from falcon_images.metadata.documents import Document, Query
from falcon_images.metadata.lists.pages import page_pipeline
from falcon_images.metadata.lists.random_order import is_random, random_pipeline

_NESTED = ['array', 'object']


def nested_pipeline(
    collection_name: str, query: Query, paths: Sequence[str]
) -> list[Document]:
    """Make the pipeline that finds one document of a query with a list or an object.

    By an expression: an index on all values has each member by itself, and would be
    read together with the documents, which takes longer than reading these alone.
    """
    if not query.limit and not query.skip:
        found = {'$and': [query.filter or {}, _holds(paths, '$')]}
        return [{'$match': found}, {'$limit': 1}]
    # Others than those that are asked for may have such values.
    return [
        *(
            random_pipeline(collection_name, query, {})
            if is_random(query.sort)
            else page_pipeline(query, None, query.limit)
        ),
        {'$match': _holds(paths, '$document.')},
        {'$limit': 1},
        {'$replaceWith': '$document'},
    ]


def _holds(paths: Sequence[str], prefix: str) -> Document:
    ways = [{'$in': [{'$type': f'{prefix}{path}'}, _NESTED]} for path in paths]
    return {'$expr': {'$or': ways}}
