-- For people who write SQL. Filters on ts reach the index: no view computes on it.

CREATE VIEW v_metrics AS
SELECT s.source, s.asset, s.instrument, s.venue, s.quote, s.metric, s.step,
       m.ts,
       m.value,
       m.ts - make_interval(secs => s.label_shift) AS vendor_ts,
       m.write_id,
       s.series_id
FROM series s
JOIN metrics m USING (series_id);
COMMENT ON VIEW v_metrics IS 'Every point with all names spelled out, as the vendor sent it.';
COMMENT ON COLUMN v_metrics.source IS 'Vendor.';
COMMENT ON COLUMN v_metrics.asset IS 'Vendor''s id.';
COMMENT ON COLUMN v_metrics.instrument IS 'Product of a venue; empty where there is none.';
COMMENT ON COLUMN v_metrics.venue IS 'Where it trades; empty where the vendor aggregates.';
COMMENT ON COLUMN v_metrics.quote IS 'Currency that money is counted in; empty where there is none.';
COMMENT ON COLUMN v_metrics.metric IS 'Stored metric name.';
COMMENT ON COLUMN v_metrics.step IS 'Width of a bucket.';
COMMENT ON COLUMN v_metrics.ts IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN v_metrics.value IS 'Value as sent.';
COMMENT ON COLUMN v_metrics.vendor_ts IS 'The vendor''s own label of the point.';
COMMENT ON COLUMN v_metrics.write_id IS 'Batch that wrote the value.';
COMMENT ON COLUMN v_metrics.series_id IS 'Series.';

CREATE VIEW v_latest_metrics AS
SELECT e.canonical_id, t.source, t.asset, t.instrument, t.venue, t.quote, t.metric, t.step,
       t.last_ts AS ts,
       t.last_value AS value,
       t.last_ts - make_interval(secs => t.label_shift) AS vendor_ts,
       t.points, t.first_ts, t.series_id
FROM series_stats t
LEFT JOIN entity_source_ids e ON e.source = t.source AND e.source_id = t.asset;
COMMENT ON VIEW v_latest_metrics IS 'The newest value of every series. Reads series_stats alone, never the points.';
COMMENT ON COLUMN v_latest_metrics.canonical_id IS 'Entity; empty where nobody has mapped the asset.';
COMMENT ON COLUMN v_latest_metrics.source IS 'Vendor.';
COMMENT ON COLUMN v_latest_metrics.asset IS 'Vendor''s id.';
COMMENT ON COLUMN v_latest_metrics.instrument IS 'Product of a venue; empty where there is none.';
COMMENT ON COLUMN v_latest_metrics.venue IS 'Where it trades; empty where the vendor aggregates.';
COMMENT ON COLUMN v_latest_metrics.quote IS 'Currency that money is counted in; empty where there is none.';
COMMENT ON COLUMN v_latest_metrics.metric IS 'Stored metric name.';
COMMENT ON COLUMN v_latest_metrics.step IS 'Width of a bucket.';
COMMENT ON COLUMN v_latest_metrics.ts IS 'Start of the newest bucket, UTC.';
COMMENT ON COLUMN v_latest_metrics.value IS 'Value as sent.';
COMMENT ON COLUMN v_latest_metrics.vendor_ts IS 'The vendor''s own label of the point.';
COMMENT ON COLUMN v_latest_metrics.points IS 'Number of points of the series.';
COMMENT ON COLUMN v_latest_metrics.first_ts IS 'Oldest bucket of the series.';
COMMENT ON COLUMN v_latest_metrics.series_id IS 'Series.';

CREATE VIEW v_normalized_metrics AS
SELECT e.canonical_id,
       n.canonical AS metric,
       s.source, s.asset, s.venue, s.step,
       m.ts,
       -- The same operations in the same order as the readers', so that both give the same bits.
       CASE n.scales
           WHEN 'price' THEN m.value * n.multiplier / e.factor
           WHEN 'quantity' THEN m.value * n.multiplier * e.factor
           ELSE m.value * n.multiplier END AS value,
       CASE WHEN c.unit <> 'quote' THEN c.unit
           WHEN n.unit IN ('usd', 'billion_usd') THEN 'usd'
           ELSE coalesce(nullif(s.quote, ''), 'quote') END AS unit,
       s.instrument, s.quote, s.series_id
FROM entity_source_ids e
JOIN series s ON s.source = e.source AND s.asset = e.source_id
JOIN metric_names n ON n.source = s.source AND n.metric = s.metric
    AND (n.step = s.step OR (n.step = '' AND NOT EXISTS (
        SELECT 1 FROM metric_names f
        WHERE f.source = s.source AND f.metric = s.metric AND f.step = s.step)))
JOIN canonical_metrics c ON c.metric = n.canonical
JOIN metrics m USING (series_id);
COMMENT ON VIEW v_normalized_metrics IS 'Every point of a mapped asset under canonical entity, metric and unit: what may be compared across vendors.';
COMMENT ON COLUMN v_normalized_metrics.canonical_id IS 'Entity.';
COMMENT ON COLUMN v_normalized_metrics.metric IS 'Canonical metric.';
COMMENT ON COLUMN v_normalized_metrics.source IS 'Vendor.';
COMMENT ON COLUMN v_normalized_metrics.asset IS 'Vendor''s id.';
COMMENT ON COLUMN v_normalized_metrics.venue IS 'Where it trades; empty where the vendor aggregates.';
COMMENT ON COLUMN v_normalized_metrics.step IS 'Width of a bucket.';
COMMENT ON COLUMN v_normalized_metrics.ts IS 'Start of the bucket, UTC.';
COMMENT ON COLUMN v_normalized_metrics.value IS 'Value in the unit.';
COMMENT ON COLUMN v_normalized_metrics.unit IS 'Unit of value; for money the currency, or quote where the series names none.';
COMMENT ON COLUMN v_normalized_metrics.instrument IS 'Product of a venue; empty where there is none.';
COMMENT ON COLUMN v_normalized_metrics.quote IS 'Currency that money is counted in; empty where there is none.';
COMMENT ON COLUMN v_normalized_metrics.series_id IS 'Series.';
