"""The last stage of a run: every finding, from the store's own scores and texts."""
