//! Progress: a bar on a terminal, a plain line every few seconds elsewhere, and log lines past the bar.

use std::{
    io::{self, IsTerminal as _, Write},
    sync::Arc,
    time::{Duration, Instant},
};

use assembly::{Quota, QuotaWatch};
use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressStyle};
use ingest::{Counts, Progress, Stop, Stopper};
use tokio::task::JoinHandle;

const REDRAW: Duration = Duration::from_millis(200);
const PLAIN_LINE: Duration = Duration::from_secs(10);
/// The ledger is read at most so often.
const LOOK_AT_QUOTA: Duration = Duration::from_secs(5);

/// Where bar and log lines share the terminal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Screen(MultiProgress);

impl Screen {
    /// Returns a writer to stderr that takes the bar away, writes and brings it back.
    pub(crate) fn past_bar(&self) -> PastBar {
        PastBar(self.0.clone())
    }
}

/// Writes to stderr past the bar.
#[derive(Debug)]
pub(crate) struct PastBar(MultiProgress);

impl Write for PastBar {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(text))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// What a drawing shows.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) progress: Arc<Progress>,
    /// The estimate of requests.
    pub(crate) expected: u64,
    pub(crate) quotas: QuotaWatch,
}

/// Draws until told to finish.
#[derive(Debug)]
pub(crate) struct Drawing {
    stopper: Stopper,
    task: JoinHandle<()>,
}

/// Starts drawing.
pub(crate) fn start(screen: &Screen, scene: Scene) -> Drawing {
    let (stopper, stop) = Stopper::new();
    let task = match io::stderr().is_terminal() {
        true => tokio::spawn(draw(screen.0.clone(), scene, stop)),
        false => tokio::spawn(tell(scene, stop)),
    };
    Drawing { stopper, task }
}

impl Drawing {
    /// Draws once more and ends.
    pub(crate) async fn finish(self) {
        self.stopper.stop();
        if let Err(error) = self.task.await {
            tracing::debug!(%error, "the progress bar broke down");
        }
    }
}

async fn draw(screen: MultiProgress, scene: Scene, stop: Stop) {
    let start = Instant::now();
    let mut quota = quota(&scene.quotas).await;
    let mut quota_read = Instant::now();
    let template = "{elapsed_precise} [{bar:32}] {pos}/{len} requests, {msg}, ETA {eta}";
    let style = ProgressStyle::with_template(template);
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let first = message(scene.progress.counts(), start.elapsed(), &quota);
    let bar = ProgressBar::new(scene.expected)
        .with_style(style.progress_chars("=> "))
        .with_message(first);
    let bar = screen.add(bar);
    while stop.or(tokio::time::sleep(REDRAW)).await.is_some() {
        if quota_read.elapsed() > LOOK_AT_QUOTA {
            quota = self::quota(&scene.quotas).await;
            quota_read = Instant::now();
        }
        let counts = scene.progress.counts();
        bar.set_length(scene.expected.max(counts.planned));
        bar.set_position(counts.ended);
        bar.set_message(message(counts, start.elapsed(), &quota));
    }
    // A bar that stays would share its line with the report.
    bar.finish_and_clear();
    plain_line(&scene, start).await;
}

async fn tell(scene: Scene, stop: Stop) {
    let start = Instant::now();
    while stop.or(tokio::time::sleep(PLAIN_LINE)).await.is_some() {
        plain_line(&scene, start).await;
    }
    plain_line(&scene, start).await;
}

async fn plain_line(scene: &Scene, start: Instant) {
    let counts = scene.progress.counts();
    if counts.planned > 0 {
        say(scene, counts, start.elapsed(), &quota(&scene.quotas).await);
    }
}

#[expect(
    clippy::print_stderr,
    reason = "progress is for whoever reads the output"
)]
fn say(scene: &Scene, counts: Counts, elapsed: Duration, quota: &str) {
    let of = scene.expected.max(counts.planned);
    let left = of.saturating_sub(counts.ended);
    let eta = match (left, u32::try_from(counts.ended)) {
        (1.., Ok(ended @ 1..)) => {
            let each = elapsed / ended;
            let left = each.saturating_mul(u32::try_from(left).unwrap_or(u32::MAX));
            format!(", ETA {}", HumanDuration(left))
        }
        _ => String::new(),
    };
    eprintln!(
        "{}/{of} requests, {}{eta}",
        counts.ended,
        message(counts, elapsed, quota)
    );
}

fn message(counts: Counts, elapsed: Duration, quota: &str) -> String {
    let millis = elapsed.as_millis().max(1);
    let rate = u128::from(counts.received) * 1_000 / millis;
    format!(
        "{} points ({} new), {rate} points/s, {} sent{quota}",
        counts.received, counts.inserted, counts.sent
    )
}

/// A ledger that does not answer is the work's business, not the bar's.
async fn quota(watch: &QuotaWatch) -> String {
    let quotas = watch.read().await.unwrap_or_default();
    let told = |quota: &Quota| format!(", {quota}");
    quotas.iter().map(told).collect()
}
