import { expect, test } from "bun:test";
import { readBody } from "../../src/kernel/bounded-body.ts";

test("reads a text as a whole, its characters across chunks too", async () => {
  const bytes = new TextEncoder().encode("née 🎙");
  const chunks = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  expect(await readBody(new Response(chunks), bytes.byteLength)).toBe("née 🎙");
});

test("is empty where there is no body", async () => {
  expect(await readBody(new Response(null), 10)).toBe("");
});

test("stops at the limit and lets the rest go", async () => {
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1000)),
    cancel: () => resolve(),
  });
  expect(await readBody(new Response(endless), 10_000)).toBeUndefined();
  await cancelled;
});
