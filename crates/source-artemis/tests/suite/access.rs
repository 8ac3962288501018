//! What the plan gives.

use source::{Auth, Source as _, Unit, Window};
use source_artemis::{Artemis, Plan, Settings};

use crate::vendor;

#[test]
fn one_request_a_second_until_said_otherwise() {
    for (rpm, amount) in [(None, 60), (Some(240), 240), (Some(0), 1)] {
        let vendor = Artemis::new(Settings {
            plan: Plan::Enterprise,
            base_url: Some("http://127.0.0.1:1/".to_owned()),
            rpm,
        });
        let [limit] = vendor.limits() else {
            panic!("one limit")
        };
        assert_eq!((limit.amount, limit.unit), (amount, Unit::Requests));
        assert_eq!(limit.window, Window::RollingSecs(60));
        assert_eq!(vendor.hosts()[0].base_url, "http://127.0.0.1:1");
        assert_eq!(vendor.concurrency(), 1);
    }
}

#[test]
fn the_key_goes_into_the_header_of_the_host_that_lives() {
    let vendor = vendor();
    let [host] = vendor.hosts() else {
        panic!("one host")
    };
    assert_eq!(host.base_url, "https://data-svc.artemisxyz.com");
    assert_eq!(host.auth, Auth::Header("x-api-key"));
}

#[test]
fn there_is_one_plan_and_one_tick_a_day() {
    assert_eq!(" Enterprise ".parse(), Ok(Plan::Enterprise));
    assert!("free".parse::<Plan>().is_err());
    let vendor = vendor();
    let six = 6 * 3_600;
    assert_eq!(vendor.tick_every_secs(), 86_400);
    assert!((six..six + 3_600).contains(&vendor.tick_offset_secs()));
    // What is dated today is the tick's alone.
    let lags = vendor.datasets().iter().map(|one| one.lag_secs);
    assert_eq!(lags.max(), Some(86_400 + six));
}
