"""LlamaIndex's CitationQueryEngine as a process of its own, asked through its standard input.

Run by the Python of an environment that holds `llamaindex.txt` and nothing of Footnote; see
`pipelines.py`. Everything is LlamaIndex's default (chunks of 1,024 tokens, of which the encoder
reads what it can hold, the two nearest, cited in pieces of 512) but for the models, the model's own
chat template, the limit of answer tokens and greedy decoding, so that it answers the same twice.

It reads one JSON object a line, `{"question": ...}`, and writes objects a line: `{"ready": true}`
once, then `{"piece": ...}` for each piece of an answer and `{"end": true, "sources": [...]}` behind
its last, the sources being the texts that the markers [1], [2] refer to.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

_NAME = re.compile(r"^Source \d+:\s*")


def main(arguments: str) -> None:
    """Serve the questions that come in; `arguments` is a JSON object, see `pipelines.py`."""
    options = json.loads(arguments)
    from llama_index.core import Document, Settings, VectorStoreIndex
    from llama_index.core.query_engine import CitationQueryEngine
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    Settings.embed_model = HuggingFaceEmbedding(model_name=options["embedder"], device="cpu")
    llm = _model(options)
    articles = json.loads(Path(options["articles"]).read_text(encoding="utf-8"))
    documents = [Document(text=text) for text in articles]
    index = VectorStoreIndex.from_documents(documents)
    engine = CitationQueryEngine.from_args(index, llm=llm, streaming=True)
    _say(ready=True)
    for line in sys.stdin:
        response = engine.query(json.loads(line)["question"])
        for piece in response.response_gen:
            _say(piece=piece)
        texts = (found.node.get_content() for found in response.source_nodes)
        # each begins with its own name, "Source 1:"
        _say(end=True, sources=[_NAME.sub("", text, count=1) for text in texts])


def _model(options: dict[str, Any]) -> Any:
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter
    from llama_index.llms.llama_cpp import LlamaCPP

    def as_prompt(messages: list[dict[str, str]]) -> str:
        return str(formatter(messages=messages).prompt)

    llm = LlamaCPP(
        model_path=options["model"],
        temperature=0.0,
        context_window=options["context_tokens"],
        max_new_tokens=options["answer_tokens"],
        messages_to_prompt=lambda messages: as_prompt(
            [{"role": str(m.role.value), "content": str(m.content)} for m in messages]
        ),
        completion_to_prompt=lambda text, _="": as_prompt([{"role": "user", "content": text}]),
        model_kwargs={"n_threads": options["threads"], "n_threads_batch": options["threads"]},
        verbose=False,
    )
    loaded = llm._model
    formatter = Jinja2ChatFormatter(
        template=loaded.metadata["tokenizer.chat_template"],
        eos_token=loaded.metadata.get("tokenizer.ggml.eos_token", ""),
        bos_token="",
    )
    return llm


def _say(**what: Any) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
