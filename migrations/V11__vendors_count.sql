-- What the vendor itself counted stands beside our own count.

ALTER TABLE quota_ledger ADD COLUMN vendor_used int8 CHECK (vendor_used >= 0);
ALTER TABLE quota_ledger ADD COLUMN vendor_seen_at timestamptz;
COMMENT ON COLUMN quota_ledger.vendor_used IS 'Units that the vendor itself counted, when it was last asked; empty where it tells nobody.';
COMMENT ON COLUMN quota_ledger.vendor_seen_at IS 'When that was.';
