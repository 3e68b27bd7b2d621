CREATE TABLE "observed_stretches" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "observed_stretches_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"began_at" timestamp(3) with time zone DEFAULT now() NOT NULL,
	"looked_at" timestamp(3) with time zone DEFAULT now() NOT NULL
);
