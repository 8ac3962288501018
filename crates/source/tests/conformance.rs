//! The suite that all sources must pass, tried on a toy: it passes a sound one and finds each fault.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests are no tests to the lint"
)]

use std::sync::atomic::{AtomicU32, Ordering};

use model::{
    DatasetId, Key, MetricName, SeriesKey, SeriesSpec, SourceId, Stamp, Step, TimeRange, Ts,
};
use serde_json::Value;
use source::{
    Absence, Ask, Auth, Block, Calendar, Cost, DatasetSpec, History, Host, Limit, Outcome, Parsed,
    Plan, PlanError, Reply, ReplyError, RequestSpec, Role, Sink, Source, Unit, Window,
    config::Problems,
    conformance::{
        Case, PLANTED_SECRET, check, good,
        mangle::survives,
        stage::{at, gap, plan, range, want},
    },
    split_path_and_query,
};

const TOY: SourceId = SourceId::new("toy");
const DAYS: DatasetId = DatasetId::new("days");
const NOW: &str = "2026-02-01";

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    DropsAKey,
    AsksTwice,
    AsksOldestFirst,
    AnotherPlanEachTime,
    SecretInTheQuery,
    QueryNotSorted,
    SettlesWhatIsNotThere,
    SettlesMoreThanTheBlock,
    AnsweredAndEmpty,
    PointsWithoutOutcome,
    LabelsOffTheGrid,
    TakesPages,
    TakesErrors,
    EchoesTheBody,
    HalvesOverlap,
    CostsTooMuch,
}

/// Days of a value per key, a request for all keys and each 10 days.
#[derive(Debug)]
struct Toy {
    fault: Fault,
    plans: AtomicU32,
    datasets: Vec<DatasetSpec>,
    hosts: Vec<Host>,
    limits: Vec<Limit>,
}

impl Toy {
    fn new(fault: Fault) -> Self {
        Self {
            fault,
            plans: AtomicU32::new(0),
            datasets: vec![DatasetSpec {
                id: DAYS,
                role: Role::Series,
                step: Step::Day,
                cadence_secs: 86_400,
                lag_secs: 0,
                provisional_secs: 0,
                calendar: Calendar::Always,
                history: History::Full,
                absence: Absence::Unknown,
                recheck_secs: 86_400,
                late_secs: 0,
                rereads: &[],
                joins_secs: 0,
                live: source::Live::No,
                whole: false,
                max_body_bytes: 1 << 20,
                paths: &["/days"],
            }],
            hosts: vec![Host {
                id: "api",
                base_url: "http://127.0.0.1:1".to_owned(),
                auth: Auth::None,
            }],
            limits: vec![Limit {
                host: "api",
                unit: Unit::Credits,
                amount: 5,
                window: Window::Day,
            }],
        }
    }

    fn request(&self, keys: Vec<Key>, labels: TimeRange) -> RequestSpec {
        let ids: Vec<&str> = keys.iter().map(|key| key.asset.as_str()).collect();
        let mut query = vec![
            ("from".to_owned(), labels.start.secs().to_string()),
            ("ids".to_owned(), ids.join(",")),
            ("to".to_owned(), labels.end.secs().to_string()),
        ];
        match self.fault {
            Fault::SecretInTheQuery => query.push(("token".to_owned(), PLANTED_SECRET.to_owned())),
            Fault::QueryNotSorted => query.reverse(),
            _ => {}
        }
        RequestSpec {
            source: TOY,
            dataset: DAYS,
            host: "api",
            path: "/days".to_owned(),
            query,
            block: Block {
                keys,
                metrics: vec![MetricName::from("V")],
                step: Step::Day,
                labels,
            },
            cost: Cost {
                credits: if self.fault == Fault::CostsTooMuch {
                    6
                } else {
                    1
                },
            },
        }
    }

    fn settle(&self, slot: source::Slot, labels: TimeRange, out: &mut dyn Sink) {
        match self.fault {
            Fault::PointsWithoutOutcome => {}
            Fault::SettlesMoreThanTheBlock => {
                out.outcome(slot, Outcome::Answered(labels.shift(86_400)));
                out.outcome(slot, Outcome::Answered(labels));
            }
            Fault::AnsweredAndEmpty => {
                out.outcome(slot, Outcome::Answered(labels));
                out.outcome(slot, Outcome::Empty(labels));
            }
            _ => out.outcome(slot, Outcome::Answered(labels)),
        }
    }
}

impl Source for Toy {
    fn id(&self) -> SourceId {
        TOY
    }

