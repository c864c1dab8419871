// Vercel's AI SDK with its providers of OpenAI's, Anthropic's and Google's languages, unchanged but for base URL and key.
import assert from "node:assert/strict";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, Output, embed, embedMany, generateImage, generateObject, generateSpeech, generateText, isStepCount, streamText, tool, transcribe } from "ai";
import { z } from "zod";
import { house } from "./house.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false;

const { key: apiKey, keeperKey } = house;
const baseURL = `${house.url}/v1`;
const openai = createOpenAI({ baseURL, apiKey });
const keeper = createOpenAI({ baseURL, apiKey: keeperKey });
const anthropic = createAnthropic({ baseURL, apiKey });
const google = createGoogle({ baseURL: `${house.url}/v1beta`, apiKey });
const compatible = createOpenAICompatible({ name: "headworks", baseURL, apiKey, includeUsage: true, supportsStructuredOutputs: true });

// By what each is asked, and whether it shows what a model thought.
const fronts = {
  "openai.chat": { ask: openai.chat, shows: false },
  "openai.responses": { ask: openai.responses, providerOptions: { openai: { store: false, forceReasoning: true, reasoningSummary: "auto" } }, shows: true },
  "openai.responses that are kept": { ask: keeper, providerOptions: { openai: { forceReasoning: true, reasoningSummary: "auto" } }, shows: true },
  "anthropic": { ask: anthropic, shows: true },
  "google": { ask: google, providerOptions: { google: { thinkingConfig: { includeThoughts: true } } }, shows: true },
  "openai-compatible": { ask: compatible, shows: true },
};

const recipe = z.object({ name: z.string(), minutes: z.number().int() });
const rivers = "Tell me of rivers.";
const picture = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

function forecast() {
  const cities = [];
  const execute = async ({ city }) => {
    cities.push(city);
    return "seven degrees and sleet";
  };
  return { cities, tools: { get_weather: tool({ description: "The weather of a city", inputSchema: z.object({ city: z.string() }), execute }) } };
}

function counted(usage) {
  assert.ok(usage.inputTokens > 0 && usage.outputTokens > 0, JSON.stringify(usage));
  assert.equal(usage.totalTokens, usage.inputTokens + usage.outputTokens);
}

async function errorOf(result) {
  const error = await result.then(() => assert.fail("there was no error"), (error) => error);
  assert.ok(APICallError.isInstance(error), error.stack);
  return error;
}

// What a stream tells of its troubles: nothing is thrown.
async function troubles(settings) {
  const told = [];
  const result = streamText({ ...settings, onError: ({ error }) => told.push(error.message) });
  await result.consumeStream();
  return told;
}

