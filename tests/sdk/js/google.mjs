// Google's SDK, unchanged but for base URL and key.
import assert from "node:assert/strict";
import { ApiError, FinishReason, FunctionCallingConfigMode, GoogleGenAI } from "@google/genai";
import { house, parameters } from "./house.mjs";

const google = new GoogleGenAI({ apiKey: house.key, httpOptions: { baseUrl: house.url } });
const rivers = "Tell me of rivers.";
const thinkingConfig = { includeThoughts: true, thinkingBudget: 2000 };

// A tool that the SDK calls by itself.
function forecast() {
  const cities = [];
  return {
    cities,
    async tool() {
      return { functionDeclarations: [{ name: "get_weather", description: "The weather of a city", parametersJsonSchema: parameters }] };
    },
    async callTool(calls) {
      cities.push(...calls.map((call) => call.args.city));
      return calls.map(({ id, name }) => ({ functionResponse: { id, name, response: { output: "seven degrees and sleet" } } }));
    },
  };
}

// The chunks' parts: the SDK's own `text` warns of every part that is none.
async function partsOf(stream) {
  const parts = [];
  for await (const chunk of stream) parts.push(...(chunk.candidates?.[0].content?.parts ?? []));
  return parts;
}

const textOf = (parts) => parts.filter((part) => !part.thought).map((part) => part.text ?? "").join("");

async function errorOf(result) {
  const error = await result.then(() => assert.fail("there was no error"), (error) => error);
  assert.ok(error instanceof ApiError, error.stack);
  return error;
}

export const checks = {
  async "content"(model) {
    const { text, usageMetadata, candidates } = await google.models.generateContent({ model, contents: rivers, config: { systemInstruction: "Be brief.", temperature: 0.5 } });
    assert.match(text, /rivers/);
    assert.equal(candidates[0].finishReason, FinishReason.STOP);
    assert.equal(usageMetadata.totalTokenCount, usageMetadata.promptTokenCount + usageMetadata.candidatesTokenCount);
  },
  async "content, streamed"(model) {
    let text = "";
    let last;
    for await (last of await google.models.generateContentStream({ model, contents: rivers })) text += last.text ?? "";
    assert.equal(text, (await google.models.generateContent({ model, contents: rivers })).text);
    assert.equal(last.candidates[0].finishReason, FinishReason.STOP);
    assert.ok(last.usageMetadata.candidatesTokenCount > 0);
  },
  async "tools that the SDK calls"(model) {
    const tool = forecast();
    const { text } = await google.models.generateContent({ model, contents: "What is the weather in both Oslo and Riga?", config: { tools: [tool], thinkingConfig } });
    assert.deepEqual(tool.cities, ["Oslo", "Riga"]);
    assert.match(text, /seven degrees and sleet and seven degrees and sleet/);
  },
  async "tools that the SDK calls, with thought, streamed"(model) {
    const tool = forecast();
    const parts = await partsOf(await google.models.generateContentStream({ model, contents: "What is the weather in Oslo?", config: { tools: [tool], thinkingConfig } }));
    assert.deepEqual(tool.cities, ["Oslo"]);
    assert.match(textOf(parts), /seven degrees and sleet/);
    assert.ok(parts.some((part) => part.thought && part.text));
  },
  async "a tool that must be called"(model) {
    const tools = await forecast().tool();
    const toolConfig = { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ["get_weather"] } };
    const { functionCalls } = await google.models.generateContent({ model, contents: "Oslo?", config: { tools: [tools], toolConfig } });
    assert.deepEqual(functionCalls.map((call) => call.name), ["get_weather"]);
  },
  async "a conversation"(model) {
    const chat = google.chats.create({ model });
    assert.match((await chat.sendMessage({ message: rivers })).text, /rivers/);
    assert.match(textOf(await partsOf(await chat.sendMessageStream({ message: "And of bridges?" }))), /bridges/);
    assert.match((await chat.sendMessage({ message: "And of lanterns?" })).text, /lanterns/);
  },
  async "structured output"(model) {
    const responseJsonSchema = { type: "object", properties: { name: { type: "string" }, minutes: { type: "integer" } }, required: ["name", "minutes"], additionalProperties: false };
    const config = { responseMimeType: "application/json", responseJsonSchema };
    const whole = await google.models.generateContent({ model, contents: "A recipe.", config });
    assert.equal(typeof JSON.parse(whole.text).minutes, "number");
    const streamed = await partsOf(await google.models.generateContentStream({ model, contents: "A recipe.", config }));
    assert.deepEqual(JSON.parse(textOf(streamed)), JSON.parse(whole.text));
  },
  async "errors"(model) {
    const busy = await errorOf(google.models.generateContent({ model, contents: "[emulate: error status=429]" }));
    assert.equal(busy.status, 429);
    assert.match(JSON.parse(busy.message).error.message, /is limiting its rate/);
    const stream = await google.models.generateContentStream({ model, contents: `${rivers} [emulate: cut after=5]` });
    assert.match((await errorOf(partsOf(stream))).message, /broke off its answer/);
    assert.equal((await errorOf(google.models.generateContent({ model: "gtp", contents: rivers }))).status, 404);
  },
  async "counts"(model) {
    assert.ok((await google.models.countTokens({ model, contents: rivers })).totalTokens > 0);
  },
  async "one model"(model) {
    assert.equal((await google.models.get({ model })).name, `models/${model}`);
  },
};

export const once = {
  async "embeddings"() {
    const { embeddings } = await google.models.embedContent({ model: "embedder", contents: ["one", "two"] });
    assert.equal(embeddings.length, 2);
    assert.ok(embeddings[0].values.length > 0);
  },
  async "models"() {
    const names = [];
    for await (const model of await google.models.list()) names.push(model.name);
    assert.ok(names.includes("models/gpt") && names.includes("models/claude"), names.join());
  },
};
