//! What a plan gives.

use model::Step;
use source::{Auth, Source as _, Unit, Window};
use source_velo::{
    FUTURES, FUTURES_DELISTED, Plan, ROWS, ROWS_DAILY, SPOT, SPOT_DELISTED, Settings, Velo,
};

use crate::{at, vendor};

#[test]
fn the_pace_is_half_of_what_the_vendor_allows_until_said_otherwise() {
    let most = u32::MAX / 60;
    for (rpm, amount) in [
        (None, 60),
        (Some(240), 120),
        (Some(1), 1),
        (Some(u32::MAX), most),
    ] {
        let vendor = Velo::new(Settings {
            plan: Plan::Annual,
            base_url: Some("http://127.0.0.1:1/".to_owned()),
            rpm,
        });
        let [limit] = vendor.limits() else {
            panic!("one limit")
        };
        assert_eq!((limit.amount, limit.unit), (amount, Unit::Requests));
        assert_eq!(limit.window, Window::RollingSecs(30));
        assert_eq!(vendor.hosts()[0].base_url, "http://127.0.0.1:1");
        assert_eq!(vendor.hosts()[0].auth, Auth::Basic("api"));
    }
    assert_eq!(
        vendor(Plan::Annual).hosts()[0].base_url,
        "https://api.velo.xyz"
    );
}

#[test]
fn paid_by_month_the_last_three_months_are_had() {
    let now = at("2026-06-01T00:05:00Z");
    let annual = vendor(Plan::Annual).horizon(ROWS, now).unwrap();
    assert!(annual < at("2014-01-01"));
    let monthly = vendor(Plan::Monthly);
    assert_eq!(monthly.horizon(ROWS, now), Some(at("2026-03-04T01:00:00Z")));
    let daily = monthly.horizon(ROWS_DAILY, now).unwrap();
    assert_eq!(Step::Day.floor(daily), daily);
    assert!("weekly".parse::<Plan>().is_err() && " Monthly ".parse() == Ok(Plan::Monthly));
}

/// Reading that a product is traded takes back that it ended.
#[test]
fn what_was_traded_is_read_before_what_is() {
    let vendor = vendor(Plan::Annual);
    let place = |id| {
        vendor
            .datasets()
            .iter()
            .position(|spec| spec.id == id)
            .unwrap()
    };
    assert!(place(FUTURES_DELISTED) < place(FUTURES));
    assert!(place(SPOT_DELISTED) < place(SPOT));
    assert!(place(FUTURES).max(place(SPOT)) < place(ROWS));
}
