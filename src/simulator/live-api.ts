import { sleep } from "../kernel/timers.ts";
import { answerError, toJob } from "./answers.ts";
import type { FaultDesk } from "./fault-desk.ts";
import type { SessionBook } from "./session-book.ts";
import type { SimulatedSession, SimulatedSessionOptions } from "./session/simulated-session.ts";
import { SimulatedSocket } from "./session/simulated-socket.ts";
import { parseSessionRequest } from "./wire/session-request.ts";

/** Without a region the provider takes its default. */
const REGIONS: ReadonlySet<string | null> = new Set([null, "us-west", "eu-west"]);

export interface LiveApiDeps {
  readonly sessions: SessionBook;
  readonly faults: FaultDesk;
  /** Ends every wait of a delayed answer. */
  readonly stopping: AbortSignal;
}

/** See `SimulatorOptions`. */
export interface LiveApiOptions extends Omit<SimulatedSessionOptions, "request"> {
  readonly apiKey: string;
  readonly sessionsMax: number;
  readonly postDelayMs: number;
  readonly openDelayMs: number;
}

/** The provider's HTTP routes: sessions are made here and their sockets let in. */
export class LiveApi {
  readonly #deps: LiveApiDeps;
  readonly #options: LiveApiOptions;
  #postCount = 0;
  #handshakeCount = 0;

  constructor(deps: LiveApiDeps, options: LiveApiOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Requests for a session so far, refused ones among them. */
  get postCount(): number {
    return this.#postCount;
  }

  /** Handshakes so far, refused ones among them. */
  get handshakeCount(): number {
    return this.#handshakeCount;
  }

  async createSession(request: Request): Promise<Response> {
    const { sessions, faults, stopping } = this.#deps;
    const { sessionsMax, postDelayMs } = this.#options;
    this.#postCount += 1;
    if (postDelayMs > 0) await sleep(postDelayMs, stopping);
    const fault = faults.takePost();
    if (fault?.kind === "refuse-posts") return answerError(request, fault.status, fault);
    if (fault?.kind === "hang-posts") {
      await sleep(fault.holdMs, AbortSignal.any([stopping, request.signal]));
      if (request.signal.aborted) return answerError(request, 503);
    }
    if (!this.#hasKey(request)) return answerError(request, 401);
    const url = new URL(request.url);
    if (!REGIONS.has(url.searchParams.get("region"))) {
      return answerError(request, 400, {
        validationErrors: ["region: expected us-west or eu-west"],
      });
    }
    const parsed = parseSessionRequest(await request.text());
    if (!parsed.ok) return answerError(request, 400, { validationErrors: parsed.problems });
    if (sessions.openCount >= sessionsMax) return answerError(request, 429);
    const session = sessions.open({ ...this.#options, request: parsed.request });
    const body = {
      id: session.id,
      created_at: session.createdAt.toISOString(),
      url: `ws://${url.host}/v2/live?token=${session.token}`,
    };
    return Response.json(body, { status: 201 });
  }

  /**
   * The token of an ended session is let in too: its socket is closed at once, as the provider
   * does.
   */
  async openSocket(
    request: Request,
    server: Bun.Server<SimulatedSocket>,
  ): Promise<Response | undefined> {
    const { sessions, faults, stopping } = this.#deps;
    const { openDelayMs } = this.#options;
    this.#handshakeCount += 1;
    if (openDelayMs > 0) await sleep(openDelayMs, stopping);
    const refusal = faults.takeHandshake();
    if (refusal !== undefined) return answerError(request, refusal.status);
    const token = new URL(request.url).searchParams.get("token");
    const session = token === null ? undefined : sessions.findByToken(token);
    if (session === undefined) return answerError(request, 403);
    if (server.upgrade(request, { data: new SimulatedSocket(session) })) return undefined;
    return answerError(request, 400, { validationErrors: ["upgrade: expected a WebSocket"] });
  }

  readSession(request: Request, id: string): Response {
    return this.#answerWith(request, id, (session) => Response.json(toJob(session)));
  }

  deleteSession(request: Request, id: string): Response {
    return this.#answerWith(request, id, (session) => {
      this.#deps.sessions.remove(session);
      return new Response(null, { status: 202 });
    });
  }

  #answerWith(
    request: Request,
    id: string,
    answer: (session: SimulatedSession) => Response,
  ): Response {
    if (!this.#hasKey(request)) return answerError(request, 401);
    const session = this.#deps.sessions.findById(id);
    return session === undefined ? answerError(request, 404) : answer(session);
  }

  #hasKey(request: Request): boolean {
    const key = request.headers.get("x-gladia-key") ?? "";
    return key !== "" && (this.#options.apiKey === "" || key === this.#options.apiKey);
  }
}
