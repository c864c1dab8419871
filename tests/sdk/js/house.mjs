// What all SDKs are told of the gateway, and what they ask.
const [url, key, keeperKey] = process.argv.slice(2);

export const house = { url, key, keeperKey };
export const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
export const asked = (content) => [{ role: "user", content }];
