/** Says why a part cannot take new sessions, or nothing when it can. Cheap: called on every probe. */
export type ReadinessCheck = () => string | undefined;

export interface Readiness {
  readonly ready: boolean;
  /** One sentence each, for an operator. */
  readonly problems: readonly string[];
}

/**
 * Whether the process should get new sessions (R33).
 *
 * Liveness is not asked here: a process that answers is alive, whatever its load and its database do.
 */
export class Health {
  readonly #checks: ReadinessCheck[] = [];

  addCheck(check: ReadinessCheck): void {
    this.#checks.push(check);
  }

  readiness(): Readiness {
    const problems = this.#checks.map((check) => check()).filter((found) => found !== undefined);
    return { ready: problems.length === 0, problems };
  }
}
