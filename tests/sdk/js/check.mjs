// All SDKs in one process. Every check says in one line what it tried, and what went wrong.
const MODULES = ["openai", "anthropic", "vercel", "google"];

for (const sdk of MODULES) {
  const { checks, once } = await import(`./${sdk}.mjs`);
  for (const [name, check] of Object.entries(once)) await tell(sdk, name, check);
  for (const model of ["gpt", "claude"]) {
    for (const [name, check] of Object.entries(checks)) await tell(sdk, `${name}, ${model}`, () => check(model));
  }
}

async function tell(sdk, check, run) {
  const trouble = await run().then(() => null, (error) => error.stack ?? String(error));
  console.log(JSON.stringify({ sdk, check, trouble }));
}
