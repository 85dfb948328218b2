"""The sizes of thumbnails."""

# By the names that clients ask for: pixels of the longer side.
SIZES = {'small': 160, 'medium': 320, 'large': 1024}
