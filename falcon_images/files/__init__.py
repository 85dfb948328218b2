"""Everything that is on disks."""
