import { expect, spyOn, test } from "bun:test";
import { decodeJwt } from "jose";
import { mintToken } from "../../src/auth/token-minter.ts";
import { createTokenVerifier } from "../../src/auth/token-verifier.ts";
import { token as tokenCommand } from "../../src/commands/token.ts";
import { refusal, secret } from "../support/actors/clients/tokens.ts";

const request = {
  secret,
  subject: "user-1",
  sessionSlug: "standup",
  identity: "host",
  ttlSeconds: 60,
};
const expected = { audience: "stenogate", issuer: "https://id.example" };

test("mints what a verifier of the same audience and issuer accepts", async () => {
  const verifier = createTokenVerifier({ secret, ...expected });
  const { speaker } = await verifier.verify(await mintToken({ ...request, ...expected }));
  expect(speaker.subject).toBe("user-1");
  await refusal(verifier, await mintToken(request));
  await refusal(verifier, await mintToken({ ...request, ...expected, audience: "other-audience" }));
});

test("names neither audience nor issuer where there is none", async () => {
  const claims = decodeJwt(await mintToken({ ...request, audience: undefined, issuer: undefined }));
  expect(Object.keys(claims).toSorted()).toEqual(["exp", "iat", "identity", "sessionSlug", "sub"]);
});

test("[R23] the token command mints what its own configuration accepts", async () => {
  const settings = {
    TRANSCRIPTION_JWT_SECRET: secret,
    TRANSCRIPTION_JWT_AUDIENCE: expected.audience,
    TRANSCRIPTION_JWT_ISSUER: expected.issuer,
  };
  using output = spyOn(console, "log").mockImplementation(() => {});
  expect(await tokenCommand.run({ session: "standup", identity: "host" }, settings, "")).toBe(0);
  const printed = String(output.mock.calls[0]?.[0]);
  const { speaker } = await createTokenVerifier({ secret, ...expected }).verify(printed);
  expect(speaker).toMatchObject({ sessionSlug: "standup", identity: "host" });
});
