//! How fast the largest answer is read: `cargo test --release -p source-velo -- --ignored --nocapture full`.

use std::{fmt::Write as _, time::Instant};

use source::{Block, Reply, RequestSpec, Sink, Slot, Source as _};
use source_velo::{Plan, ROWS};

use crate::{DEFAULT, ask, at, plan, reply, vendor, want};

const NOW: &str = "2026-06-01T00:05:00Z";
const TIMES: u32 = 200;

/// Takes everything and keeps nothing: what is measured is the parser.
#[derive(Default)]
struct Counted {
    points: u64,
}

impl Sink for Counted {
    fn slot(&mut self, _: &model::Key, _: &str, _: model::Step) -> Option<Slot> {
        Some(Slot(0))
    }

    fn point(&mut self, _: Slot, _: model::Ts, _: f64) {
        self.points += 1;
    }

    fn outcome(&mut self, _: Slot, _: source::Outcome) {}

    fn reject(&mut self, _: source::Reject) {}

    fn listing(&mut self, _: source::Listing) {}
}

/// So many products over so many hours in ten columns.
fn full(products: i64, hours: i64) -> (RequestSpec, Reply) {
    let end = at("2026-06-01");
    let labels = model::TimeRange::new(end.plus_secs(-hours * 3_600), end);
    let wants = (0..products)
        .map(|n| want(&format!("C{n:03} C{n:03}USDT bybit"), DEFAULT, labels))
        .collect();
    let request = plan(&vendor(Plan::Annual), &ask(ROWS, NOW, wants)).swap_remove(0);
    let body = body(&request.block, &request.query);
    let reply = reply(body.as_bytes(), NOW);
    (request, reply)
}

fn body(block: &Block, query: &[(String, String)]) -> String {
    let (_, columns) = query.iter().find(|(name, _)| name == "columns").unwrap();
    let mut body = format!("exchange,coin,product,time,{columns}\n");
    let mut label = block.labels.start;
    while label < block.labels.end {
        for key in &block.keys {
            let (coin, product) = (&key.asset, &key.instrument);
            write!(body, "bybit,{coin},{product},{}", label.millis()).unwrap();
            for value in 1..=block.metrics.len() {
                write!(body, ",{}.{:06}", value * 7_919, label.secs() % 999_983).unwrap();
            }
            body.push('\n');
        }
        label = block.step.next(label);
    }
    body
}

#[test]
#[ignore = "a measurement"]
fn a_full_answer() {
    let vendor = vendor(Plan::Annual);
    for (products, hours) in [(1, 2_250), (15, 150), (200, 11)] {
        let (request, reply) = full(products, hours);
        let mut counted = Counted::default();
        let start = Instant::now();
        for _ in 0..TIMES {
            vendor.parse(&request, &reply, &mut counted).unwrap();
        }
        let took = start.elapsed() / TIMES;
        let (bytes, values) = (reply.body.len(), counted.points / u64::from(TIMES));
        assert_eq!(values, request.block.max_points());
        let speed = u128::try_from(bytes).unwrap() / took.as_micros();
        println!("{products} x {hours}: {values} values, {bytes} bytes, {took:?}, {speed} MB/s");
    }
}
