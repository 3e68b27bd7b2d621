CREATE TABLE "figures" (
	"step" text NOT NULL,
	"at" timestamp(3) with time zone NOT NULL,
	"name" text NOT NULL,
	"label" text NOT NULL,
	"count" bigint NOT NULL,
	"sum" double precision NOT NULL,
	"buckets" integer[] NOT NULL,
	CONSTRAINT "figures_step_at_name_label_pk" PRIMARY KEY("step","at","name","label")
);
--> statement-breakpoint
CREATE TABLE "health_changes" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "health_changes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"part" text NOT NULL,
	"status" text NOT NULL,
	"reason" text NOT NULL,
	"at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE INDEX "health_changes_by_part" ON "health_changes" USING btree ("part","id");--> statement-breakpoint
CREATE INDEX "csat_surveys_by_answer" ON "csat_surveys" USING btree ("answered_at") WHERE "csat_surveys"."answered_at" is not null;--> statement-breakpoint
CREATE INDEX "queue_items_by_assignment" ON "queue_items" USING btree ("assigned_at") WHERE "queue_items"."assigned_at" is not null;