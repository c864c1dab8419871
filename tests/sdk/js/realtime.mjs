// OpenAI's JavaScript SDK in a conversation, unchanged but for base URL and key. A failure ends the process with 1.
import assert from "node:assert/strict";
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";

const [url, key] = process.argv.slice(2);
const talk = new OpenAIRealtimeWS({ model: "voice" }, new OpenAI({ baseURL: `${url}/v1`, apiKey: key }));
const heard = [];
talk.on("error", (error) => { console.error(error); process.exit(1); });
talk.on("event", (event) => heard.push(event.type));
talk.on("session.created", () => {
  talk.send({ type: "session.update", session: { type: "realtime", model: "voice", output_modalities: ["text"] } });
  talk.send({ type: "conversation.item.create", item: { type: "message", role: "user", content: [{ type: "input_text", text: "hello" }] } });
  talk.send({ type: "response.create" });
});
talk.on("response.done", (event) => {
  assert.equal(event.response.usage.output_tokens, 50);
  talk.close();
});
talk.socket.on("close", (code) => {
  assert.deepEqual(heard.slice(0, 2), ["session.created", "session.updated"]);
  assert.equal(heard.filter((type) => type === "response.output_text.delta").length, 4);
  console.log(`ok ${code}`);
});
