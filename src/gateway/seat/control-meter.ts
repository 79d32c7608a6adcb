import { AppError } from "../../kernel/errors.ts";
import { TokenBucket } from "../../kernel/token-bucket.ts";
import { CONTROL_MESSAGE_BYTES_MAX } from "../protocol/client-messages.ts";

/** A client sends a stop, once, and a refresh every few minutes; it may send them again after each return. */
const BURST = 20;

const PER_SECOND = 5;

/** What one message costs. The bucket counts in thousandths of a message, so that a millisecond earns whole ones. */
const MESSAGE = 1000;

/** Judges the text frames of one session, over all of its sockets: size and rate (R23). */
export class ControlMeter {
  readonly #bucket = new TokenBucket({ capacity: BURST * MESSAGE, earnedPerMs: PER_SECOND });

  /** What is wrong with this frame at this moment, if anything; without quoting it. Called once for each frame, before it is parsed. */
  judge(text: string, nowMs: number): AppError | undefined {
    const bytes = Buffer.byteLength(text);
    if (bytes > CONTROL_MESSAGE_BYTES_MAX) {
      return new AppError(
        "frame-invalid",
        `expected a control message of at most ${CONTROL_MESSAGE_BYTES_MAX} bytes, got ${bytes}`,
      );
    }
    if (this.#bucket.take(MESSAGE, nowMs) === 0) return undefined;
    return new AppError(
      "rate-exceeded",
      `expected at most ${PER_SECOND} control messages a second after the first ${BURST}`,
    );
  }
}
