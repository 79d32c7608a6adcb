import { AppError } from "../kernel/errors.ts";
import type { Health } from "../observe/health.ts";
import type { Log } from "../observe/log.ts";
import type { RecognitionOptions, Speaker } from "../relay/ports.ts";
import type { RecognitionChoices } from "../relay/recognition-choices.ts";
import { toClientFailure } from "./client-failure.ts";
import { parseStreamRequest } from "./stream-request.ts";

/** Who a token speaks for, how, and until when. */
export interface Identification {
  readonly speaker: Speaker;
  /** What the token decides; it wins over what the client asks for. */
  readonly recognitionChoices: RecognitionChoices;
  readonly expiresAt: Date;
}

/** Knows tokens. Both calls reject with an `AppError` that quotes nothing of the token. */
export interface Authenticator {
  /** By the token that the request carries in one of its three places. */
  identify(request: Request): Promise<Identification>;
  identifyToken(token: string): Promise<Identification>;
  /** The sub-protocol that the answer to this upgrade must name, if any. */
  selectProtocol(request: Request): string | undefined;
}

export interface Admitted extends Identification {
  readonly recognition: RecognitionOptions;
}

export interface AdmissionDeps {
  readonly authenticator: Authenticator;
  readonly health: Health;
  readonly isDraining: () => boolean;
  readonly log: Log;
}

export interface AdmissionOptions {
  /** Origins of pages that may connect; empty allows all. Programs send no origin and are not asked for one. */
  readonly allowedOrigins: readonly string[];
}

/** Decides about a new connection by everything but the number of sessions, which is asked when it opens. */
export class Admission {
  readonly #deps: AdmissionDeps;
  readonly #options: AdmissionOptions;

  constructor(deps: AdmissionDeps, options: AdmissionOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Never rejects: a refusal is a value, because the client hears it as a close code. */
  async decide(request: Request): Promise<Admitted | AppError> {
    const { authenticator, health, isDraining, log } = this.#deps;
    if (isDraining()) return new AppError("draining", "the server restarts");
    const origin = request.headers.get("origin");
    const { allowedOrigins } = this.#options;
    if (origin !== null && allowedOrigins.length > 0 && !allowedOrigins.includes(origin)) {
      return new AppError("origin-refused", "expected a page of an allowed origin");
    }
    let identification: Identification;
    try {
      identification = await authenticator.identify(request);
    } catch (error) {
      return toClientFailure(error, log);
    }
    const recognition = parseStreamRequest(
      new URL(request.url).searchParams,
      identification.recognitionChoices,
    );
    if (!recognition.ok) return new AppError("request-invalid", recognition.problem);
    if (!health.readiness().ready) {
      return new AppError("not-ready", "the gateway takes no new sessions at the moment");
    }
    return { ...identification, recognition: recognition.value };
  }
}
