//! SIGHUP: a good configuration is taken over where it differs, a bad one is refused whole.

use fake_vendors::{Fault, Rule};
use nix::sys::signal::Signal;
use testkit::{
    own_server::OwnServer,
    scrape,
    stage::{KEY, Running, Stage},
};

use crate::{
    LIVE, PROGRAM, RUNNING, stage,
    velo::{BARS, say, velo, with_velo},
};

const REFUSED: &str = "reload refused: the old configuration stays in force";
const ACTIVE: &str = "SELECT coalesce(string_agg(DISTINCT asset, ',' ORDER BY asset), '')
                      FROM series WHERE upper_inf(active) AND source = 'coingecko'";

/// Returns how many pulls ever began, by source.
async fn begun(stage: &Stage, source: &str) -> String {
    let sql = format!("SELECT count(*) FROM pulls WHERE source = '{source}'");
    stage.ask(&sql).await
}

async fn end(program: Running) -> String {
    let ended = program.stop().await;
    ended.must(0, &["ended"]);
    ended.stdout
}

#[tokio::test]
async fn what_changed_is_opened_anew_and_all_others_go_on_in_the_middle_of_a_pull() {
    let stage = Stage::new(PROGRAM).await;
    let vendor = with_velo(&stage).await;
    stage.configure(&["bitcoin,,usd,,,,false,true,"]);
    // Velo's tick lasts longer than a reload, also on a slow machine.
    vendor.set_faults(fake_vendors::Faults {
        rules: vec![Rule::times("/api/v1/rows", 1, Fault::Slow { ms: 15_000 })],
        ..fake_vendors::Faults::default()
    });
    let program = Running::start(stage.command(&[]));
    stage.until(LIVE, "true").await;
    let hanging = "SELECT count(*) > 0 FROM pulls WHERE source = 'velo' AND requests > 0
                   AND dataset = 'rows' AND status = 'running'";
    stage.until(hanging, "true").await;
    let first = "SELECT min(pull_id) FROM pulls WHERE source = 'velo' AND dataset = 'rows'";
    let first = stage.ask(first).await;

    stage.configure(&["ethereum,,usd,,,,false,true,"]);
    program.signal(Signal::SIGHUP);
    program
        .until_said("reloaded stopped=\"coingecko\" opened=\"coingecko\" undisturbed=1")
        .await;
    let status = format!("SELECT status FROM pulls WHERE pull_id = {first}");
    assert_eq!(stage.ask(&status).await, "running");
    stage.until(ACTIVE, "ethereum").await;
    let again = "SELECT count(*) FROM pulls
                 WHERE dataset = 'markets' AND kind = 'live' AND status = 'complete'";
    stage.until(again, "2").await;
    stage.until(&status, "complete").await;

    // A note changes nothing, and so does the same again.
    let seen = stage.seen();
    stage.configure(&["ethereum,,usd,,,,false,true,from a page"]);
    program.signal(Signal::SIGHUP);
    program
        .until_said("stopped=\"\" opened=\"\" undisturbed=2")
        .await;
    assert_eq!(stage.seen(), seen);
    let said = end(program).await;
    assert_eq!(said.matches("collecting").count(), 3, "{said}");
    assert_eq!(stage.ask(RUNNING).await, "0");
}

#[tokio::test]
async fn a_bad_configuration_is_refused_whole_and_told_whole() {
    let stage = stage().await;
    say(&stage, "COINGECKO_SOMETHING=1\n");
    let program = Running::start(stage.command(&[]));
    program.until_said("gaps ended").await;
    let (seen, active) = (stage.seen(), stage.ask(ACTIVE).await);
    // One file is good and another is not, and neither counts.
    stage.configure(&[
        "solana,,usd,PRICEE,,,false,true,",
        "ripple,,usd,,,,false,true,",
    ]);
    stage.schedule(&["coingecko,,61:00,,,,"]);
    say(&stage, "ARTEMIS_RPM=none\n");
    program.signal(Signal::SIGHUP);
    program.until_said(REFUSED).await;
    for part in [
        "ARTEMIS_RPM: \"none\" is not a whole number",
        "coingecko.csv:2: column metrics: ",
        "schedule.csv:2: column at: ",
    ] {
        assert!(program.log().contains(part), "{part}");
    }
    assert_eq!(
        (stage.seen(), stage.ask(ACTIVE).await),
        (seen, active.clone())
    );

    // What takes another start is refused as well, with the rest of it.
    stage.configure(&["ripple,,usd,,,,false,true,"]);
    stage.schedule(&["coingecko,,03:00,0,,,"]);
    for (line, told) in [
        ("CROSSFEED_WORLD=live\n", "CROSSFEED_WORLD: has changed"),
        ("RUST_LOG=debug\n", "RUST_LOG: has changed"),
        ("VELO_RPM=none\n", "VELO_RPM: "),
        ("VELO_API_KEY='\n", "/.env: "),
        ("ALPHAVANTAGE_API_KEY=k\n", "alphavantage.csv"),
    ] {
        say(&stage, line);
        let refused = program.log().matches(REFUSED).count();
        program.signal(Signal::SIGHUP);
        program.until_said_times(REFUSED, refused + 1).await;
        program.until_said(told).await;
    }
    assert_eq!((stage.seen(), stage.ask(ACTIVE).await), (seen, active));
    let said = end(program).await;
    assert_eq!(said.matches("collecting").count(), 1, "{said}");
    assert!(!said.contains(KEY), "{said}");
}

