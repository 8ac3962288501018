//! `crossfeed db repair`.

use testkit::stage::Stage;

use crate::PROGRAM;

#[tokio::test]
async fn db_repair_mends_what_somebody_broke_by_hand() {
    let stage = Stage::new(PROGRAM).await;
    stage
        .run(&["pull", "coingecko"])
        .await
        .must(0, &["markets complete"]);
    let stats = "SELECT md5(string_agg(t::text, ',' ORDER BY series_id)) FROM series_stats t";
    let before = stage.ask(stats).await;
    let all = stage.ask("SELECT count(*)::text FROM series").await;
    let fine = format!("{all} series looked at, none was wrong");
    stage
        .run(&["db", "repair"])
        .await
        .must(0, &["database: ", &fine]);
    // A count, a newest value, and a row that is gone.
    for broken in [
        "UPDATE series_stats SET points = points + 7 WHERE series_id = (SELECT min(series_id) FROM series_stats)",
        "UPDATE series_stats SET last_value = -1 WHERE series_id = (SELECT max(series_id) FROM series_stats)",
        "DELETE FROM series_stats WHERE series_id = (SELECT series_id FROM series_stats ORDER BY 1 OFFSET 1 LIMIT 1)",
    ] {
        stage.client().await.batch_execute(broken).await.unwrap();
    }
    assert_ne!(stage.ask(stats).await, before);
    stage
        .run(&["db", "repair", "--source", "coingeko"])
        .await
        .must(2, &["there is ", "coingecko"]);
    let mended = format!("{all} series looked at, 3 were wrong and are mended");
    let repair = ["db", "repair", "--source", "coingecko"];
    stage.run(&repair).await.must(0, &[&mended]);
    assert_eq!(stage.ask(stats).await, before);
    stage.run(&repair).await.must(0, &[&fine]);
    stage.run(&["db", "--help"]).await.must(0, &["repair"]);
}

#[tokio::test]
async fn repair_changes_no_point_and_builds_the_index_anew_on_request() {
    let stage = Stage::new(PROGRAM).await;
    stage.run(&["pull", "coingecko"]).await.must(0, &[]);
    let points = stage.checksum().await;
    let spoil = "UPDATE series_stats SET points = 7 WHERE asset = 'bitcoin'";
    stage.client().await.batch_execute(spoil).await.unwrap();
    let told = ["mended", "index: 0 MiB, was 0 MiB", "vacuumed"];
    stage
        .run(&["db", "repair", "--reindex"])
        .await
        .must(0, &told);
    let wrong = "SELECT count(*) FROM series_stats WHERE points = 7";
    assert_eq!(stage.ask(wrong).await, "0");
    assert_eq!(stage.checksum().await, points);
    let again = stage.run(&["db", "repair"]).await;
    again.must(0, &["none was wrong"]);
    assert!(!again.stdout.contains("index"), "{again}");
}
