import { expect, test } from "bun:test";
import { CONTROL_MESSAGE_BYTES_MAX } from "../../../src/gateway/protocol/client-messages.ts";
import { ControlMeter } from "../../../src/gateway/seat/control-meter.ts";

const STOP = '{"type":"stop"}';

test("[R23] a control message has at most so many bytes, whatever its characters", () => {
  const judge = (text: string) => new ControlMeter().judge(text, 0);
  expect(judge("x".repeat(CONTROL_MESSAGE_BYTES_MAX))).toBeUndefined();
  expect(judge("x".repeat(CONTROL_MESSAGE_BYTES_MAX + 1))?.code).toBe("frame-invalid");
  const wide = "語".repeat(CONTROL_MESSAGE_BYTES_MAX / 2);
  expect(judge(wide)?.code).toBe("frame-invalid");
  expect(judge(wide)?.message).not.toContain("語");
});

test("[R23] twenty control messages may come at once, and five a second after them", () => {
  const meter = new ControlMeter();
  for (let count = 0; count < 20; count += 1) expect(meter.judge(STOP, 1000)).toBeUndefined();
  for (let nowMs = 1200; nowMs <= 61_000; nowMs += 200) {
    expect(meter.judge(STOP, nowMs)).toBeUndefined();
  }
  expect(meter.judge(STOP, 61_100)?.code).toBe("rate-exceeded");
});

test("[R23] a pause earns twenty messages again, and no more", () => {
  const meter = new ControlMeter();
  for (let count = 0; count < 20; count += 1) meter.judge(STOP, 0);
  for (let count = 0; count < 20; count += 1) {
    expect(meter.judge(STOP, 3_600_000)).toBeUndefined();
  }
  expect(meter.judge(STOP, 3_600_000)?.code).toBe("rate-exceeded");
});

test("a clock that is set back costs nobody his messages", () => {
  const meter = new ControlMeter();
  for (let count = 0; count < 20; count += 1) expect(meter.judge(STOP, 0)).toBeUndefined();
});