    fn datasets(&self) -> &[DatasetSpec] {
        &self.datasets
    }

    fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    fn limits(&self) -> &[Limit] {
        &self.limits
    }

    fn concurrency(&self) -> usize {
        1
    }

    fn read_config(&self, _file: &str, _csv: &[u8]) -> Result<Vec<SeriesSpec>, Problems> {
        Ok(Vec::new())
    }

    fn stamp(&self, _series: &SeriesKey) -> Stamp {
        Stamp::Bar
    }

    fn serves(&self, dataset: DatasetId, _series: &SeriesKey) -> bool {
        dataset == DAYS
    }

    fn horizon(&self, _dataset: DatasetId, _now: Ts) -> Option<Ts> {
        None
    }

    fn plan<'a>(&'a self, ask: &'a Ask) -> Result<Plan<'a>, PlanError> {
        if ask.dataset != DAYS {
            return Err(PlanError::unknown_dataset(TOY, &self.datasets, ask.dataset));
        }
        let mut keys: Vec<Key> = ask.wants.iter().map(|want| want.key.clone()).collect();
        let labels = ask.wants.first().map(|want| want.labels);
        if self.fault == Fault::DropsAKey {
            keys.pop();
        }
        let mut parts: Vec<TimeRange> = labels
            .into_iter()
            .flat_map(|labels| source::cut_newest_first(labels, 10 * 86_400))
            .collect();
        match self.fault {
            Fault::AsksTwice => parts.extend_from_within(..parts.len().min(1)),
            Fault::AsksOldestFirst => parts.reverse(),
            Fault::AnotherPlanEachTime if self.plans.fetch_add(1, Ordering::Relaxed) % 2 == 1 => {
                parts.truncate(1);
            }
            _ => {}
        }
        let made = parts
            .into_iter()
            .map(move |part| self.request(keys.clone(), part));
        Ok(Box::new(made))
    }

    fn recognise(
        &self,
        _dataset: Option<DatasetId>,
        path_and_query: &str,
        _keys: &[String],
    ) -> Result<RequestSpec, PlanError> {
        let (path, query) = split_path_and_query(path_and_query);
        let at = |name: &str| {
            let (_, value) = query.iter().find(|(known, _)| known == name).unwrap();
            value.clone()
        };
        let labels = TimeRange::new(
            Ts::from_secs(at("from").parse().unwrap()),
            Ts::from_secs(at("to").parse().unwrap()),
        );
        let keys = at("ids")
            .split(',')
            .map(|id| Key::of_asset(id, ""))
            .collect();
        Ok(RequestSpec {
            path,
            ..self.request(keys, labels)
        })
    }

    fn check(&self, _request: &RequestSpec, reply: &Reply) -> Result<(), ReplyError> {
        match self.fault {
            Fault::TakesErrors => Ok(()),
            _ => source::check_status(reply),
        }
    }

    fn halves(&self, request: &RequestSpec) -> Option<[RequestSpec; 2]> {
        let keys = &request.block.keys;
        if keys.len() < 2 {
            return None;
        }
        let (front, back) = keys.split_at(keys.len() / 2);
        let mut front = front.to_vec();
        if self.fault == Fault::HalvesOverlap && keys.len() > 2 {
            front.extend(back.first().cloned());
        }
        let half = |keys: &[Key]| self.request(keys.to_vec(), request.block.labels);
        Some([half(&front), half(back)])
    }

    fn parse(
        &self,
        request: &RequestSpec,
        reply: &Reply,
        out: &mut dyn Sink,
    ) -> Result<Parsed, ReplyError> {
        let body: Value = match serde_json::from_slice(&reply.body) {
            Ok(body) => body,
            Err(_) if self.fault == Fault::TakesPages => return Ok(Parsed::default()),
            Err(_) if self.fault == Fault::EchoesTheBody => {
                let text = String::from_utf8_lossy(&reply.body).into_owned();
                return Err(ReplyError::Malformed(text));
            }
            Err(_) => return Err(ReplyError::Transient("no JSON".to_owned())),
        };
        let body = body
            .as_object()
            .ok_or_else(|| ReplyError::Malformed("another shape".to_owned()))?;
        let labels = request.block.labels;
        for key in &request.block.keys {
            let Some(slot) = out.slot(key, "V", Step::Day) else {
                continue;
            };
            let Some(days) = body.get(key.asset.as_str()).and_then(Value::as_array) else {
                if self.fault == Fault::SettlesWhatIsNotThere {
                    out.outcome(slot, Outcome::Empty(labels));
                }
                continue;
            };
            for day in days.iter().filter_map(Value::as_i64) {
                let secs = if self.fault == Fault::LabelsOffTheGrid {
                    7
                } else {
                    0
                };
                out.point(slot, labels.start.plus_days(day).plus_secs(secs), 1.0);
            }
            self.settle(slot, labels, out);
        }
        Ok(Parsed::default())
    }
}

