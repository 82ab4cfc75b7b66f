"""The server for programs: the API, the MCP endpoint, and the gate before them and the page."""