const each = {
  async "text"(settings) {
    const { text, usage, finishReason } = await generateText({ ...settings, instructions: "Be brief.", temperature: 0.5, prompt: rivers });
    assert.match(text, /rivers/);
    assert.equal(finishReason, "stop");
    counted(usage);
  },
  async "text, streamed"(settings) {
    const result = streamText({ ...settings, prompt: rivers });
    let text = "";
    for await (const piece of result.textStream) text += piece;
    assert.equal(await result.finishReason, "stop");
    counted(await result.usage);
    assert.equal(text, (await generateText({ ...settings, prompt: rivers })).text);
  },
  async "a conversation with a picture"(settings) {
    const messages = [{ role: "user", content: [{ type: "text", text: rivers }, { type: "file", data: picture, mediaType: "image/png" }] }];
    const first = await generateText({ ...settings, messages });
    messages.push(...first.response.messages, { role: "user", content: "And of bridges?" });
    const second = await generateText({ ...settings, messages });
    assert.match(second.text, /bridges/);
    assert.ok(second.usage.inputTokens > first.usage.inputTokens + first.usage.outputTokens);
  },
  async "a tool"(settings) {
    const { cities, tools } = forecast();
    const { text, steps, totalUsage } = await generateText({ ...settings, tools, stopWhen: isStepCount(3), prompt: "What is the weather in Oslo?" });
    assert.deepEqual(cities, ["Oslo"]);
    assert.deepEqual(steps.map((step) => step.finishReason), ["tool-calls", "stop"]);
    assert.match(text, /seven degrees and sleet/);
    counted(totalUsage);
  },
  async "tools at once, with thought, streamed"(settings, { shows }) {
    const { cities, tools } = forecast();
    const result = streamText({ ...settings, tools, reasoning: "medium", stopWhen: isStepCount(3), prompt: "What is the weather in both Oslo and Riga?" });
    const types = [];
    for await (const part of result.fullStream) types.push(part.type);
    assert.deepEqual(cities, ["Oslo", "Riga"]);
    assert.match(await result.text, /seven degrees and sleet.* and .*seven degrees and sleet/);
    for (const type of ["tool-call", "tool-result"]) assert.equal(types.filter((each) => each === type).length, 2, type);
    assert.equal(Boolean((await result.steps)[0].reasoningText), shows);
    counted(await result.totalUsage);
  },
  async "structured output"(settings) {
    const asked = { ...settings, prompt: "A recipe, sunny or rainy." };
    recipe.parse((await generateText({ ...asked, output: Output.object({ schema: recipe }) })).output);
    z.array(recipe).parse((await generateText({ ...asked, output: Output.array({ element: recipe }) })).output);
    assert.match((await generateText({ ...asked, output: Output.choice({ options: ["sunny", "rainy"] }) })).output, /^(sunny|rainy)$/);
    recipe.parse((await generateObject({ ...asked, schema: recipe })).object);
  },
  async "structured output, streamed"(settings) {
    const result = streamText({ ...settings, prompt: "A recipe.", output: Output.object({ schema: recipe }) });
    let last;
    for await (const partial of result.partialOutputStream) last = partial;
    assert.deepEqual(recipe.parse(last), await result.output);
  },
  async "errors"(settings, { ask }) {
    const busy = await errorOf(generateText({ ...settings, prompt: "[emulate: error status=429]" }));
    assert.deepEqual([busy.statusCode, busy.isRetryable], [429, true]);
    assert.match(busy.message, /^The provider '\w+' is limiting its rate\./);
    const unknown = await errorOf(generateText({ ...settings, model: ask("gtp"), prompt: rivers }));
    assert.deepEqual([unknown.statusCode, unknown.isRetryable], [404, false]);
    assert.match(unknown.message, /^The model 'gtp' does not exist here\. Did you mean 'gpt'\?/);
  },
  async "errors, streamed"(settings) {
    const [overloaded] = await troubles({ ...settings, prompt: "[emulate: error status=529]" });
    assert.match(overloaded, /^The provider '\w+' is overloaded\./);
    const [cut] = await troubles({ ...settings, prompt: `${rivers} [emulate: cut after=5]` });
    assert.match(cut, /^The provider '\w+' broke off its answer\./);
  },
};

const settings = (front, model) => ({ model: front.ask(model), providerOptions: front.providerOptions, maxOutputTokens: 8000, maxRetries: 0, onError() {} });

export const checks = Object.fromEntries(
  Object.entries(fronts).flatMap(([name, front]) =>
    Object.entries(each).map(([what, check]) => [`${name}: ${what}`, (model) => check(settings(front, model), front)]),
  ),
);

export const once = {
  async "a conversation that the provider keeps"() {
    const messages = [{ role: "user", content: rivers }];
    const first = await generateText({ model: keeper("native"), messages, maxRetries: 0 });
    messages.push(...first.response.messages, { role: "user", content: "And then?" });
    const second = await generateText({ model: keeper("native"), messages, maxRetries: 0 });
    assert.match(second.text, /rivers/);
  },
  async "embeddings"() {
    for (const model of [openai.embedding("embedder"), google.embedding("embedder"), compatible.embeddingModel("embedder")]) {
      const one = await embed({ model, value: "one", maxRetries: 0 });
      const { embeddings } = await embedMany({ model, values: ["one", "two"], maxRetries: 0 });
      assert.deepEqual(embeddings[0], one.embedding);
      assert.notDeepEqual(embeddings[1], one.embedding);
    }
  },
  async "pictures"() {
    for (const model of [openai.image("painter"), compatible.imageModel("painter")]) {
      const { image } = await generateImage({ model, prompt: "A weir", size: "1024x1024", maxRetries: 0 });
      assert.equal(image.mediaType, "image/png");
    }
  },
  async "speech"() {
    const { audio } = await generateSpeech({ model: openai.speech("speaker"), text: "Hello there", voice: "alloy", outputFormat: "wav", maxRetries: 0 });
    assert.equal(Buffer.from(audio.uint8Array).subarray(0, 4).toString(), "RIFF");
  },
  async "transcriptions"() {
    const audio = Buffer.alloc(40_000, "sound");
    for (const model of [openai.transcription("scribe"), openai.transcription("listener")]) {
      assert.match((await transcribe({ model, audio, maxRetries: 0 })).text, /^I heard 40000 bytes/);
    }
  },
};
