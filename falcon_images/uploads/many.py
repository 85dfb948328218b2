"""Forms with many images, each with properties of its own.

What is wrong with one image is told of that one; what is wrong with the form refuses
all of them.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, BinaryIO

from falcon_images.errors import (
    InvalidRequestError,
    NotAnImageError,
    NotWholeError,
    TooLargeError,
)
from falcon_images.files.errors import disk_errors
from falcon_images.files.spool import UploadSpool, reopened
from falcon_images.formats.json import dumps, loads_objects
from falcon_images.image_types.identify import ImageFacts, identify
from falcon_images.properties import check_properties, refuse_system_fields
from falcon_images.settings import Limits
from falcon_images.uploads.digests import Claim, DigestCheck, verify_sha256
from falcon_images.uploads.form import (
    IMAGE,
    SHA256,
    FilePart,
    Form,
    Upload,
    default_charset,
    properties_of,
    read_parts,
    text_of,
)
from falcon_images.uploads.headers import PartHeader

_PROPERTIES = 'properties'
_OWN_FIELDS = (SHA256, _PROPERTIES)
# What is wrong with one image, and not with the others.
_FAULTS = (InvalidRequestError, NotAnImageError, NotWholeError, TooLargeError)


@contextlib.contextmanager
def receive_many(
    stream: BinaryIO,
    content_type: str,
    spool: UploadSpool,
    limits: Limits,
    claims: Sequence[Claim] = (),
) -> Iterator['ManyImages']:
    """Read a form with many images whole; nothing of it is left behind afterwards.

    Raises:
        InvalidRequestError: the form is cut off, broken, or has what is not allowed, or
            a digest is of another body.
        TooLargeError: the properties of all images have more bytes than the limit.
        StorageFullError, StorageUnavailableError: the disk does not take the files.
    """
    with contextlib.ExitStack() as stack:

        def new_file() -> BinaryIO:
            return stack.enter_context(spool.new_file())

        images = ManyImages(new_file, limits, DigestCheck(list(claims)))
        read_parts(stream, content_type, images, images.fields)
        images.complete()
        yield images


@dataclass
class _Image:
    """An image of the form, and what is wrong with it, if anything is."""

    form: Form
    facts: ImageFacts | None = None
    error: Exception | None = None


class ManyImages:
    """The images of a form, in its order.

    Each file is closed while it waits: a process may not open as many as a form has.
    """

    def __init__(
        self, new_file: Callable[[], BinaryIO], limits: Limits, digests: DigestCheck
    ) -> None:
        self._new_file = new_file
        self._limits = limits
        self._part = FilePart(IMAGE, limits.max_image_bytes, 'MAX_IMAGE_BYTES')
        self._images: list[_Image] = []
        self._is_image = False
        # The parts that are no images; nothing is written to its file.
        self.fields = Form(BytesIO(), self._part, limits, digests)

    def start(self, header: PartHeader) -> None:
        """Begin a part."""
        self._is_image = header.name == IMAGE
        if self._is_image:
            self._images.append(_Image(self._new_form()))
        self._form().start(header)

    def take(self, content: bytes) -> None:
        """Take what comes next of it; of an image that is too large, nothing more."""
        if not self._is_image:
            self.fields.take(content)
        elif self._images[-1].error is None:
            try:
                self._images[-1].form.take(content)
            except TooLargeError as ex:
                self._give_up(self._images[-1], ex)

    def end(self) -> None:
        """End it."""
        image = self._images[-1] if self._is_image else None
        if image is None or image.error is None:
            self._form().end()
        if image is not None:
            self._finish(image)

    def complete(self) -> None:
        """Read what the fields say of the images; raise what `receive_many` does."""
        if not self._images:
            raise InvalidRequestError(
                f'The form has no file part named "{IMAGE}"; send each image as one.'
            )
        self.fields.digests.verify()
        self._properties = self._own_properties()
        self._sha256s = self._texts(SHA256)
        if len(self._sha256s) not in (0, len(self._images)):
            raise _wrong_number(SHA256, len(self._sha256s), len(self._images))

    def uploads(self, *, requires_whole: bool) -> Iterator[Upload | Exception]:
        """Yield each image, to be stored before the next, or what is wrong with it."""
        for number in range(len(self._images)):
            try:
                upload = self._upload(number, requires_whole)
            except _FAULTS as ex:
                yield ex
                continue
            try:
                yield upload
            finally:
                with contextlib.suppress(OSError):
                    upload.file.close()

    def _new_form(self) -> Form:
        return Form(self._new_file(), self._part, self._limits, self.fields.digests)

    def _form(self) -> Form:
        return self._images[-1].form if self._is_image else self.fields

    def _give_up(self, image: _Image, ex: Exception) -> None:
        image.error = ex
        with disk_errors():
            image.form.file.truncate(0)

    def _finish(self, image: _Image) -> None:
        with disk_errors():
            image.form.file.flush()
            try:
                if image.error is None:
                    image.facts = identify(image.form.file)
            except NotAnImageError as ex:
                self._give_up(image, ex)
            image.form.file.close()

    def _upload(self, number: int, requires_whole: bool) -> Upload:
        image = self._images[number]
        if image.error is not None or image.facts is None:
            raise image.error or NotAnImageError
        sha256 = image.form.sha256.hexdigest()
        if self._sha256s:
            verify_sha256(self._sha256s[number], sha256)
        properties = self._properties[number]
        refuse_system_fields(properties)
        check_properties(properties)
        upload = Upload(
            file=image.form.file,
            name=image.form.names[0],
            size=image.form.size,
            sha256=sha256,
            facts=image.facts,
            properties=properties,
        )
        if requires_whole:
            upload.require_whole()
        return replace(upload, file=reopened(image.form.file))

    def _own_properties(self) -> list[dict[str, Any]]:
        """Return the properties of each image: those of all, and its own over them."""
        given = [each for each in self.fields.fields if each.name not in _OWN_FIELDS]
        common = properties_of(given, self._limits, '')
        arrays = self._texts(_PROPERTIES)
        if len(arrays) > 1:
            raise InvalidRequestError(
                f'The form has a second field "{_PROPERTIES}"; send one array for all.'
            )
        count = len(self._images)
        name = f'The field "{_PROPERTIES}"'
        own = loads_objects(arrays[0], name, self._limits) if arrays else [{}] * count
        if len(own) != count:
            raise _wrong_number(_PROPERTIES, len(own), count)
        self._check_size(common, count)
        return [common | each for each in own]

    def _check_size(self, common: dict[str, Any], count: int) -> None:
        size = self.fields.fields_bytes + len(dumps(common)) * (count - 1)
        limit = self._limits.max_properties_bytes
        if size > limit:
            raise TooLargeError(
                f'The properties of all images together have more than {limit} bytes '
                '(MAX_PROPERTIES_BYTES); send fewer images, or fewer fields for all.'
            )

    def _texts(self, name: str) -> list[str]:
        fields = self.fields.fields
        charset = default_charset(fields)
        return [text_of(each, charset) for each in fields if each.name == name]


def _wrong_number(name: str, given: int, images: int) -> InvalidRequestError:
    return InvalidRequestError(
        f'The field "{name}" is there for {given} images, and the form has {images}; '
        'send one for each, in their order.'
    )
