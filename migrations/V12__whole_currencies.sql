-- Prices in parts of a currency (pence) are answered in the currency itself.

CREATE TABLE currency_parts (
    code  text COLLATE "C" PRIMARY KEY,
    whole text COLLATE "C" NOT NULL,
    parts float8 NOT NULL CHECK (parts > 0)
);
COMMENT ON TABLE currency_parts IS 'Parts of currencies that exchanges quote in.';
COMMENT ON COLUMN currency_parts.code IS 'Code of the part, as in series.quote.';
COMMENT ON COLUMN currency_parts.whole IS 'Code of the currency.';
COMMENT ON COLUMN currency_parts.parts IS 'How many parts make one of it.';
INSERT INTO currency_parts VALUES ('gbx', 'gbp', 100), ('ila', 'ils', 100), ('usx', 'usd', 100), ('zac', 'zar', 100);

CREATE OR REPLACE VIEW v_normalized_metrics AS
SELECT e.canonical_id,
       n.canonical AS metric,
       s.source, s.asset, s.venue, s.step,
       m.ts,
       -- The same operations in the same order as the readers', so that both give the same bits.
       CASE n.scales
           WHEN 'price' THEN m.value * n.multiplier / e.factor
           WHEN 'quantity' THEN m.value * n.multiplier * e.factor
           ELSE m.value * n.multiplier END / coalesce(k.parts, 1) AS value,
       CASE WHEN c.unit <> 'quote' THEN c.unit
           WHEN n.unit IN ('usd', 'billion_usd') THEN 'usd'
           ELSE coalesce(k.whole, nullif(s.quote, ''), 'quote') END AS unit,
       s.instrument, s.quote, s.series_id
FROM entity_source_ids e
JOIN series s ON s.source = e.source AND s.asset = e.source_id
JOIN metric_names n ON n.source = s.source AND n.metric = s.metric
    AND (n.step = s.step OR (n.step = '' AND NOT EXISTS (
        SELECT 1 FROM metric_names f
        WHERE f.source = s.source AND f.metric = s.metric AND f.step = s.step)))
JOIN canonical_metrics c ON c.metric = n.canonical
LEFT JOIN currency_parts k ON k.code = s.quote AND c.unit = 'quote' AND n.unit = 'quote'
JOIN metrics m USING (series_id);
COMMENT ON COLUMN v_normalized_metrics.unit IS 'Unit of value; for money the currency, never a part of one, or quote where the series names none.';
COMMENT ON COLUMN v_normalized_metrics.quote IS 'Currency, or part of one, that the vendor counts money in; empty where there is none.';
