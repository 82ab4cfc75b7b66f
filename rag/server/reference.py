"""The page that lists the API's routes; FastAPI's own would load its script from afar."""

from typing import Any

from markupsafe import Markup

STYLE = Markup(
    ":root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }"
    "body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }"
    "td, th { text-align: left; vertical-align: top; padding: .3rem 1rem .3rem 0 }"
)
PAGE = Markup("""\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Footnote: API</title>
<meta name="viewport" content="width=device-width"><style>{style}</style></head>
<body><h1>Footnote: API</h1>
<p>For programs: <a href="/api/openapi.json">OpenAPI description</a>. MCP clients connect to
<code>/mcp</code>. Where a token is set, send it as <code>Authorization: Bearer TOKEN</code>.</p>
<table><thead><tr><th>Route<th>What it does<th>JSON in<th>JSON out</tr></thead>
<tbody>{rows}</tbody></table></body></html>
""")
ROW = Markup("<tr><td><code>{route}</code><td>{text}<td>{given}<td>{got}</tr>\n")


def reference(description: dict[str, Any]) -> str:
    """The page of an OpenAPI description, as HTML."""
    rows = Markup("").join(
        ROW.format(
            route=f"{method.upper()} {path}",
            text=route.get("description", ""),
            given=_fields(route.get("requestBody", {}), description),
            got=_fields(route["responses"]["200"], description),
        )
        for path, methods in description["paths"].items()
        for method, route in methods.items()
    )
    return PAGE.format(style=STYLE, rows=rows)


def _fields(part: dict[str, Any], description: dict[str, Any]) -> str:
    """The names of the fields of a request or response."""
    schema = part.get("content", {}).get("application/json", {}).get("schema", {})
    listed = "list of " if schema.get("type") == "array" else ""
    name = schema.get("items", schema).get("$ref", "").rsplit("/", 1)[-1]
    fields = description["components"]["schemas"].get(name, {}).get("properties", {})
    return listed + ", ".join(fields)
