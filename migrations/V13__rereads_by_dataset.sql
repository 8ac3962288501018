-- When a dataset was last read again is asked every hour, and nothing prunes the ledger of pulls: newest
-- first by this index, whatever else was pulled since.

CREATE INDEX pulls_by_dataset ON pulls (source, dataset, kind, started_at);
