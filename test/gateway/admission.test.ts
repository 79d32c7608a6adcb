import { expect, test } from "bun:test";
import { Admission, type AdmissionDeps, type Identification } from "../../src/gateway/admission.ts";
import { AppError } from "../../src/kernel/errors.ts";
import { Health } from "../../src/observe/health.ts";
import { recordedLog } from "../support/recorded-log.ts";
import { speaker } from "../support/relay-stage.ts";

const identification: Identification = {
  speaker,
  recognitionChoices: {},
  expiresAt: new Date(2_000_000_000_000),
};

function admission(identify: () => Promise<Identification>, changes: Partial<AdmissionDeps> = {}) {
  const authenticator = { identify, identifyToken: identify, selectProtocol: () => undefined };
  const deps = {
    authenticator,
    health: new Health(),
    isDraining: () => false,
    log: recordedLog(),
    ...changes,
  };
  return new Admission(deps, { allowedOrigins: [] });
}

const request = (query = "") => new Request(`http://localhost/api/realtime/transcribe${query}`);

test("admits with who speaks, until when, and what was asked for", async () => {
  const decision = await admission(() => Promise.resolve(identification)).decide(
    request("?language=fr"),
  );
  expect(decision).toMatchObject({ ...identification, recognition: { languages: ["fr"] } });
});

test("admits with what the token decides, whatever the client asks for", async () => {
  const decided = { ...identification, recognitionChoices: { languages: ["de"] } as const };
  const decision = await admission(() => Promise.resolve(decided)).decide(
    request("?language=fr&endpointing=1"),
  );
  expect(decision).toMatchObject({ recognition: { languages: ["de"], endpointingSeconds: 1 } });
});

test("gives a failure of the authenticator back as it is", async () => {
  const failure = new AppError("keys-unreachable", "no keys", { retryable: true });
  expect(await admission(() => Promise.reject(failure)).decide(request())).toBe(failure);
});

test("[R24] makes a value of a bug too: it never rejects", async () => {
  const log = recordedLog();
  const bug = new TypeError("words for the log alone");
  const decision = await admission(() => Promise.reject(bug), { log }).decide(request());
  expect(decision).toMatchObject({ code: "internal", message: "the gateway failed on its side" });
  expect(log.linesOf("A request failed on our side")).toMatchObject([
    { fields: { problem: bug.message } },
  ]);
});

test("[R30] refuses whoever was being identified when the drain began", async () => {
  const health = new Health();
  const { promise, resolve } = Promise.withResolvers<Identification>();
  const decision = admission(() => promise, { health }).decide(request());
  health.addCheck(() => "the process is shutting down");
  resolve(identification);
  expect(await decision).toMatchObject({ code: "not-ready" });
});
