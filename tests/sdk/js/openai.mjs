// OpenAI's SDK, unchanged but for base URL and key.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { asked, house, parameters } from "./house.mjs";

const gpt = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: house.key, maxRetries: 0 });
const keeper = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: house.keeperKey, maxRetries: 0 });

const tools = [{ type: "function", function: { name: "get_weather", parameters } }];

export const checks = {
  async "chat"(model) {
    const answer = await gpt.chat.completions.create({ model, max_tokens: 200, messages: asked("Tell me of rivers.") });
    assert.match(answer.choices[0].message.content, /rivers/);
    assert.ok(answer.usage.total_tokens > 0);
  },
  async "chat, streamed"(model) {
    const stream = await gpt.chat.completions.create({ model, max_tokens: 200, stream: true, messages: asked("Tell me of rivers.") });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta?.content ?? "";
    assert.match(text, /rivers/);
  },
  async "parallel tools, streamed"(model) {
    const runner = gpt.chat.completions.stream({ model, max_tokens: 500, tools, tool_choice: "required", messages: asked("What is the weather in both Oslo and Riga?") });
    const { choices } = await runner.finalChatCompletion();
    assert.deepEqual(choices[0].message.tool_calls.map((call) => JSON.parse(call.function.arguments).city), ["Oslo", "Riga"]);
  },
  async "structured output"(model) {
    const schema = { type: "object", properties: { name: { type: "string" }, minutes: { type: "integer" } }, required: ["name", "minutes"], additionalProperties: false };
    const answer = await gpt.chat.completions.create({ model, max_tokens: 500, messages: asked("A recipe."), response_format: { type: "json_schema", json_schema: { name: "recipe", strict: true, schema } } });
    assert.equal(typeof JSON.parse(answer.choices[0].message.content).minutes, "number");
  },
  async "error class"(model) {
    await assert.rejects(gpt.chat.completions.create({ model, messages: asked("[emulate: error status=429]") }), OpenAI.RateLimitError);
    await assert.rejects(gpt.chat.completions.create({ model: "gtp", messages: asked("Hello") }), OpenAI.NotFoundError);
  },
  async "responses, streamed with tools"(model) {
    const stream = gpt.responses.stream({ model, max_output_tokens: 500, tools: [{ type: "function", name: "get_weather", parameters, strict: true }], tool_choice: "required", input: "What is the weather in both Oslo and Riga?" });
    const { output } = await stream.finalResponse();
    assert.deepEqual(output.filter((item) => item.type === "function_call").map((item) => JSON.parse(item.arguments).city), ["Oslo", "Riga"]);
  },
  async "responses that are kept"(model) {
    const first = await keeper.responses.create({ model, max_output_tokens: 200, input: "Tell me of rivers." });
    const second = await keeper.responses.create({ model, max_output_tokens: 200, input: "And then?", previous_response_id: first.id });
    assert.equal(second.previous_response_id, first.id);
    assert.equal((await keeper.responses.retrieve(first.id)).output_text, first.output_text);
    const roles = [];
    for await (const item of keeper.responses.inputItems.list(second.id, { order: "asc", limit: 2 })) roles.push(item.role);
    assert.deepEqual(roles, ["user", "assistant", "user"]);
    await keeper.responses.delete(first.id);
    await assert.rejects(keeper.responses.retrieve(first.id), OpenAI.NotFoundError);
  },
};

export const once = {
  async "embeddings"() {
    const answer = await gpt.embeddings.create({ model: "embedder", input: ["one", "two"] });
    assert.equal(answer.data.length, 2);
    assert.ok(answer.data[0].embedding.length > 0);
  },
  async "pictures"() {
    const answer = await gpt.images.generate({ model: "painter", prompt: "A weir", size: "1024x1024", quality: "low" });
    assert.equal(Buffer.from(answer.data[0].b64_json, "base64").subarray(1, 4).toString(), "PNG");
    assert.equal(answer.usage.output_tokens, 272);
  },
  async "pictures, streamed"() {
    const types = [];
    const stream = await gpt.images.generate({ model: "painter", prompt: "A weir", stream: true, partial_images: 2 });
    for await (const event of stream) types.push(event.type.split(".")[1]);
    assert.deepEqual(types, ["partial_image", "partial_image", "completed"]);
  },
  async "pictures made of others"() {
    const [image, other, mask] = await Promise.all(["one", "two", "three"].map((name) => OpenAI.toFile(Buffer.from(name), `${name}.png`, { type: "image/png" })));
    const answer = await gpt.images.edit({ model: "painter", image: [image, other], mask, prompt: "A weir", size: "1024x1024", quality: "low", n: 2 });
    assert.equal(answer.data.length, 2);
    assert.equal(answer.usage.input_tokens_details.image_tokens, 600);
    const types = [];
    const stream = await gpt.images.edit({ model: "painter", image, prompt: "A weir", stream: true, partial_images: 1 });
    for await (const event of stream) types.push(event.type);
    assert.deepEqual(types, ["image_edit.partial_image", "image_edit.completed"]);
    const varied = await gpt.images.createVariation({ model: "dalle", image, n: 2 });
    assert.equal(varied.data.length, 2);
  },
  async "speech"() {
    const answer = await gpt.audio.speech.create({ model: "speaker", input: "Hello there", voice: "alloy", response_format: "wav" });
    assert.equal(answer.headers.get("content-type"), "audio/wav");
    const sound = Buffer.from(await answer.arrayBuffer());
    assert.equal(sound.subarray(0, 4).toString(), "RIFF");
    assert.equal(sound.length, 44 + 2 * 24000);
  },
  async "transcriptions, the file before the fields"() {
    const file = await OpenAI.toFile(Buffer.alloc(3_000_000, "sound"), "weir \"at\" dawn ä.mp3", { type: "audio/mpeg" });
    const answer = await gpt.audio.transcriptions.create({ file, model: "scribe", response_format: "verbose_json", language: "en" });
    assert.match(answer.text, /^I heard 3000000 bytes of weir %22at%22 dawn ä.mp3/);
    assert.equal(answer.duration, 750);
  },
  async "transcriptions, streamed"() {
    const file = await OpenAI.toFile(Buffer.alloc(40_000), "weir.opus");
    let text = "";
    const stream = await gpt.audio.transcriptions.create({ model: "listener", file, stream: true });
    for await (const event of stream) text += event.type === "transcript.text.delta" ? event.delta : "";
    assert.match(text, /^I heard 40000 bytes of weir.opus/);
  },
  async "models"() {
    const names = [];
    for await (const model of gpt.models.list()) names.push(model.id);
    assert.deepEqual(names.sort(), ["claude", "dalle", "embedder", "gpt", "listener", "moderator", "native", "painter", "reader", "scribe", "speaker"]);
  },
};
