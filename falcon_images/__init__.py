"""An image storage microservice: files as files, metadata as MongoDB documents."""

__version__ = '1.0.0'
