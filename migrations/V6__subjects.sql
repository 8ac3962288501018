-- Venues list several products of one asset, each with a life of its own, and vendors have several catalogues.

ALTER TABLE facts ADD COLUMN instrument text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE facts DROP CONSTRAINT facts_pkey;
ALTER TABLE facts ADD PRIMARY KEY (source, asset, instrument, venue);
COMMENT ON COLUMN facts.instrument IS 'Product of a venue; empty where there is none.';

ALTER TABLE listings ADD COLUMN dataset text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE listings ADD COLUMN instrument text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE listings ADD COLUMN venue text COLLATE "C" NOT NULL DEFAULT '';
-- Until now there was one vendor with one catalogue.
UPDATE listings SET dataset = 'coins_list' WHERE source = 'coingecko';
ALTER TABLE listings DROP CONSTRAINT listings_pkey;
ALTER TABLE listings ADD PRIMARY KEY (source, dataset, asset, instrument, venue);
COMMENT ON COLUMN listings.dataset IS 'Catalogue that lists it.';
COMMENT ON COLUMN listings.instrument IS 'Product of a venue; empty where there is none.';
COMMENT ON COLUMN listings.venue IS 'Where it trades; empty where the vendor aggregates.';
