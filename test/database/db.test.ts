import { expect, test } from "bun:test";
import { openDatabase } from "../../src/database/db.ts";
import { lockFolder } from "../../src/database/folder-lock.ts";
import { createGuardedFolder } from "../support/probes/guarded-folder.ts";

test("[R31] a process opens one database, keeps it on globalThis, and lets go of it at the end", async () => {
  const options = {
    kind: "postgres",
    url: "postgresql://127.0.0.1:1/a",
    connectionsMax: 2,
  } as const;
  const first = await openDatabase(options);
  expect(await openDatabase({ ...options })).toBe(first);
  expect(globalThis.stenogateDatabase?.options).toEqual(options);
  await expect(openDatabase({ ...options, connectionsMax: 3 })).rejects.toThrow(
    "another one is open",
  );

  const closing = first.close();
  const second = await openDatabase({ ...options, connectionsMax: 3 });
  expect(second).not.toBe(first);
  await Promise.all([closing, first.close()]);
  expect(await openDatabase({ ...options, connectionsMax: 3 })).toBe(second);
  await second.close();
  await second.close();
  expect(globalThis.stenogateDatabase).toBeUndefined();
});

test("a database that cannot be opened leaves the place free", async () => {
  await using folder = await createGuardedFolder("stenogate-lock-");
  const lock = lockFolder(folder.path);
  const opening = openDatabase({ kind: "embedded", directory: folder.path });
  await expect(opening).rejects.toMatchObject({ name: "StoreError", retryable: true });
  expect(globalThis.stenogateDatabase).toBeUndefined();
  lock.release();
});
