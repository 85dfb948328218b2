"""Annotations in files as COCO has them: what they say of images that are imported."""
