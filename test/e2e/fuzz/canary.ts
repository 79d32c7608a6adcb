import { deadline } from "../../../src/kernel/deadline.ts";
import type { Sample } from "../../../src/simulator/sample/sample.ts";
import { connectSpeaker, type Speaker } from "../../support/actors/clients/speaker.ts";
import { sign } from "../../support/actors/clients/tokens.ts";
import { TEST_SECRET } from "../../support/actors/processes/gateway-process.ts";

/** The canary's call and name, which no stranger has. */
export const CANARY = { sessionSlug: "canary", identity: "canary" } as const;

/** Its last finals are out within seconds, even on a machine that is busy. */
const CLOSE_LIMIT_MS = 30_000;
const STORE_LIMIT_MS = 20_000;
const LOOK_MS = 100;

/** What became of the canary. */
export interface CanaryOutcome {
  readonly closeCode: number;
  /** Texts of the finals that it was shown, of those that it has to be shown, and of those that are stored; in order. */
  readonly shown: readonly string[];
  readonly spoken: readonly string[];
  readonly stored: readonly string[];
}

/** A client as any other: it says the same sentences over and over, as fast as a person does, on one socket. */
export class Canary {
  readonly #speaker: Speaker;
  readonly #sample: Sample;
  readonly #gatewayUrl: URL;
  readonly #speaking: Promise<number>;
  #isStopping = false;

  private constructor(speaker: Speaker, sample: Sample, gatewayUrl: URL) {
    this.#speaker = speaker;
    this.#sample = sample;
    this.#gatewayUrl = gatewayUrl;
    this.#speaking = this.#speak();
  }

  static async start(gatewayUrl: URL, sample: Sample): Promise<Canary> {
    const speaker = await connectSpeaker(gatewayUrl, CANARY.sessionSlug, CANARY.identity);
    return new Canary(speaker, sample, gatewayUrl);
  }

  /** With which its session could be taken up, by its owner alone. */
  get resumeIds(): readonly string[] {
    return this.#speaker.messages.flatMap((message) =>
      "resume" in message && typeof message.resume === "string" ? [message.resume] : [],
    );
  }

  /** Lets it finish the round, then waits for its last finals. */
  async stop(): Promise<CanaryOutcome> {
    this.#isStopping = true;
    const rounds = await this.#speaking;
    this.#speaker.stop();
    const closeCode = await deadline(this.#speaker.closed, CLOSE_LIMIT_MS, "the canary's close");
    return {
      closeCode,
      shown: this.#speaker.finals.map(({ text }) => text),
      spoken: Array.from({ length: rounds }, () => this.#sample.sentences).flat(),
      stored: await this.#awaitStored(),
    };
  }

  async #speak(): Promise<number> {
    let rounds = 0;
    while (!this.#isStopping) {
      await this.#speaker.speak(this.#sample.pcm, 1);
      rounds += 1;
      // On a closed socket `speak` returns at once.
      await Bun.sleep(0);
    }
    return rounds;
  }

  /** Waits for as many as were shown: the last batch is still on its way when the socket closes. */
  async #awaitStored(): Promise<readonly string[]> {
    const giveUpAtMs = performance.now() + STORE_LIMIT_MS;
    for (;;) {
      const stored = await this.#readStored();
      if (stored.length >= this.#speaker.finals.length || performance.now() > giveUpAtMs)
        return stored;
      await Bun.sleep(LOOK_MS);
    }
  }

  async #readStored(): Promise<readonly string[]> {
    const token = await sign({ sub: "reader", ...CANARY }, { key: TEST_SECRET });
    const answer = await fetch(
      new URL(`/api/sessions/${CANARY.sessionSlug}/transcript`, this.#gatewayUrl),
      { headers: { authorization: `Bearer ${token}` } },
    );
    const { segments = [] } = (await answer.json()) as {
      segments?: readonly { readonly text: string }[];
    };
    return segments.map(({ text }) => text);
  }
}