#[tokio::test]
async fn addresses_of_another_world_are_refused() {
    let stage = stage().await;
    let _velo = with_velo(&stage).await;
    let program = Running::start(stage.command(&[]));
    stage.until(BARS, "true").await;
    say(
        &stage,
        "VELO_API_KEY=k\nVELO_BASE_URL=https://api.velo.xyz\n",
    );
    program.signal(Signal::SIGHUP);
    program.until_said(REFUSED).await;
    program.until_said("velo is live").await;
    let said = end(program).await;
    assert!(!said.contains("reloaded "), "{said}");
    assert_eq!(said.matches("collecting").count(), 2, "{said}");
}

#[tokio::test]
async fn sources_come_and_go() {
    let stage = stage().await;
    let mut command = stage.command(&[]);
    command.env("CROSSFEED_INGESTD_METRICS_ADDR", "127.0.0.1:0");
    let program = Running::start(command);
    let metrics = scrape::address(&program).await;
    stage.until(LIVE, "true").await;
    let vendor = with_velo(&stage).await;
    program.signal(Signal::SIGHUP);
    program
        .until_said("stopped=\"\" opened=\"velo\" undisturbed=1")
        .await;
    stage.until(BARS, "true").await;
    let requests = "crossfeed_requests_total{source=\"velo\"";
    let suspended = "crossfeed_suspended{source=\"velo\"}";
    let shown = scrape::get(&metrics, "/metrics").await.body;
    assert!(
        shown.contains(requests) && shown.contains(suspended),
        "{shown}"
    );

    say(&stage, "");
    program.signal(Signal::SIGHUP);
    program
        .until_said("stopped=\"velo\" opened=\"\" undisturbed=1")
        .await;
    let (seen, pulls) = (vendor.counts().total, begun(&stage, "velo").await);
    let shown = scrape::get(&metrics, "/metrics").await.body;
    assert!(
        shown.contains(requests) && !shown.contains(suspended),
        "{shown}"
    );
    assert_eq!(stage.ask(RUNNING).await, "0");

    let said = end(program).await;
    assert_eq!(said.matches("tick ended").count(), 2, "{said}");
    assert_eq!(
        (vendor.counts().total, begun(&stage, "velo").await),
        (seen, pulls)
    );
}

#[tokio::test]
async fn a_key_that_is_mended_lifts_no_suspension() {
    let stage = stage().await;
    let vendor = with_velo(&stage).await;
    say(&stage, &velo(&vendor, "not-the-one"));
    let program = Running::start(stage.command(&[]));
    let suspended = "SELECT coalesce(string_agg(source, ','), '') FROM suspensions";
    stage.until(suspended, "velo").await;
    stage.until(LIVE, "true").await;
    let seen = vendor.counts().total;
    say(&stage, &velo(&vendor, KEY));
    program.signal(Signal::SIGHUP);
    program
        .until_said("stopped=\"velo\" opened=\"velo\" undisturbed=1")
        .await;
    program
        .until_said("runs again after `crossfeed resume velo`")
        .await;
    assert_eq!(vendor.counts().total, seen);
    assert_eq!(stage.ask(suspended).await, "velo");
    end(program).await;
}

#[tokio::test]
async fn what_is_under_way_in_a_source_that_changes_is_interrupted_in_order() {
    let stage = Stage::new(PROGRAM).await;
    let slow = Fault::Slow { ms: 60_000 };
    stage.break_answers(vec![Rule::times("/coins/markets", 1, slow)]);
    let program = Running::start(stage.command(&[]));
    let hanging = "SELECT count(*) FROM pulls WHERE dataset = 'markets' AND requests = 1";
    stage.until(hanging, "1").await;
    stage.configure(&["bitcoin,,usd,,,,false,true,"]);
    program.signal(Signal::SIGHUP);
    program.until_said("reading the configuration again").await;
    // A second one while the first is under way: one more, which finds nothing to do.
    program.signal(Signal::SIGHUP);
    program
        .until_said("stopped=\"coingecko\" opened=\"coingecko\" undisturbed=0")
        .await;
    stage.until(LIVE, "true").await;
    program
        .until_said("stopped=\"\" opened=\"\" undisturbed=1")
        .await;
    let ticks = "SELECT string_agg(status, ' ' ORDER BY pull_id) FROM pulls
                 WHERE dataset = 'markets' AND kind = 'live'";
    assert_eq!(stage.ask(ticks).await, "interrupted complete");
    end(program).await;
}

