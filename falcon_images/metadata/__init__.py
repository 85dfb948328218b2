"""Everything that MongoDB is asked."""
