ALTER TABLE "agents" ADD COLUMN "desk_seen_at" timestamp(3) with time zone;--> statement-breakpoint
ALTER TABLE "agents" ADD COLUMN "absent_since" timestamp(3) with time zone;