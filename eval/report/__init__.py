"""The report of a run: one document, shown as text, Markdown, HTML, JUnit XML and JSON."""
