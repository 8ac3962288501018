//! What an operator sees while a vendor is down, a quota is spent or a key is refused, and what becomes
//! whole without a hand.

use std::{ffi::OsStr, path::PathBuf, time::Duration};

use fake_vendors::{Fault, Options, Plan, Rule};
use simclock::{Follower, Server, Worker};
use testkit::{
    scrape::{self, Scrape},
    stage::{Ended, KEY, Running, Stage, ended},
};

use crate::{
    PROGRAM, RUNNING,
    one_clock::{at, ms, on_clock},
};

const ROW: &str = "bitcoin,,usd,PRICE|MARKET_CAP,2026-05-18,2026-05-18,false,true,";

/// A wait this long has failed.
const TOO_LONG: Duration = Duration::from_secs(100);

/// A stage whose programs and vendor go by one clock, which stands still while the test is at work.
pub(crate) struct Simulated {
    pub(crate) stage: Stage,
    hand: Worker,
    socket: PathBuf,
    _server: Server,
    _follows: Follower,
}

impl Simulated {
    pub(crate) async fn new(plan: Plan, start: &str) -> Self {
        let options = Options {
            now: Some(at(start)),
            rpm: Some(60_000),
            ..Options::default()
        };
        let stage = Stage::with_vendor(PROGRAM, plan, options).await;
        stage.configure(&[ROW]);
        let socket = stage.folder.path().join("clock");
        let server = Server::bind(&socket, ms(start)).unwrap();
        let hand = Worker::join(&socket).await.unwrap();
        let _follows = stage.vendor.follow(&socket).await.unwrap();
        Self {
            stage,
            hand,
            socket,
            _server: server,
            _follows,
        }
    }

    /// Starts it, and waits until it goes by the clock.
    async fn daemon(&self, key: &str) -> Running {
        self.daemon_with(key, "CROSSFEED_INGESTD_METRICS_ADDR", "off".as_ref())
            .await
    }

    /// Does so with one more variable.
    pub(crate) async fn daemon_with(&self, key: &str, name: &str, value: &OsStr) -> Running {
        let mut command = on_clock(self.stage.command(&[]), &self.socket);
        command.env("COINGECKO_API_KEY", key).env(name, value);
        let program = Running::start(command);
        program.until_said("collecting").await;
        program
    }

    /// Leaves everybody to their work until then.
    pub(crate) async fn go_on_to(&self, instant: &str) {
        let millis = u64::try_from(ms(instant) - self.hand.now_ms()).unwrap();
        let slept = self.hand.sleep(Duration::from_millis(millis));
        let in_time = tokio::time::timeout(TOO_LONG, slept).await;
        assert!(in_time.is_ok(), "it is only {}", self.hand.now_ms());
    }

    pub(crate) async fn operator(&self, args: &[&str]) -> Ended {
        let command = self.stage.command_of("crossfeed", args);
        ended(on_clock(command, &self.socket)).await
    }

    /// Returns when the vendor was asked since, to the minute.
    fn asked_since(&self, instant: &str) -> Vec<String> {
        let requests = self.stage.vendor.requests();
        let mut minutes: Vec<String> = (requests.iter())
            .filter(|one| at(&one.at) >= at(instant))
            .map(|one| one.at.chars().take(16).collect())
            .collect();
        minutes.dedup();
        minutes
    }

    /// Returns what has a past that nobody has settled up to then, but for what the vendor said it lacks.
    async fn holes(&self, to: &str) -> String {
        let sql = format!(
            "SELECT string_agg(concat_ws(' ', metric, step, settled), E'\\n')
             FROM series LEFT JOIN coverage USING (series_id)
             WHERE NOT coalesce(settled, '{{}}') + coalesce((
                     SELECT range_agg(during) FROM slots_missing m
                     WHERE m.series_id = series.series_id AND reason = 'vendor_empty'), '{{}}') @>
                 tstzrange(wanted_since, date_trunc(CASE step WHEN '1h' THEN 'hour' ELSE 'day' END,
                                                    timestamptz '{to}', 'UTC'))"
        );
        self.stage.ask(&sql).await
    }
}

pub(crate) async fn end(program: Running) {
    program.stop().await.must(0, &["ended"]);
}

#[tokio::test]
async fn a_vendor_down_for_five_hours_is_degraded_and_whole_again_without_a_hand() {
    let sim = Simulated::new(Plan::Enterprise, "2026-05-18T12:50:00Z").await;
    let program = sim.daemon(KEY).await;
    sim.go_on_to("2026-05-18T12:58:00Z").await;
    // Few of what the transport repeats: it pauses in real time.
    sim.stage.break_answers(vec![
        Rule::times("", 8, Fault::Status503),
        Rule::always("", Fault::Html403),
    ]);
    for down in ["2026-05-18T13:30:00Z", "2026-05-18T17:58:00Z"] {
        sim.go_on_to(down).await;
        let status = sim.operator(&["status"]).await;
        // Nothing waits for an operator.
        status.must(
            0,
            &["coingecko: degraded since 2026-05-18T13:03:0", "markets"],
        );
    }
    let failed = "SELECT count(*) FROM pulls WHERE dataset = 'markets' AND status = 'failed'";
    assert_eq!(sim.stage.ask(failed).await, "5");

    sim.stage.break_answers(Vec::new());
    sim.go_on_to("2026-05-18T20:58:00Z").await;
    let status = sim.operator(&["status"]).await;
    status.must(0, &["collecting"]);
    assert!(!status.stdout.contains("degraded"), "{status}");
    assert_eq!(sim.holes("2026-05-18T20:00:00Z").await, "");
    end(program).await;
    assert_eq!(sim.stage.ask("SELECT count(*) FROM suspensions").await, "0");
    assert_eq!(sim.stage.ask("SELECT epoch FROM leader").await, "1");
    assert_eq!(sim.stage.ask(RUNNING).await, "0");
}

