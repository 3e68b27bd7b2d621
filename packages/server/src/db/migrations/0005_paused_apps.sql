CREATE TABLE "app_checkpoints" (
	"subscription" text NOT NULL,
	"partition" integer NOT NULL,
	"app_id" integer NOT NULL,
	"offset" bigint NOT NULL,
	CONSTRAINT "app_checkpoints_partition_subscription_app_id_pk" PRIMARY KEY("partition","subscription","app_id")
);
--> statement-breakpoint
CREATE TABLE "paused_apps" (
	"subscription" text NOT NULL,
	"app_id" integer NOT NULL,
	"reason" text NOT NULL,
	"paused_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "paused_apps_subscription_app_id_pk" PRIMARY KEY("subscription","app_id")
);
--> statement-breakpoint
ALTER TABLE "checkpoints" ADD COLUMN "splits" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "replay_entries" ADD COLUMN "app_id" integer;--> statement-breakpoint
UPDATE "replay_entries" SET "app_id" = "events"."app_id" FROM "events" WHERE "events"."id" = "replay_entries"."event_id";--> statement-breakpoint
DELETE FROM "replay_entries" WHERE "app_id" IS NULL;--> statement-breakpoint
ALTER TABLE "replay_entries" ALTER COLUMN "app_id" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "app_checkpoints" ADD CONSTRAINT "app_checkpoints_subscription_subscriptions_name_fk" FOREIGN KEY ("subscription") REFERENCES "public"."subscriptions"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "paused_apps" ADD CONSTRAINT "paused_apps_subscription_subscriptions_name_fk" FOREIGN KEY ("subscription") REFERENCES "public"."subscriptions"("name") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "parked_events_by_app" ON "parked_events" USING btree ("subscription","app_id");--> statement-breakpoint
INSERT INTO "paused_apps" ("subscription", "app_id", "reason")
SELECT "subscriptions"."name", "apps"."id", coalesce("pause_reason", 'paused by an earlier version') FROM "subscriptions" CROSS JOIN "apps" WHERE "status" = 'paused';--> statement-breakpoint
ALTER TABLE "subscriptions" DROP COLUMN "status";--> statement-breakpoint
ALTER TABLE "subscriptions" DROP COLUMN "pause_reason";