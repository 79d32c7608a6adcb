import { describeMigrations } from "../suites/migrations-suite.ts";
import { createServerWorld } from "../support/database-world.ts";

describeMigrations("PostgreSQL", createServerWorld);
