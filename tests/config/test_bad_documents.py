"""Every mistake is told with its place, its cause and what to write instead."""

from __future__ import annotations

import pytest

from tests.config.compiling import report_of

MODELS = "models: {m: openai/gpt-4o}\n"

READING = [
    ("not yaml", "models: {a: [1}\n", "1:15: This is not valid YAML: did not find expected ',' or ']'."),
    (
        "tabs",
        "models:\n\tm: x\n",
        "2:1: This is not valid YAML: found character that cannot start any token. Indent with spaces, not tabs.",
    ),
    (
        "unquoted reference in braces",
        "keys: {me: {key: ${K}}}\n",
        "1:19: This is not valid YAML: did not find expected ',' or '}'. Inside { } a reference needs quotes: \"${NAME}\".",
    ),
    ("not a mapping", "- a\n", "1:1: Expected a mapping for 'the document', got a list."),
    (
        "unknown key at the top",
        "modles: {}\n",
        "1:1: Unknown key 'modles' at the top level. Did you mean 'models'?",
    ),
    (
        "unknown key below",
        "server:\n  hots: 1.2.3.4\n",
        "2:3: Unknown key 'hots' in 'server'. Did you mean 'host'?",
    ),
    (
        "unknown key in a list",
        "models: {m: {targets: [{model: openai/gpt-4o, wight: 2}]}}\n",
        "1:47: Unknown key 'wight' in 'models.m.targets[0]'. Did you mean 'weight'?",
    ),
    (
        "duplicate key",
        "models:\n  m: openai/gpt-4o\n  m: openai/gpt-5\n",
        "3:3: The key 'm' stands here a second time; the first is in line 2.",
    ),
    (
        "a second document",
        MODELS + "---\n" + MODELS,
        "2:1: A second document begins here. A configuration is one document: remove the '---'.",
    ),
    (
        "a tag",
        "models: !!python/name:os.system {}\n",
        "1:9: The tag 'tag:yaml.org,2002:python/name:os.system' is not supported. Write the value without it.",
    ),
    ("alias into itself", "models: &a {m: *a}\n", "1:16: The alias '*a' stands inside its own anchor, or has none."),
    ("merge of a text", "models: {<<: hello}\n", "1:14: '<<' merges mappings: give it an alias of one."),
    ("text for a number", "server: {port: https}\n", "1:16: Expected a whole number for 'port', got text."),
    ("fraction for a whole number", "server: {port: 80.5}\n", "1:16: Expected a whole number for 'port', got a number."),
    ("negative", "timeouts: {idle: -1}\n", "1:18: The number must not be negative."),
    ("endless", "timeouts: {idle: .inf}\n", "1:18: The number must be finite."),
    (
        "number for text",
        "keys: {me: {sha256: 12}}\n",
        "1:21: Expected text for 'sha256', got a whole number. Put it in quotes if text is meant.",
    ),
    ("yes for true", "open_door: yes\n", "1:12: Expected true or false for 'open_door', got text. Write true."),
    (
        "text for a list",
        "models: {m: {targets: [openai/gpt-4o], fallbacks: n}}\n",
        "1:51: Expected a list for 'fallbacks', got text. Put it in [ ].",
    ),
    ("no such choice", "unpriced: fre\n", "1:11: 'fre' is not possible here. Did you mean 'free'?"),
    ("list for a mapping", "providers: [openai]\n", "1:12: Expected a mapping for 'providers', got a list."),
    (
        "number for a model",
        "models: {m: 5}\n",
        "1:13: Expected text or a list or a mapping for 'm', got a whole number. Put it in quotes if text is meant.",
    ),
]

REFERENCES = [
    ("unknown provider", "models: {m: opnai/gpt-4o}\n", "1:13: There is no provider 'opnai'. Did you mean 'openai'?"),
    ("no provider", "models: {m: gpt-4o}\n", "1:13: 'gpt-4o' does not say whose model it is. Write provider/model."),
    (
        "no target",
        "models: {m: {fallbacks: []}}\n",
        "1:10: 'm' has no target. Add targets, or write provider/model behind the name.",
    ),
    ("target without model", "models: {m: {targets: [{weight: 2}]}}\n", "1:24: The target has no model. Write provider/model."),
    (
        "target twice",
        "models: {m: [openai/gpt-4o, openai/gpt-4o]}\n",
        "1:29: 'openai/gpt-4o' is listed twice. Give one of them a larger weight instead.",
    ),
    ("star without a star", "models: {m: openai/*}\n", "1:13: 'openai/*' has a star, but the name 'm' has none to fill it."),
    ("two stars", 'models: {"a*b*": openai/gpt-4o}\n', "1:10: 'a*b*' has more than one star."),
    ("unknown fallback", "models: {m: {targets: [openai/gpt-4o], fallbacks: [n]}}\n", "1:52: There is no model 'n'. Known: m."),
    (
        "fallback to itself",
        "models: {m: {targets: [openai/gpt-4o], fallbacks: [m]}}\n",
        "1:52: 'm' cannot fall back to itself.",
    ),
    ("no attempts", "models: {m: {targets: [openai/gpt-4o], retry: {attempts: 0}}}\n", "1:58: At least one attempt is needed."),
    (
        "unpriced",
        "models: {m: openai/gpt-99}\n",
        (
            "1:13: Nobody says what 'openai/gpt-99' costs, and what has no price is not served. Add it under prices: "
            "'openai/gpt-99': {input: 1.25, output: 10} (dollars per million tokens), or 'openai/gpt-99': free."
        ),
    ),
    (
        "price of nothing",
        MODELS + "prices: {openai/gpt-4: {input: 1}}\n",
        "2:10: No target is called 'openai/gpt-4'. Did you mean 'openai/gpt-4o'?",
    ),
    ("price too fine", MODELS + "prices: {openai/gpt-4o: {input: 0.0000000001}}\n", "2:33: A price has at most nine decimals."),
]

