-- What a vendor's 429 asks for is no slot: a slot lies at most a window ahead, a hold up to an hour.

ALTER TABLE pace ADD COLUMN held_until timestamptz;
COMMENT ON COLUMN pace.held_until IS 'The vendor said that it is asked too often: no slot lies before this time.';

CREATE FUNCTION free_slot(next_at timestamptz, held_until timestamptz, now timestamptz, furthest interval)
RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT greatest(now, CASE WHEN next_at <= now + furthest THEN next_at END,
                    CASE WHEN held_until <= now + interval '1 hour' THEN held_until END)
$$;
COMMENT ON FUNCTION free_slot IS 'The next free slot of a row of pace. A slot further ahead than anybody may reserve and a hold longer than the longest were written by a clock that went wrong, and are not believed.';
