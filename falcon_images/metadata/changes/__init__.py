"""Changes of many documents."""
