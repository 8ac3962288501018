-- What no catalogue names any more has ended, once two readings a day apart missed it. Who told of an end
-- says nothing of the beginning.

ALTER TABLE listings ADD COLUMN missing_since timestamptz;
COMMENT ON COLUMN listings.missing_since IS 'The first reading of the catalogue that no longer named it; empty while it is named.';

ALTER TABLE facts ADD COLUMN ended_from text NOT NULL DEFAULT '';
UPDATE facts SET ended_from = known_from WHERE ended_at IS NOT NULL;
COMMENT ON COLUMN facts.ended_from IS 'Dataset or catalogue that taught the end; empty where none did.';
COMMENT ON COLUMN facts.known_from IS 'Dataset or catalogue that taught the beginning.';
