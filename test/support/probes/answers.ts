import { expect } from "bun:test";

/** The status and the code of an answer whose body is an error. */
export async function errorOf(answer: Response): Promise<[number, string]> {
  const body = (await answer.json()) as { error: { code: string; message: string } };
  expect(body.error.message).not.toBe("");
  return [answer.status, body.error.code];
}

/** A request's options that carry this token. */
export function bearer(token: string, headers: Readonly<Record<string, string>> = {}) {
  return { headers: { ...headers, authorization: `Bearer ${token}` } };
}
