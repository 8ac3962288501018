//! Declarations and plans: equal asks give equal plans, blocks tile the ask, requests are sound.

use std::collections::{BTreeMap, BTreeSet};

use model::{DatasetId, Key, MetricName, Spans, TimeRange, Ts};

use super::{Case, Report};
use crate::{Ask, Auth, Block, DatasetSpec, RequestSpec, Role, Source, Unit};

/// Checks what a source says of itself.
pub(super) fn declarations(source: &dyn Source, report: &mut Report) {
    let (datasets, hosts) = (source.datasets(), source.hosts());
    report.expect(!datasets.is_empty(), || "no datasets".to_owned());
    report.expect(!hosts.is_empty(), || "no hosts".to_owned());
    report.expect(source.concurrency() > 0, || {
        "concurrency of zero".to_owned()
    });
    let ids: BTreeSet<&str> = datasets.iter().map(|dataset| dataset.id.as_str()).collect();
    report.expect(ids.len() == datasets.len(), || {
        "a dataset stands twice".to_owned()
    });
    for dataset in datasets {
        let whole = dataset.max_body_bytes > 0
            && dataset.cadence_secs > 0
            && dataset.lag_secs >= 0
            && dataset.joins_secs >= 0;
        report.expect(whole && !dataset.paths.is_empty(), || {
            format!("{}: an incomplete description", dataset.id)
        });
    }
    for dataset in datasets.iter().filter(|one| one.role == Role::Series) {
        report.expect(rereads_what_moves(dataset), || {
            format!("{}: nobody reads again what may still move", dataset.id)
        });
    }
    for host in hosts {
        report.expect(!host.base_url.ends_with('/'), || {
            format!("host {}: a slash at the end of its address", host.id)
        });
        let is_sent = |name: &str| name == name.to_ascii_lowercase();
        report.expect(
            !matches!(host.auth, Auth::Header(name) if !is_sent(name)),
            || {
                format!(
                    "host {}: the name of its header is not in lower case",
                    host.id
                )
            },
        );
    }
    for limit in source.limits() {
        let known = hosts.iter().any(|host| host.id == limit.host);
        report.expect(known && limit.amount > 0, || {
            format!("a senseless limit {limit:?}")
        });
    }
    let unknown = ask_of_nothing(DatasetId::new("no such dataset"));
    report.expect(source.plan(&unknown).is_err(), || {
        "plans for a dataset that does not exist".to_owned()
    });
    for dataset in datasets.iter().filter(|dataset| has_series(dataset.role)) {
        let nothing = ask_of_nothing(dataset.id);
        let idle = source
            .plan(&nothing)
            .is_ok_and(|mut plan| plan.next().is_none());
        report.expect(idle, || {
            format!("{}: requests for an empty ask", dataset.id)
        });
    }
}

/// Whether some pass reaches back as far as values may still move.
fn rereads_what_moves(dataset: &DatasetSpec) -> bool {
    let reaches = |secs: i64| secs >= dataset.provisional_secs;
    let mut rereads = dataset.rereads.iter();
    dataset.whole
        || reaches(dataset.live.secs())
        || rereads.any(|pass| reaches(pass.window_days * 86_400))
}

/// Whether what is asked of a dataset are series: the others are one answer whatever is wanted.
fn has_series(role: Role) -> bool {
    matches!(role, Role::Snapshot | Role::Series)
}

fn ask_of_nothing(dataset: DatasetId) -> Ask {
    Ask {
        dataset,
        kind: model::PullKind::Gap,
        now: Ts::from_secs(1_700_000_000),
        oldest: None,
        wants: Vec::new(),
    }
}

/// Checks the plan of a case and returns its requests.
pub(super) fn case(source: &dyn Source, case: &Case, report: &mut Report) -> Vec<RequestSpec> {
    let requests = ask(source, &case.ask, report);
    report.expect(requests.len() == case.requests, || {
        format!("{} requests instead of {}", requests.len(), case.requests)
    });
    requests
}

/// Checks the plan of an ask and returns its requests.
pub(super) fn ask(source: &dyn Source, ask: &Ask, report: &mut Report) -> Vec<RequestSpec> {
    let plan = || source.plan(ask).map(Iterator::collect::<Vec<_>>);
    let (Some(dataset), Ok(requests)) = (source.dataset(ask.dataset), plan()) else {
        report.expect(false, || "no plan".to_owned());
        return Vec::new();
    };
    report.expect(plan().is_ok_and(|again| again == requests), || {
        "the same ask gives another plan".to_owned()
    });
    if dataset.role == Role::Series {
        let ends: Vec<Ts> = requests
            .iter()
            .map(|request| request.block.labels.end)
            .collect();
        report.expect(ends.is_sorted_by(|a, b| a >= b), || {
            "not newest first".to_owned()
        });
    }
    for request in &requests {
        sound(source, dataset, request, report);
        halves(source, request, 0, report);
    }
    if has_series(dataset.role) {
        tiles(source, dataset, ask, &requests, report);
    }
    requests
}

