// Anthropic's SDK, unchanged but for base URL and key.
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import { asked, house, parameters } from "./house.mjs";

const claude = new Anthropic({ baseURL: house.url, apiKey: house.key, maxRetries: 0 });

export const checks = {
  async "messages"(model) {
    const answer = await claude.messages.create({ model, max_tokens: 200, messages: asked("Tell me of rivers.") });
    assert.match(answer.content.map((block) => block.text ?? "").join(""), /rivers/);
  },
  async "messages, streamed with tools"(model) {
    const stream = claude.messages.stream({ model, max_tokens: 500, tools: [{ name: "get_weather", input_schema: parameters }], tool_choice: { type: "any" }, messages: asked("What is the weather in both Oslo and Riga?") });
    const message = await stream.finalMessage();
    assert.deepEqual(message.content.filter((block) => block.type === "tool_use").map((block) => block.input.city), ["Oslo", "Riga"]);
  },
  async "messages error class"(model) {
    await assert.rejects(claude.messages.create({ model, max_tokens: 20, messages: asked("[emulate: error status=529]") }), Anthropic.InternalServerError);
  },
};

export const once = {
  async "count_tokens"() {
    assert.ok((await claude.messages.countTokens({ model: "claude", messages: asked("Tell me of rivers.") })).input_tokens > 0);
  },
};
