"""The description of the API in OpenAPI 3.1, as it is written in `openapi.yaml`."""

import functools
from pathlib import Path
from typing import Any

import falcon

from falcon_images import __version__
from falcon_images.formats.json import dumps
from falcon_images.resources.compression import FixedAnswer

_SOURCE = Path(__file__).parents[1] / 'api_docs/openapi.yaml'
# What the source uses several times, by anchors.
_SHARED = 'x-shared'


class OpenApi:
    """The description as JSON."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        _description().send(req, resp)

    on_head = on_get


@functools.cache
def _description() -> FixedAnswer:
    """Read it when it is first asked for, once: that takes a tenth of a second."""
    # The start of the service shall not wait for it.
    import yaml  # noqa: PLC0415

    described: dict[str, Any] = yaml.safe_load(_SOURCE.read_text(encoding='utf-8'))
    described.pop(_SHARED)
    described['info']['version'] = __version__
    return FixedAnswer(dumps(described), falcon.MEDIA_JSON, ['no-cache'])
