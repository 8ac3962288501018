//! Requests rebuilt from their path and query.

use source::Source as _;
use source_artemis::{FINANCIALS_QUARTERLY, METRICS_DAILY, SYMBOLS};

use crate::{ask, key, plan, range, vendor, want};

#[test]
fn every_request_of_a_plan_is_known_again() {
    let vendor = vendor();
    let labels = range("2026-05-10", "2026-05-18");
    for (dataset, metrics) in [
        (METRICS_DAILY, ["24H_VOLUME", "PRICE"]),
        (FINANCIALS_QUARTERLY, ["EBITDA", "NET_INCOME"]),
        (SYMBOLS, ["", ""]),
    ] {
        let wants = ["eq-coin", "M", "usdc-eth"].map(|symbol| want(symbol, &metrics, labels));
        for request in plan(&ask(dataset, "2026-05-18T06:05:00Z", wants.into())) {
            let again = vendor.recognise(None, &request.path_and_query(), &[]);
            let mut again = again.unwrap();
            // The request asks for a day more than is kept of it.
            if !again.block.labels.is_empty() {
                assert!(again.block.labels.covers(request.block.labels));
                again.block.labels = request.block.labels;
            }
            assert_eq!(again, request);
        }
    }
}

#[test]
fn what_belongs_to_no_dataset_is_refused() {
    let vendor = vendor();
    let of = |dataset, path: &str| {
        let read = vendor.recognise(dataset, path, &[]);
        read.map(|request| request.dataset)
            .map_err(|error| error.to_string())
    };
    let dated = "startDate=2026-05-10&endDate=2026-05-17";
    for (path, said) in [
        (
            "/supported-metrics/?symbol=btc".to_owned(),
            "no dataset of artemis uses the path",
        ),
        (
            format!("/data/api/PRICE/MC/?{dated}"),
            "no dataset of artemis",
        ),
        (format!("/data/PRICE/?{dated}"), "no dataset of artemis"),
        // Without dates nobody knows when its values were true.
        (
            "/data/api/PRICE/?symbols=btc".to_owned(),
            "startDate: missing",
        ),
        (
            "/data/api/PRICE/?startDate=2026-05-10".to_owned(),
            "endDate: missing",
        ),
        (
            "/data/api/PRICE/?startDate=10.5.2026&endDate=2026-05-17".to_owned(),
            "is no day",
        ),
        (
            "/data/api/PRICE/?startDate=2026-05-18&endDate=2026-05-17".to_owned(),
            "before startDate",
        ),
        (
            format!("/data/api/PRICE/?{dated}&granularity=WEEK"),
            "no dataset holds",
        ),
    ] {
        let error = of(None, &path).unwrap_err();
        assert!(error.contains(said), "{path}: {error}");
    }
    let quarters = format!("/data/api/EBITDA/?{dated}&granularity=QUARTER");
    assert_eq!(of(None, &quarters), Ok(FINANCIALS_QUARTERLY));
    assert!(
        of(Some(METRICS_DAILY), &quarters)
            .unwrap_err()
            .contains("belongs to financials_quarterly")
    );
}

#[test]
fn the_key_of_somebody_elses_request_does_not_stay() {
    let path = "https://data-svc.artemisxyz.com/data/api/price,Mc?APIKey=s3cret&endDate=2026-11-21&startDate=2026-11-15&symbols=btc%2Ceth";
    let request = vendor().recognise(None, path, &[]).unwrap();
    assert!(!format!("{request:?}").contains("s3cret"));
    assert_eq!(request.block.keys, [key("btc"), key("eth")]);
    assert_eq!(request.block.metrics, ["MC".into(), "PRICE".into()]);
    assert_eq!(request.block.labels, range("2026-11-15", "2026-11-22"));
    // The symbols may be given beside the path.
    let given = vendor().recognise(
        None,
        "/data/api/PRICE/?startDate=2026-11-15&endDate=2026-11-15",
        &["sol".to_owned()],
    );
    assert_eq!(given.unwrap().block.keys, [key("sol")]);
}
