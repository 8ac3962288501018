-- A dataset that is refused tick after tick is suspended, also where each tick is another process's.

CREATE TABLE refused_ticks (
    source  text COLLATE "C" NOT NULL,
    dataset text COLLATE "C" NOT NULL,
    ticks   int4 NOT NULL CHECK (ticks > 0),
    since   timestamptz NOT NULL,
    PRIMARY KEY (source, dataset)
);
COMMENT ON TABLE refused_ticks IS 'How many live ticks in a row brought nothing but refusals that do not pass. A good answer takes the row away.';
COMMENT ON COLUMN refused_ticks.source IS 'Vendor.';
COMMENT ON COLUMN refused_ticks.dataset IS 'Dataset.';
COMMENT ON COLUMN refused_ticks.ticks IS 'How many so far.';
COMMENT ON COLUMN refused_ticks.since IS 'When the first of them was.';
