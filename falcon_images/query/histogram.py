"""Requests for histograms: of which property, and in how many ranges."""

from falcon_images.errors import InvalidRequestError
from falcon_images.metadata.fields.histogram import HistogramRequest
from falcon_images.query.names import OF_HISTOGRAMS, instead
from falcon_images.query.parameters import Params, check_path, one_text, whole_number
from falcon_images.settings import Limits

_FIELD, _BINS, _BY = OF_HISTOGRAMS
_USUAL = 20
_MOST = 200


def parse_histogram(params: Params, limits: Limits) -> HistogramRequest:
    """Read what a histogram is of.

    Raises:
        InvalidRequestError: a parameter is missing, or cannot be used.
    """
    return HistogramRequest(
        field=_path(params, _FIELD, limits, is_needed=True),
        bins=_bins(params, limits),
        by=_path(params, _BY, limits),
    )


def _bins(params: Params, limits: Limits) -> int:
    if not params.get(_BINS):
        return _USUAL
    bins = whole_number(params, (_BINS,), limits)
    if not 1 <= bins <= _MOST:
        raise InvalidRequestError(
            f'{_BINS} must be a whole number from 1 to {_MOST}; {instead(_BINS)}.'
        )
    return bins


def _path(params: Params, name: str, limits: Limits, is_needed: bool = False) -> str:
    path = one_text(params, (name,), limits)
    if path:
        check_path(path)
    elif is_needed:
        raise InvalidRequestError(
            f'{name} is missing: it is the property that is counted, such as '
            f'{name}=score; {instead(name)}.'
        )
    return path
