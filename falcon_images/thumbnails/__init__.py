"""Thumbnails: small pictures of images, drawn when they are first asked for."""
