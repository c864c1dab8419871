"""Frameworks and SDKs that know of nothing but a base URL and a key: LangChain, Pydantic AI and Mistral's SDK, with tools and streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

import anthropic
import httpx
import openai
import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from mistralai.client import Mistral, models
from pydantic import SecretStr
from pydantic_ai import Agent
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from tests.system.house import KEY, RunningHouse

WEATHER = "What is the weather in Oslo?"
SLEET = "seven degrees and sleet"
BOTH = pytest.mark.parametrize("model", ["gpt", "claude"])


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"{city}: {SLEET}"


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=30) as client:
        yield client


def _langchain(house: RunningHouse, http: httpx.Client, family: str, model: str) -> BaseChatModel:
    key = SecretStr(KEY)
    if family == "anthropic":
        return ChatAnthropic(model_name=model, base_url=house.url, api_key=key, max_retries=0, timeout=None, stop=None)
    responses = family == "responses"
    return ChatOpenAI(
        model=model,
        base_url=f"{house.url}/v1",
        api_key=key,
        max_retries=0,
        http_client=http,
        stream_usage=True,
        use_responses_api=responses,
        store=False if responses else None,
    )


@BOTH
@pytest.mark.parametrize("family", ["openai", "responses", "anthropic"])
def test_langchain_calls_a_tool_and_streams(house: RunningHouse, http: httpx.Client, family: str, model: str) -> None:
    chat = _langchain(house, http, family, model)
    able = chat.bind_tools([get_weather])
    talk: list[BaseMessage] = [HumanMessage(WEATHER)]
    called = able.invoke(talk)
    (call,) = called.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Oslo"})
    talk += [called, ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])]

    pieces = list(able.stream(talk))

    assert SLEET in "".join(piece.text for piece in pieces)
    counted = [piece.usage_metadata for piece in pieces if piece.usage_metadata]
    assert sum(each["output_tokens"] for each in counted) > 0


def test_langchain_embeds(house: RunningHouse, http: httpx.Client) -> None:
    embedder = OpenAIEmbeddings(
        model="embedder", http_client=http, check_embedding_ctx_length=False, base_url=f"{house.url}/v1", api_key=SecretStr(KEY)
    )

    one, two = embedder.embed_documents(["a weir", "a lock"])

    assert len(one) == len(two) > 0
    assert one != two


@asynccontextmanager
async def _pydantic(house: RunningHouse, family: str, model: str) -> AsyncGenerator[Model]:
    if family == "anthropic":
        async with anthropic.AsyncAnthropic(base_url=house.url, api_key=KEY, max_retries=0) as client:
            yield AnthropicModel(model, provider=AnthropicProvider(anthropic_client=client))
    else:
        wanted = OpenAIChatModel if family == "openai" else OpenAIResponsesModel
        async with openai.AsyncOpenAI(base_url=f"{house.url}/v1", api_key=KEY, max_retries=0) as client:
            yield wanted(model, provider=OpenAIProvider(openai_client=client))


@BOTH
@pytest.mark.parametrize("family", ["openai", "responses", "anthropic"])
def test_an_agent_of_pydantic_ai_uses_its_tool(house: RunningHouse, family: str, model: str) -> None:
    async def scene() -> None:
        async with _pydantic(house, family, model) as asked:
            agent = Agent(asked, instructions="Be brief.")
            cities: list[str] = []

            @agent.tool_plain
            def get_weather(city: str) -> str:  # pyright: ignore[reportUnusedFunction] - the agent knows it
                """The weather of a city."""
                cities.append(city)
                return SLEET

            done = await agent.run(WEATHER)
            assert cities == ["Oslo"]
            assert SLEET in done.output
            assert done.usage.requests == 2
            assert done.usage.output_tokens > 0

    asyncio.run(scene())


@BOTH
def test_mistrals_sdk_chats_streams_and_calls_tools(house: RunningHouse, model: str) -> None:
    asked = [models.UserMessage(content="Tell me of rivers.")]
    with Mistral(api_key=KEY, server_url=house.url) as client:
        whole = client.chat.complete(model=model, messages=asked, max_tokens=200)
        said = _message(whole.choices).content
        assert "rivers" in str(said)
        assert whole.usage.completion_tokens

        with client.chat.stream(model=model, messages=asked, max_tokens=200) as events:
            assert "".join(str(event.data.choices[0].delta.content or "") for event in events if event.data.choices) == said

        parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
        weather = models.Function(name="get_weather", description="The weather of a city", parameters=parameters)
        question = [models.UserMessage(content=WEATHER)]
        called = client.chat.complete(model=model, messages=question, tools=[models.Tool(function=weather)], tool_choice="any")
        calls = _message(called.choices).tool_calls
        assert isinstance(calls, list)
        assert [call.function.name for call in calls] == ["get_weather"]


def _message(choices: list[models.ChatCompletionChoice]) -> models.AssistantMessage:
    message = choices[0].message
    assert message is not None
    return message
