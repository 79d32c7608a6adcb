import { createRandom } from "../../support/probes/tones.ts";

/** Choices that follow from one seed. */
export interface Draw {
  /** From `least` to `most`, both included. */
  whole(least: number, most: number): number;
  pick<Value>(values: readonly Value[]): Value;
  /** True with this probability. */
  chance(probability: number): boolean;
}

export function drawFrom(seed: number): Draw {
  const random = createRandom(seed);
  const whole = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  return {
    whole,
    pick: (values) => values[whole(0, values.length - 1)]!,
    chance: (probability) => random() < probability,
  };
}
