-- Pace, quota, leadership, suspension: what processes share. On Citus local to the coordinator.

CREATE TABLE pace (
    source  text COLLATE "C" NOT NULL,
    host    text COLLATE "C" NOT NULL,
    next_at timestamptz NOT NULL,
    parked_until timestamptz,
    parked_why   text,
    PRIMARY KEY (source, host)
) WITH (fillfactor = 50);
COMMENT ON TABLE pace IS 'One pacing slot per vendor and host: when the next request may leave, over all processes.';
COMMENT ON COLUMN pace.source IS 'Vendor.';
COMMENT ON COLUMN pace.host IS 'Host of the vendor.';
COMMENT ON COLUMN pace.next_at IS 'The next free slot, on this database''s clock.';
COMMENT ON COLUMN pace.parked_until IS 'The vendor said that its quota is spent: nobody asks before this time, unless an operator resumes the source.';
COMMENT ON COLUMN pace.parked_why IS 'What the vendor said, redacted.';

CREATE TABLE quota_ledger (
    source       text COLLATE "C" NOT NULL,
    host         text COLLATE "C" NOT NULL,
    unit         text NOT NULL CHECK (unit IN ('requests', 'credits')),
    span         text NOT NULL CHECK (span IN ('hour', 'day', 'month')),
    window_start timestamptz NOT NULL,
    used         int8 NOT NULL CHECK (used >= 0),
    PRIMARY KEY (source, host, unit, span, window_start)
) WITH (fillfactor = 50);
COMMENT ON TABLE quota_ledger IS 'Units used per vendor window, counted before each request leaves.';
COMMENT ON COLUMN quota_ledger.source IS 'Vendor.';
COMMENT ON COLUMN quota_ledger.host IS 'Host of the vendor.';
COMMENT ON COLUMN quota_ledger.unit IS 'requests or credits.';
COMMENT ON COLUMN quota_ledger.span IS 'hour, day or month, UTC.';
COMMENT ON COLUMN quota_ledger.window_start IS 'Start of the window.';
COMMENT ON COLUMN quota_ledger.used IS 'Units used.';

CREATE TABLE suspensions (
    source    text COLLATE "C" NOT NULL,
    dataset   text COLLATE "C" NOT NULL DEFAULT '',
    parameter text COLLATE "C" NOT NULL DEFAULT '',
    class     text NOT NULL,
    reason    text NOT NULL,
    since     timestamptz NOT NULL,
    PRIMARY KEY (source, dataset, parameter)
);
COMMENT ON TABLE suspensions IS 'What does not run until an operator resumes it by hand.';
COMMENT ON COLUMN suspensions.source IS 'Vendor.';
COMMENT ON COLUMN suspensions.dataset IS 'Dataset; empty for the whole source.';
COMMENT ON COLUMN suspensions.parameter IS 'Parameter of a function that the plan refuses; empty for all.';
COMMENT ON COLUMN suspensions.class IS 'Class of the answer that led here.';
COMMENT ON COLUMN suspensions.reason IS 'What the vendor said, redacted.';
COMMENT ON COLUMN suspensions.since IS 'Since when.';

CREATE TABLE leader (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    epoch    int8 NOT NULL,
    instance text NOT NULL,
    taken_at timestamptz NOT NULL
);
COMMENT ON TABLE leader IS 'Who runs the schedule. The advisory lock decides; the epoch proves it to each write.';
COMMENT ON COLUMN leader.one IS 'Always true: there is one row.';
COMMENT ON COLUMN leader.epoch IS 'Raised by one each time leadership is taken.';
COMMENT ON COLUMN leader.instance IS 'Process that took it.';
COMMENT ON COLUMN leader.taken_at IS 'When.';

COMMENT ON TABLE refinery_schema_history IS 'Which migrations were applied; written by refinery.';
COMMENT ON COLUMN refinery_schema_history.version IS 'Number of the migration.';
COMMENT ON COLUMN refinery_schema_history.name IS 'Its name.';
COMMENT ON COLUMN refinery_schema_history.applied_on IS 'When it was applied, RFC 3339.';
COMMENT ON COLUMN refinery_schema_history.checksum IS 'Checksum of the file; a program with another content refuses to run.';
