"""A client of the service: HTTP only, for the commands, programs and notebooks."""

from falcon_images.client.client import Client
from falcon_images.client.errors import AnswerError, ClientError, UnreachableError
from falcon_images.client.uploads import Uploaded

__all__ = ['AnswerError', 'Client', 'ClientError', 'UnreachableError', 'Uploaded']
