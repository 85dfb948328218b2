"""What tests of the client share."""

from tests.support.own_service import client, collection, serving

__all__ = ['client', 'collection', 'serving']
