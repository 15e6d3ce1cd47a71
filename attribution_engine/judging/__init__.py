"""Chat models that read spans and answers in the place of rules."""