PROVIDERS = [
    ("unknown type", "providers: {x: {type: vlm}}\n", "1:23: There is no provider type 'vlm'. Did you mean 'vllm'?"),
    (
        "neither row nor type",
        "providers: {gpu: {base_url: 'http://gpu'}}\n",
        "1:13: 'gpu' is not in the catalogue and has no type. Add type: openai-compatible, or another row of the catalogue.",
    ),
    (
        "no address",
        "providers: {x: {type: openai-compatible}}\n",
        "1:13: 'any OpenAI-compatible server' has no address of its own. Add base_url.",
    ),
    (
        "no resource",
        "providers: {azure: {api_key: '${OPENAI_API_KEY}'}}\n",
        "1:13: The name of the resource is missing or no host name. Add resource, or base_url.",
    ),
    ("no key", "providers: {groq: }\n", "1:13: There is no key for 'Groq'. Set GROQ_API_KEY, or add api_key."),
    ("no scheme", "providers: {vllm: {base_url: gpu1}}\n", "1:30: A base URL begins with http:// or https:// and a host."),
    (
        "password in URL",
        "providers: {vllm: {base_url: 'http://me:pw@gpu'}}\n",
        "1:30: A base URL holds no user or password. Use api_key.",
    ),
    ("query in URL", "providers: {vllm: {base_url: 'http://gpu?a=1'}}\n", "1:30: A base URL has no '?' or '#'."),
    (
        "space in URL",
        "providers: {vllm: {base_url: 'http://gpu/a b'}}\n",
        "1:30: A base URL is written in ASCII, without spaces.",
    ),
    ("port in URL", "providers: {vllm: {base_url: 'http://gpu:http'}}\n", "1:30: This is not a URL."),
    (
        "dialect",
        "providers: {openai: {dialects: [anthropic]}}\n",
        "1:33: This provider does not speak 'anthropic' at this address. Known: openai_chat, openai_responses.",
    ),
    (
        "half a certificate",
        "providers: {vllm: {tls: {cert_file: c.pem}}}\n",
        "1:25: A client certificate needs both cert_file and key_file.",
    ),
    (
        "unset variable",
        "providers: {openai: {api_key: '${NOPE}'}}\n",
        "1:31: The environment variable 'NOPE' is not set. Set it, or write ${NOPE:-default}.",
    ),
    (
        "half a reference",
        "providers: {openai: {api_key: '${NOPE'}}\n",
        "1:31: A reference is not complete. Write ${NAME} or ${NAME:-default}.",
    ),
    (
        "missing file",
        "providers: {openai: {api_key: 'file:/k'}}\n",
        "1:31: The file '/k' cannot be read: No such file or directory.",
    ),
    ("header name", "providers: {openai: {headers: {'x y': '1'}}}\n", "1:32: 'x y' is not a header name."),
    (
        "header of ours",
        "providers: {openai: {headers: {Host: '1'}}}\n",
        "1:32: The header 'Host' is set by the gateway. Leave it out.",
    ),
    (
        "header injection",
        'providers: {openai: {headers: {x: "a\\r\\nb: c"}}}\n',
        "1:35: The value holds a line break or a character that no header may hold.",
    ),
    ("price list", "providers: {openai: {prices: opnai}}\n", "1:30: There is no price list 'opnai'. Did you mean 'openai'?"),
    ("proxy", "providers: {openai: {proxy: 'squid:3128'}}\n", "1:29: A proxy is a URL that begins with http:// or https://."),
]

