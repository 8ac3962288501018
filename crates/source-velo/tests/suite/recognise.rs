//! Requests rebuilt from their path and query.

use source::Source as _;
use source_velo::{
    CAPS, FUTURES, FUTURES_DELISTED, OPTIONS, Plan, ROWS, ROWS_DAILY, SPOT, SPOT_DELISTED,
};

use crate::{ask, plan, range, vendor, want};

#[test]
fn every_request_of_a_plan_is_known_again() {
    let vendor = vendor(Plan::Annual);
    let hours = range("2026-05-18T09:00:00Z", "2026-05-18T12:00:00Z");
    let wants = vec![want(
        "BTC BTCUSDT bybit",
        &["CLOSE_PRICE", "FUNDING_RATE"],
        hours,
    )];
    for dataset in [
        FUTURES,
        FUTURES_DELISTED,
        SPOT,
        SPOT_DELISTED,
        OPTIONS,
        ROWS,
    ] {
        for request in plan(
            &vendor,
            &ask(dataset, "2026-05-18T12:05:00Z", wants.clone()),
        ) {
            let again = vendor
                .recognise(None, &request.path_and_query(), &[])
                .unwrap();
            assert_eq!(
                (again.dataset, &again.path, &again.query),
                (dataset, &request.path, &request.query)
            );
            assert_eq!(again.block.labels, request.block.labels);
            assert_eq!(again.block.metrics, request.block.metrics);
        }
    }
}

#[test]
fn what_belongs_to_no_dataset_is_refused() {
    let vendor = vendor(Plan::Annual);
    let of = |dataset, path: &str| {
        let read = vendor.recognise(dataset, path, &[]);
        read.map(|request| request.dataset)
            .map_err(|error| error.to_string())
    };
    assert_eq!(of(None, "/caps?coins=BTC"), Ok(CAPS));
    let rows =
        "https://api.velo.xyz/api/v1/rows?type=spot&begin=0&end=86400000.0&columns=close_price";
    assert_eq!(of(None, &format!("{rows}&resolution=1440")), Ok(ROWS_DAILY));
    for (path, said) in [
        (
            "/api/v1/terms?coins=BTC".to_owned(),
            "no dataset of velo uses the path",
        ),
        (format!("{rows}&resolution=1h"), "parameter resolution"),
        (
            format!("{rows}&resolution=1"),
            "no dataset holds bars of 1 minutes",
        ),
        (rows.to_owned(), "parameter resolution: missing"),
        (
            "/api/v1/rows?resolution=60&begin=5&end=5".to_owned(),
            "not after begin",
        ),
    ] {
        let error = of(None, &path).unwrap_err();
        assert!(error.contains(said), "{path}: {error}");
    }
    assert!(
        of(Some(ROWS), "/caps?coins=BTC")
            .unwrap_err()
            .contains("belongs to caps")
    );
}