/// Waits until the gauge says so.
async fn parked_until(metrics: &str, wanted: f64) {
    let mut last = 0.;
    let looks = async {
        loop {
            let page = Scrape::of(metrics).await;
            last = page.with("crossfeed_parked_until_timestamp_seconds", &["coingecko"]);
            if (last - wanted).abs() < 0.5 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let in_time = tokio::time::timeout(TOO_LONG, looks).await.is_ok();
    assert!(in_time, "never {wanted}: {last}");
}

#[tokio::test]
async fn a_spent_quota_parks_until_the_month_turns_and_work_goes_on() {
    let sim = Simulated::new(Plan::Demo, "2026-05-31T20:50:00Z").await;
    // Of 10,000 a plan has, 500 are nobody's, and these leave four.
    let used = "INSERT INTO quota_ledger (source, host, unit, span, window_start, used)
                VALUES ('coingecko', 'api', 'credits', 'month', '2026-05-01Z', 9496)";
    sim.stage.client().await.batch_execute(used).await.unwrap();
    let port = "CROSSFEED_INGESTD_METRICS_ADDR";
    let program = sim.daemon_with(KEY, port, "127.0.0.1:0".as_ref()).await;
    let metrics = scrape::address(&program).await;
    sim.go_on_to("2026-05-31T23:58:00Z").await;
    assert_eq!(
        sim.stage.seen(),
        4,
        "{:?}",
        sim.asked_since("2026-05-31T20:50:00Z")
    );
    let parked = "coingecko: parked until 2026-06-01T00:00:00Z";
    sim.operator(&["status"]).await.must(0, &[parked]);
    // The gauge and the list of gaps say the same.
    let turns = f64::from(i32::try_from(ms("2026-06-01T00:00:00Z") / 1_000).unwrap());
    parked_until(&metrics, turns).await;
    let gaps = sim.operator(&["gaps", "--json"]).await;
    gaps.must(3, &["\"held\": \"parked\""]);
    sim.operator(&["quota"]).await.must(0, &["9,500"]);
    let spent = sim.asked_since("2026-05-31T20:50:00Z");

    sim.go_on_to("2026-06-01T03:58:00Z").await;
    let asked = sim.asked_since("2026-06-01T00:00:00Z");
    assert_eq!(asked.first().map(String::as_str), Some("2026-06-01T00:03"));
    assert_eq!(
        sim.asked_since("2026-05-31T20:50:00Z")[..spent.len()],
        spent
    );
    let status = sim.operator(&["status"]).await;
    status.must(0, &["collecting"]);
    assert!(!status.stdout.contains("parked"), "{status}");
    parked_until(&metrics, 0.).await;
    assert_eq!(sim.holes("2026-06-01T03:00:00Z").await, "");
    end(program).await;
    assert_eq!(sim.stage.ask("SELECT count(*) FROM suspensions").await, "0");
    assert_eq!(sim.stage.ask(RUNNING).await, "0");
}

#[tokio::test]
async fn a_bad_key_suspends_over_restarts_until_an_operator_resumes() {
    let sim = Simulated::new(Plan::Enterprise, "2026-05-18T12:50:00Z").await;
    let program = sim.daemon("CG-not-the-one").await;
    sim.go_on_to("2026-05-18T14:30:00Z").await;
    let suspended = "SUSPENDED coingecko (unauthorized, since 2026-05-18T12:50:0";
    sim.operator(&["status"]).await.must(4, &[suspended]);
    end(program).await;
    let seen = sim.stage.seen();
    assert_eq!(
        sim.asked_since("2026-05-18T12:50:00Z"),
        ["2026-05-18T12:50"]
    );

    // Neither the right key nor a start ends it, nor two more ticks.
    let program = sim.daemon(KEY).await;
    sim.go_on_to("2026-05-18T16:30:00Z").await;
    sim.operator(&["status"]).await.must(4, &[suspended]);
    assert_eq!(sim.stage.seen(), seen);

    let lifted = "coingecko: suspension lifted";
    sim.operator(&["resume", "coingecko"])
        .await
        .must(0, &[lifted]);
    sim.go_on_to("2026-05-18T18:58:00Z").await;
    let asked = sim.asked_since("2026-05-18T14:30:00Z");
    assert_eq!(asked.first().map(String::as_str), Some("2026-05-18T17:03"));
    sim.operator(&["status"]).await.must(0, &["collecting"]);
    assert_eq!(sim.holes("2026-05-18T18:00:00Z").await, "");
    end(program).await;
    assert_eq!(sim.stage.ask(RUNNING).await, "0");
}