/// Checks one request by itself.
fn sound(source: &dyn Source, dataset: &DatasetSpec, request: &RequestSpec, report: &mut Report) {
    let text = request.path_and_query();
    report.silent(&text, "a request");
    report.silent(&format!("{request:?}"), "a request's Debug text");
    report.expect(
        request.source == source.id() && request.dataset == dataset.id,
        || format!("{text}: of another source or dataset"),
    );
    report.expect(
        source.hosts().iter().any(|host| host.id == request.host),
        || format!("{text}: to an unknown host"),
    );
    report.expect(request.path.starts_with('/'), || {
        format!("{text}: without a leading slash")
    });
    report.expect(request.query.is_sorted_by(|a, b| a < b), || {
        format!("{text}: the query is not sorted, or says one thing twice")
    });
    let block = &request.block;
    let ordered = block.keys.is_sorted_by(|a, b| a < b) && block.metrics.is_sorted_by(|a, b| a < b);
    report.expect(ordered, || {
        format!("{text}: keys or metrics not sorted, or not unique")
    });
    report.expect(block.step == dataset.step, || {
        format!("{text}: another step")
    });
    for limit in source
        .limits()
        .iter()
        .filter(|limit| limit.host == request.host)
    {
        let cost = match limit.unit {
            Unit::Requests => 1,
            Unit::Credits => request.cost.credits,
        };
        report.expect(cost <= limit.amount, || {
            format!("{text}: costs {cost}, more than {limit:?} ever allows")
        });
    }
    match source.recognise(Some(dataset.id), &text, &[]) {
        Ok(again) => report.expect(
            again.path == request.path
                && again.query == request.query
                && (again.block.keys == block.keys || again.block.keys.is_empty()),
            || format!("{text}: recognised as {}", again.path_and_query()),
        ),
        Err(error) => report.expect(false, || format!("{text}: not recognised: {error}")),
    }
}

/// Checks that halves are parts of the whole, and that halving ends.
fn halves(source: &dyn Source, request: &RequestSpec, depth: u32, report: &mut Report) {
    let Some(parts) = source.halves(request) else {
        return;
    };
    if depth > 32 {
        report.expect(false, || "halving does not end".to_owned());
        return;
    }
    let whole = Cells::of(std::iter::once(&request.block));
    let halved = Cells::of(parts.iter().map(|part| &part.block));
    report.expect(whole.spans == halved.spans && !halved.overlap, || {
        format!(
            "the halves of {} are not its parts",
            request.path_and_query()
        )
    });
    for part in &parts {
        halves(source, part, depth + 1, report);
    }
}

/// Which labels of which pairs some blocks hold.
#[derive(Debug, Default)]
struct Cells {
    spans: BTreeMap<(Key, MetricName), Spans>,
    /// Whether two blocks hold the same label of a pair.
    overlap: bool,
}

impl Cells {
    fn of<'a>(blocks: impl Iterator<Item = &'a Block>) -> Self {
        let mut cells = Self::default();
        for block in blocks {
            for key in &block.keys {
                for metric in &block.metrics {
                    cells.add(key, metric, block.labels);
                }
            }
        }
        cells
    }

    fn add(&mut self, key: &Key, metric: &MetricName, labels: TimeRange) {
        let spans = self.spans.entry((key.clone(), metric.clone())).or_default();
        self.overlap |= !spans.clip(labels).is_empty();
        spans.insert(labels);
    }
}

/// Checks that the blocks hold every label of the ask that the plan of the vendor reaches, none of
/// them twice, and nothing else. A snapshot sends all metrics of a key at once, so its blocks may hold
/// the union of their keys' metrics.
fn tiles(
    source: &dyn Source,
    dataset: &DatasetSpec,
    ask: &Ask,
    requests: &[RequestSpec],
    report: &mut Report,
) {
    let horizon = source.horizon(dataset.id, ask.now).unwrap_or(Ts::OLDEST);
    let mut asked = Cells::default();
    for want in &ask.wants {
        for metric in &want.metrics {
            let labels = TimeRange::new(want.labels.start.max(horizon), want.labels.end);
            asked.add(&want.key, metric, labels);
        }
    }
    asked.spans.retain(|_, spans| !spans.is_empty());
    let planned = Cells::of(requests.iter().map(|request| &request.block));
    report.expect(!planned.overlap, || {
        "two blocks hold the same label".to_owned()
    });
    for (pair, spans) in &asked.spans {
        let held = planned.spans.get(pair).cloned().unwrap_or_default();
        report.expect(spans.minus(&held).is_empty(), || {
            format!("{pair:?}: no block holds {:?}", spans.minus(&held))
        });
    }
    for ((key, metric), spans) in &planned.spans {
        let all_of_key = || asked.spans.iter().filter(|((asked, _), _)| asked == key);
        let wanted: Spans = match dataset.role {
            Role::Snapshot => all_of_key().flat_map(|(_, spans)| spans.iter()).collect(),
            _ => all_of_key()
                .filter(|((_, asked), _)| asked == metric)
                .flat_map(|(_, spans)| spans.iter())
                .collect(),
        };
        report.expect(spans.minus(&wanted).is_empty(), || {
            format!(
                "{key} {metric}: a block holds {:?}, unasked",
                spans.minus(&wanted)
            )
        });
    }
}
