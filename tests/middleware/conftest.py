"""An identification service and a service that asks it, for each test."""

from tests.support.identification import guarded, identification

__all__ = ['guarded', 'identification']