#[tokio::test]
async fn a_source_that_cannot_be_opened_is_named_and_tried_again() {
    let stage = stage().await;
    let mut command = stage.command(&[]);
    command.env("CROSSFEED_INGESTD_METRICS_ADDR", "127.0.0.1:0");
    let program = Running::start(command);
    let metrics = scrape::address(&program).await;
    let open = async || {
        let shown = scrape::get(&metrics, "/metrics").await.body;
        let of = |source| format!("crossfeed_source_open{{source=\"{source}\"}} ");
        ["coingecko", "velo"].map(|source| {
            let (_, value) = shown.split_once(&of(source))?;
            value
                .lines()
                .next()?
                .parse::<f64>()
                .ok()
                .map(|one| one > 0.)
        })
    };
    let ready = async || {
        let ready = scrape::get(&metrics, "/readyz").await;
        assert_eq!(ready.status, 200, "{ready:?}");
        ready.body
    };
    const ALL_OPEN: &str = r#"{"status":"ready","suspended":[]}"#;
    stage.until(LIVE, "true").await;
    assert_eq!(open().await, [Some(true), None]);
    assert_eq!(ready().await, ALL_OPEN);
    let vendor = with_velo(&stage).await;
    let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
                  AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
                  CREATE TRIGGER refuse BEFORE INSERT ON series FOR EACH ROW
                  WHEN (NEW.source = 'velo') EXECUTE FUNCTION refuse()";
    stage.client().await.batch_execute(refuse).await.unwrap();
    let named = "opened=\"\" undisturbed=1 not_opened=\"velo\"";
    program.signal(Signal::SIGHUP);
    program.until_said(named).await;
    assert_eq!(open().await, [Some(true), Some(false)]);
    let names_velo = r#"{"not_open":["velo"],"status":"ready","suspended":[]}"#;
    assert_eq!(ready().await, names_velo);
    // Whoever is wanted no more is not missed.
    say(&stage, "");
    program.signal(Signal::SIGHUP);
    program
        .until_said("reloaded stopped=\"\" opened=\"\" undisturbed=1")
        .await;
    assert_eq!(open().await, [Some(true), None]);
    assert_eq!(ready().await, ALL_OPEN);
    say(&stage, &velo(&vendor, KEY));
    program.signal(Signal::SIGHUP);
    program.until_said_times(named, 2).await;
    assert_eq!(open().await, [Some(true), Some(false)]);
    let admit = "DROP TRIGGER refuse ON series";
    stage.client().await.batch_execute(admit).await.unwrap();
    program.signal(Signal::SIGHUP);
    program
        .until_said("stopped=\"\" opened=\"velo\" undisturbed=1")
        .await;
    assert_eq!(open().await, [Some(true); 2]);
    assert_eq!(ready().await, ALL_OPEN);
    stage.until(BARS, "true").await;
    end(program).await;
}

#[tokio::test]
async fn a_reload_that_waits_for_the_database_says_for_what() {
    let server = OwnServer::start().await;
    let stage = stage().await.on(&server).await;
    let program = Running::start(stage.command(&[]));
    program.until_said("gaps ended").await;
    let full = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
                AS $$ BEGIN RAISE 'refused by a test' USING ERRCODE = '53100'; END $$;
                CREATE TRIGGER refuse BEFORE INSERT ON series FOR EACH ROW
                EXECUTE FUNCTION refuse()";
    stage.client().await.batch_execute(full).await.unwrap();
    server.stop().await;
    stage.configure(&["solana,,usd,,,,false,true,"]);
    program.signal(Signal::SIGHUP);
    let says = |what: &str| format!("waiting for the database {what} error=");
    program.until_said(&says("job=\"reload\"")).await;
    server.start_again().await;
    program.until_said(&says("source=coingecko")).await;
    let free = "DROP TRIGGER refuse ON series";
    stage.client().await.batch_execute(free).await.unwrap();
    program
        .until_said("reloaded stopped=\"coingecko\" opened=\"coingecko\" undisturbed=0")
        .await;
    end(program).await;
}
