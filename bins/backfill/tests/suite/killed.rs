//! kill -9 at ten random moments.

use std::{
    fmt,
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use testkit::stage::{Running, Stage, TOO_LONG};
use tokio_postgres::Client;

use crate::{PROGRAM, RANGE};

/// Slow enough that each kill meets requests under way.
const LATENCY: Duration = Duration::from_millis(150);
/// At most so many requests are under way: the executor's own bound on a paid plan.
const CONCURRENCY: u64 = 8;
/// More work than ten starts get done before they are killed.
const COINS: [&str; 30] = [
    "bitcoin",
    "ethereum",
    "solana",
    "binancecoin",
    "ripple",
    "avalanche-2",
    "havven",
    "uniswap",
    "aave",
    "usd-coin",
    "tether",
    "shiba-inu",
    "lido-dao",
    "maker",
    "chainlink",
    "dogecoin",
    "pepe",
    "arbitrum",
    "optimism",
    "matic-network",
    "litecoin",
    "bitcoin-cash",
    "eos",
    "stellar",
    "polkadot",
    "yearn-finance",
    "cardano",
    "tron",
    "near",
    "dai",
];
/// The connections of the program.
const CONNECTED: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'crossfeed backfill'";
/// Holds up every commit of a batch while somebody else holds this lock.
const GATE: &str = "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock_shared(4711, 1); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON writes DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION gate()";

/// When a start of the program is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So much after the vendor saw so many of its requests.
    AtWork { requests: u64, after: Duration },
    /// While a commit has its points and not yet what they settle: the server takes it back.
    BeforeCommit,
    /// While the server commits: that stands, and nobody is told.
    InCommit,
}

#[tokio::test]
async fn killed_ten_times_it_ends_with_the_rows_of_an_undisturbed_run() {
    let stage = Stage::with_latency(PROGRAM, LATENCY).await;
    let undisturbed = stage.another().await;
    for one in [&stage, &undisturbed] {
        one.configure(&COINS.map(|coin| format!("{coin},,usd,PRICE,,,false,true,")));
    }
    undisturbed.run(&RANGE).await.must(0, &["complete: "]);
    // More than a hundred thousand points are read from the index at once.
    let vacuumed = "SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'metrics'";
    assert_eq!(undisturbed.ask(vacuumed).await, "1");
    let needed = stage.seen();
    stage.vendor.reset();
    let gatekeeper = stage.client().await;
    gatekeeper.batch_execute(GATE).await.unwrap();

    let mut dice = Dice::new();
    let moments = moments(&mut dice);
    let mut in_flight = 0;
    for moment in moments {
        let before = (stage.seen(), committed(&stage).await);
        let program = Running::start(stage.command(&RANGE));
        kill(&stage, &gatekeeper, program, moment).await;
        // What the server had begun it ends or takes back.
        stage.until(CONNECTED, "0").await;
        vendor_has_heard_all(&stage).await;
        let kept = committed(&stage).await - before.1;
        let lost = (stage.seen() - before.0) - kept;
        assert!(
            lost <= CONCURRENCY,
            "{lost} were under way, {moment:?}, {dice}"
        );
        match moment {
            Moment::AtWork { .. } => {}
            Moment::BeforeCommit => assert!(kept == 0 && lost > 0, "{kept} {lost} {dice}"),
            Moment::InCommit => assert_eq!(kept, 1, "{dice}"),
        }
        in_flight += lost;
    }
    let last = stage.run(&RANGE).await;
    last.must(0, &["complete: ", "marked interrupted"]);

    let rows = stage.checksum().await;
    assert_eq!(rows, undisturbed.checksum().await, "{dice}");
    assert!(!rows.starts_with("0 "));
    let interrupted = "SELECT count(DISTINCT run_id) FROM pulls WHERE status = 'interrupted'";
    assert_eq!(stage.ask(interrupted).await, "10", "{dice}");
    let sent = stage.seen();
    assert!(
        (needed..=needed + in_flight).contains(&sent),
        "{sent} sent, {needed} needed, {in_flight} lost, {dice}"
    );

    let again = stage.run(&RANGE).await;
    again.must(0, &["nothing to ask", "complete: 0 requests, 0 points new"]);
    assert_eq!(stage.seen(), sent);
}

/// Each kind of moment, in random order.
fn moments(dice: &mut Dice) -> Vec<Moment> {
    let mut moments = vec![
        Moment::BeforeCommit,
        Moment::BeforeCommit,
        Moment::InCommit,
        Moment::InCommit,
    ];
    let latency_ms = u64::try_from(LATENCY.as_millis()).unwrap();
    moments.extend((0..6).map(|_| Moment::AtWork {
        requests: 1 + dice.below(CONCURRENCY + CONCURRENCY / 2),
        after: Duration::from_millis(dice.below(latency_ms)),
    }));
    for last in (1..moments.len()).rev() {
        let other = dice.below(u64::try_from(last + 1).unwrap());
        moments.swap(last, usize::try_from(other).unwrap());
    }
    moments
}

/// What the program had sent before it died reaches the vendor when that gets to it.
async fn vendor_has_heard_all(stage: &Stage) {
    let heard = async {
        let mut idle = 0;
        while idle < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            idle = match stage.vendor.counts().connections {
                0 => idle + 1,
                _ => 0,
            };
        }
    };
    tokio::time::timeout(TOO_LONG, heard).await.unwrap();
}

async fn kill(stage: &Stage, gatekeeper: &Client, program: Running, moment: Moment) {
    let (close, waits, open) = match moment {
        Moment::AtWork { requests, after } => {
            let seen = stage.seen();
            stage.until_seen(seen + requests).await;
            tokio::time::sleep(after).await;
            return program.kill().await;
        }
        Moment::BeforeCommit => (
            "BEGIN; LOCK TABLE coverage IN SHARE MODE",
            "relation = 'coverage'::regclass",
            "ROLLBACK",
        ),
        Moment::InCommit => (
            "SELECT pg_advisory_lock(4711, 1)",
            "locktype = 'advisory' AND classid = 4711",
            "SELECT pg_advisory_unlock(4711, 1)",
        ),
    };
    gatekeeper.batch_execute(close).await.unwrap();
    // Other tests have databases on the same server.
    let waits = format!(
        "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted AND {waits}
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    );
    stage.until(&waits, "true").await;
    program.kill().await;
    gatekeeper.batch_execute(open).await.unwrap();
}

/// Each answer is one batch.
async fn committed(stage: &Stage) -> u64 {
    stage
        .ask("SELECT count(*) FROM writes")
        .await
        .parse()
        .unwrap()
}

/// Random numbers that come again where the seed of a failure is built in as `KILLED_SEED`.
#[derive(Debug)]
struct Dice {
    seed: u64,
    state: u64,
}

impl Dice {
    fn new() -> Self {
        let random = || RandomState::new().hash_one(());
        let seed = option_env!("KILLED_SEED").map_or_else(random, |seed| seed.parse().unwrap());
        Self { seed, state: seed }
    }

    /// Returns a number in `[0, bound)`, by splitmix64.
    fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

impl fmt::Display for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KILLED_SEED={}", self.seed)
    }
}
