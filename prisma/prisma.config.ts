import { defineConfig } from "prisma/config";

export default defineConfig({
  schema: "schema.prisma",
  migrations: { path: "migrations" },
  // Read by `prisma migrate`, which this project itself never calls; `generate` needs no database.
  datasource: { url: process.env["DATABASE_URL"] ?? "postgresql://localhost/stenogate" },
});
