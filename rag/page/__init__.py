"""The page's own parts: its state and markup as pure functions, its style and its script."""
