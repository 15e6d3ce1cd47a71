"""The seeded grammar of the demo corpus, one file a subject."""
