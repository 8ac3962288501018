-- What has been asked and answered.

CREATE TABLE coverage (
    series_id int4 PRIMARY KEY,
    settled   tstzmultirange NOT NULL
) WITH (fillfactor = 70);
COMMENT ON TABLE coverage IS 'Per series the time about which nothing more is to be asked: answered, finally empty or unfillable.';
COMMENT ON COLUMN coverage.series_id IS 'Series.';
COMMENT ON COLUMN coverage.settled IS 'Whole buckets by their start. Gap = wanted - settled.';

DO $$
BEGIN
    ALTER TABLE coverage ALTER COLUMN settled SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN
    RAISE NOTICE 'this server has no lz4: coverage stays with pglz';
END $$;

CREATE TABLE slots_missing (
    series_id  int4 NOT NULL,
    during     tstzrange NOT NULL,
    reason     text NOT NULL CHECK (reason IN
               ('vendor_empty', 'not_yet_published', 'failed', 'unfillable', 'unsupported', 'closed')),
    recheck_at timestamptz,
    tries      int2 NOT NULL DEFAULT 1,
    PRIMARY KEY (series_id, during)
);
COMMENT ON TABLE slots_missing IS 'Why a part of a series has no value: a range a row, never a row a bucket.';
COMMENT ON COLUMN slots_missing.series_id IS 'Series.';
COMMENT ON COLUMN slots_missing.during IS 'Buckets by their start.';
COMMENT ON COLUMN slots_missing.reason IS 'vendor_empty, not_yet_published, failed, unfillable, unsupported or closed.';
COMMENT ON COLUMN slots_missing.recheck_at IS 'Asked again from then on; empty where the verdict is final (and settled).';
COMMENT ON COLUMN slots_missing.tries IS 'How often it was asked.';

CREATE TABLE reread_queue (
    series_id int4 NOT NULL,
    during    tstzrange NOT NULL,
    queued_at timestamptz NOT NULL,
    PRIMARY KEY (series_id, during)
);
COMMENT ON TABLE reread_queue IS 'Ranges in which an answer differed from what is stored without being taken.';
COMMENT ON COLUMN reread_queue.series_id IS 'Series.';
COMMENT ON COLUMN reread_queue.during IS 'Buckets by their start.';
COMMENT ON COLUMN reread_queue.queued_at IS 'Since when.';