fn run(fault: Fault) -> String {
    run_with(
        fault,
        &["a", "b", "c"],
        br#"{"a":[0,1,2],"b":[0,1],"c":[5]}"#,
    )
}

fn fifteen_days(keys: &[&str]) -> Ask {
    let labels = range("2026-01-01", "2026-01-16");
    let want = |id: &&str| want(Key::of_asset(*id, ""), &["V"], labels);
    gap(DAYS, NOW, keys.iter().map(want).collect())
}

fn run_with(fault: Fault, keys: &[&str], answer: &'static [u8]) -> String {
    let case = Case {
        name: "fifteen days",
        ask: fifteen_days(keys),
        requests: 2,
        answers: vec![good(answer, at(NOW))],
    };
    match check(&Toy::new(fault), &[case]) {
        Ok(()) => String::new(),
        Err(failures) => failures.to_string(),
    }
}

#[test]
fn a_sound_source_passes() {
    assert_eq!(run(Fault::None), "");
}

#[test]
fn an_answer_that_lost_its_only_key_settles_nothing() {
    let told = "a: settled by an answer that does not mention it";
    let alone = |fault, answer| run_with(fault, &["a"], answer);
    assert_eq!(alone(Fault::None, br#"{"a":[0,1]}"#), "");
    assert!(alone(Fault::SettlesWhatIsNotThere, br#"{"a":[0,1]}"#).contains(told));
    // Named in passing: what is left beside it may be the answer itself.
    let beside = br#"{"a":[0,1],"total":[1]}"#;
    assert_eq!(alone(Fault::SettlesWhatIsNotThere, beside), "");
}

#[test]
fn each_fault_is_found() {
    for (fault, told) in [
        (Fault::DropsAKey, "no block holds"),
        (Fault::AsksTwice, "3 requests instead of 2"),
        (Fault::AsksTwice, "two blocks hold the same label"),
        (Fault::AsksOldestFirst, "not newest first"),
        (
            Fault::AnotherPlanEachTime,
            "the same ask gives another plan",
        ),
        (
            Fault::SecretInTheQuery,
            "a request holds the planted secret",
        ),
        (Fault::QueryNotSorted, "the query is not sorted"),
        (
            Fault::SettlesWhatIsNotThere,
            "settled by an answer that does not mention it",
        ),
        (Fault::SettlesMoreThanTheBlock, "the block is"),
        (Fault::AnsweredAndEmpty, "a label is answered and empty"),
        (Fault::PointsWithoutOutcome, "so it is asked for for ever"),
        (Fault::LabelsOffTheGrid, "is off the grid"),
        (Fault::TakesPages, "status 200 and no JSON passes"),
        (Fault::TakesErrors, "status 500 passes"),
        (Fault::TakesErrors, "status 429 gives Ok"),
        (Fault::EchoesTheBody, "an error holds the planted secret"),
        (Fault::HalvesOverlap, "the halves of"),
        (Fault::CostsTooMuch, "costs 6, more than"),
    ] {
        let failures = run(fault);
        assert!(failures.contains(told), "{fault:?}: {failures}");
    }
}

/// Reads the value of a day, as the tests with bodies made at random do.
fn survive(fault: Fault) -> Option<source::Record> {
    let toy = Toy::new(fault);
    let request = plan(&toy, &fifteen_days(&["a"])).swap_remove(0);
    survives(&toy, &request, 200, br#"{"a":[0]}"#.as_slice(), NOW)
}

#[test]
fn what_survives_is_an_answer_or_a_typed_error() {
    assert_eq!(survive(Fault::None).unwrap().points.len(), 1);
    let toy = Toy::new(Fault::None);
    let request = plan(&toy, &fifteen_days(&["a"])).swap_remove(0);
    assert!(survives(&toy, &request, 500, b"{}".as_slice(), NOW).is_none());
    assert!(survives(&toy, &request, 200, b"<html>".as_slice(), NOW).is_none());
}

#[test]
#[should_panic(expected = "label: 2026-01-06T00:00:07Z")]
fn labels_off_the_grid_do_not_survive() {
    survive(Fault::LabelsOffTheGrid);
}
