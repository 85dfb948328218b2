"""The names on disk in the uploads folder, which `check` prints too."""

IMAGES = 'images'
INCOMING = 'incoming'
DOUBTS = 'doubts'
THUMBNAILS = 'thumbnails'
QUARANTINE = 'quarantine'
SNAPSHOTS = 'snapshots'
MARK = 'store.json'
