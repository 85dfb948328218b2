"""Changes: bulk updates and deletions of images, which can be undone for a time."""