KEYS = [
    ("no key", "keys: {me: {team: a}}\n", "1:8: 'me' has neither key nor sha256. Give exactly one of them."),
    (
        "two keys",
        f"keys: {{me: {{key: hw-1, sha256: {'a' * 64}}}}}\n",
        "1:8: 'me' has both key and sha256. Give exactly one of them.",
    ),
    (
        "short hash",
        "keys: {me: {sha256: abc}}\n",
        "1:21: A SHA-256 has 64 hexadecimal digits. Get it with: printf %s KEY | sha256sum",
    ),
    ("same key", "keys: {me: {key: hw-1}, you: {key: hw-1}}\n", "1:25: 'you' has the same key as 'me'. Give each its own."),
    ("unknown model", MODELS + "keys: {me: {key: hw-1, models: [mm]}}\n", "2:33: There is no model 'mm'. Did you mean 'm'?"),
    ("glob of nothing", MODELS + "keys: {me: {key: hw-1, models: [x*]}}\n", "2:33: There is no model 'x*'. Known: m."),
    (
        "no models",
        MODELS + "keys: {me: {key: hw-1, models: []}}\n",
        "2:32: An empty list allows nothing. Leave models out to allow all.",
    ),
    (
        "limit of nothing",
        "keys: {me: {key: hw-1, limits: {concurrent: 0}}}\n",
        "1:45: A limit of 0 would allow nothing. Remove the key instead.",
    ),
    (
        "no amount",
        "keys: {me: {key: hw-1, limits: {budget: lots}}}\n",
        "1:41: 'lots' is not an amount: write it like \"10 USD\".",
    ),
    ("currency", "keys: {me: {key: hw-1, limits: {budget: 10 EUR}}}\n", "1:41: '10 EUR' is in EUR, but only USD is supported."),
    (
        "feature",
        "keys: {me: {key: hw-1, features: [web_serch]}}\n",
        "1:35: There is no feature 'web_serch'. Did you mean 'web_search'?",
    ),
]

SETTINGS = [
    ("port", "server: {port: 99999}\n", "1:16: A port is at most 65535."),
    ("half of TLS", "server: {cert_file: ''}\ncontrol: {port: 70000}\n", "2:17: A port is at most 65535."),
    ("journal", "journal: {on_full: stop}\n", "1:20: 'stop' is not possible here. Known: drop, refuse."),
    (
        "guard",
        "guards: {g: {patterns: ['(']}}\n",
        "1:25: This is not a regular expression: missing ), unterminated subpattern at position 0.",
    ),
    (
        "price table",
        "price_table: prices.json\n",
        "1:14: The file '/etc/hw/prices.json' cannot be read: No such file or directory.",
    ),
]


@pytest.mark.parametrize(
    ("text", "expected"), [pytest.param(*row[1:], id=row[0]) for row in READING + REFERENCES + PROVIDERS + KEYS + SETTINGS]
)
def test_a_mistake_is_told_where_it_stands(text: str, expected: str) -> None:
    first = report_of(text).split("\n")[0]

    assert first == f"headworks.yaml:{expected}"


def test_all_mistakes_are_told_at_once() -> None:
    """A misspelt key, a wrong type, an unknown provider, an unset variable: one look, four things mended."""
    report = report_of(
        "providers:\n"
        "  gpu: {type: vllm, base_ulr: 'http://gpu1:8000'}\n"
        "models:\n"
        "  smart: [opnai/gpt-4o, gpu/llama]\n"
        "keys:\n"
        "  me: {key: '${MY_KEY}'}\n"
        "server: {port: none}\n"
    )

    assert [line for line in report.split("\n") if line.startswith("headworks.yaml")] == [
        "headworks.yaml:2:21: Unknown key 'base_ulr' in 'providers.gpu'. Did you mean 'base_url'?",
        "headworks.yaml:4:11: There is no provider 'opnai'. Did you mean 'openai'?",
        "headworks.yaml:6:13: The environment variable 'MY_KEY' is not set. Set it, or write ${MY_KEY:-default}.",
        "headworks.yaml:7:16: Expected a whole number for 'port', got text.",
    ]


def test_a_mistake_is_shown_with_its_line_and_a_mark() -> None:
    report = report_of("server:\n  port: https   # not a number\n")

    assert report == (
        "headworks.yaml:2:9: Expected a whole number for 'port', got text.\n"
        "     2 |   port: https   # not a number\n"
        "       |         ^^^^^"
    )


def test_what_an_unreadable_value_leaves_behind_is_not_told_too() -> None:
    """The provider's type could not be read: that it is then unknown is no second mistake."""
    report = report_of("providers: {gpu: {type: [vllm], base_url: 'http://gpu'}}\nmodels: {m: gpu/llama}\n")

    assert report.count("headworks.yaml:") == 1


def test_aliases_cannot_blow_up() -> None:
    """Nine levels of nine aliases each: 400 million values, if anybody expanded them."""
    levels = ["x-a0: &a0 [v, v, v, v, v, v, v, v, v]"]
    levels += [f"x-a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]

    assert "values once aliases are expanded" in report_of("\n".join(levels) + "\n")


def test_depth_cannot_blow_up() -> None:
    assert "More than 24 levels deep" in report_of("models: " + "[" * 100_000)


def test_a_huge_document_is_refused_unread() -> None:
    assert "larger than" in report_of("#" * 8_400_000)


def test_anchors_and_merges_save_writing() -> None:
    """Under a key that begins with `x-`, anchors have a place of their own."""
    report = report_of(
        "x-usual: &usual {weight: 2, max_outptu: 10}\nmodels: {m: {targets: [{<<: *usual, model: openai/gpt-4o, weight: 3}]}}\n"
    )

    assert (
        report.split("\n")[0]
        == "headworks.yaml:1:29: Unknown key 'max_outptu' in 'models.m.targets[0]'. Did you mean 'max_output'?"
    )
