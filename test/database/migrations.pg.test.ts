import { describeMigrations } from "../suites/migrations-suite.ts";
import { createServerWorld } from "../support/actors/databases/database-world.ts";

describeMigrations("PostgreSQL", createServerWorld);
