"""Start the llama.cpp launcher named first so that its model gives one vector per text: its own switch leaves the tokens' vectors apart."""

from __future__ import annotations

import importlib
import runpy
import sys
from typing import Any

xllamacpp: Any = importlib.import_module("xllamacpp")  # it has no types
Server = xllamacpp.Server


def pooled(params: Any) -> Any:
    """A server for which a text's vector is the mean of its tokens'."""
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    return Server(params)


if __name__ == "__main__":
    xllamacpp.Server = pooled
    runpy.run_path(sys.argv.pop(1), run_name="__main__")
