//! Money is answered in the unit that stands beside it: pence as pounds.

use testkit::stage::Stage;

use crate::{PROGRAM, RANGE};

#[tokio::test]
async fn a_price_in_pence_is_answered_in_pounds_and_says_so() {
    let stage = Stage::new(PROGRAM).await;
    // Loads entities and metrics as they ship.
    stage.run(&RANGE).await.must(0, &[]);
    let client = stage.client().await;
    let closes = "INSERT INTO series (source, asset, quote, metric, step, label_shift)
                  VALUES ('alphavantage', 'equity:TSCO.LON', 'gbx', 'CLOSE', '1d', 0),
                         ('alphavantage', 'equity:TSCO.LON', 'gbx', 'VOLUME', '1d', 0);
                  INSERT INTO metrics (series_id, write_id, ts, value)
                  SELECT series_id, 1, '2026-05-15', CASE metric WHEN 'CLOSE' THEN 431.5 ELSE 9000 END
                  FROM series WHERE asset = 'equity:TSCO.LON'";
    client.batch_execute(closes).await.unwrap();
    let told = "SELECT string_agg(concat_ws(' ', metric, value, unit), ', ' ORDER BY metric)
                FROM v_normalized_metrics WHERE canonical_id = 'eq-tsco'";
    let expected = "PRICE 4.315 gbp, VOLUME_SHARES 9000 shares";
    assert_eq!(stage.ask(told).await, expected);
}
