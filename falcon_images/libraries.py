"""What is set in libraries for a whole process, before anything else is done."""

from falcon_images.image_types.internals import set_limits
from falcon_images.telemetry.metrics import count_without_times
from falcon_images.telemetry.processes import share_as_told
from falcon_images.uploads.internals import remember_headers


def set_up_libraries() -> None:
    """Make libraries work as this service needs them.

    Each program calls it once, at its start: so that whoever only imports a module of
    this package finds its libraries unchanged. The process that draws thumbnails has
    Pillow alone, and so calls `set_limits` alone: it must start fast.
    """
    set_limits()
    count_without_times()
    share_as_told()
    remember_headers()
