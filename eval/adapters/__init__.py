"""Public sets in their own files, read into `ReadingCase` and `RetrievalSet`."""
