//! What the file may say, and how it is told what it may not.

use super::*;

const HEADER: &str = "source,every,at,jitter_secs,live_reserve_percent,reread_requests,note\n";

fn read(file: Option<&str>) -> anyhow::Result<Schedule> {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("sources-config");
    std::fs::create_dir(&config).unwrap();
    if let Some(rows) = file {
        std::fs::write(config.join(SCHEDULE), format!("{HEADER}{rows}")).unwrap();
    }
    Schedule::read(&Env::from_parts([], folder.path()).unwrap())
}

fn of(schedule: &Schedule, name: &str) -> (i64, i64) {
    let timetable = schedule.of(source_named(name).unwrap()).unwrap();
    (timetable.every_secs, timetable.offset_secs)
}

#[test]
fn without_a_file_or_a_row_or_a_cell_the_vendors_own_times_hold() {
    let own = read(None).unwrap();
    for (name, expected) in [
        ("artemis", (86_400, 6 * 3_600 + 300)),
        ("defillama", (3_600, 1_500)),
        ("velo", (3_600, 300)),
        ("coingecko", (3_600, 180)),
        ("alphavantage", (3_600, 180)),
    ] {
        assert_eq!(of(&own, name), expected, "{name}");
    }
    let empty = read(Some("velo,,,,,,only a note\n")).unwrap();
    assert_eq!(empty.timetables, own.timetables);
    assert_eq!((own.rows, empty.rows), (None, Some(1)));
}

#[test]
fn the_file_that_ships_says_what_holds_without_it() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let shipped = Schedule::read(&Env::from_parts([], root.as_ref()).unwrap()).unwrap();
    assert_eq!(shipped.rows, Some(5));
    assert_eq!(shipped.timetables, read(None).unwrap().timetables);
}

#[test]
fn a_row_says_what_is_different() {
    let rows = "Velo,,07:30,0,30,,\ncoingecko,day,02:10,600,0,12,\nartemis,day,23:49:59,600,,0,\n";
    let schedule = read(Some(rows)).unwrap();
    let of = |name| schedule.of(source_named(name).unwrap()).unwrap();
    assert_eq!(
        of("velo"),
        Timetable {
            every_secs: 3_600,
            offset_secs: 450,
            jitter_secs: 0,
            live_reserve_percent: 30,
            reread_requests: None
        }
    );
    assert_eq!(
        of("coingecko"),
        Timetable {
            every_secs: 86_400,
            offset_secs: 7_800,
            jitter_secs: 600,
            live_reserve_percent: 0,
            reread_requests: Some(12)
        }
    );
    assert_eq!(of("artemis").offset_secs, 85_799);
    assert_eq!(of("artemis").reread_requests, Some(0));
}

#[test]
fn all_problems_come_at_once_with_line_and_column() {
    let rows = "velos,,,,,,\nvelo,weekly,3:00,-1,96,many,\nartemis,hour,,,,,\n\
                coingecko,day,,601,,,\nVELO,,,,,,\ndefillama,hour,59:30,30,,,\n\
                nasdaq,,,,,,\nalphavantage,hour,60:00,,,1.5,\n";
    let problems = read(Some(rows)).unwrap_err().to_string();
    let told: Vec<_> = problems.lines().collect();
    let expected = [
        "2: column source: \"velos\" is no source: did you mean velo?",
        "3: column every: \"weekly\" is none of hour, day",
        "3: column at: \"3:00\" is not minutes and seconds after the hour: 03:00",
        "3: column jitter_secs: \"-1\" is no whole number from 0 to 600",
        "3: column live_reserve_percent: \"96\" is no whole number from 0 to 95",
        "3: column reread_requests: \"many\" is no whole number",
        "4: column every: artemis has nothing newer than a day: day, or empty",
        "5: column at: is needed: coingecko has no time of its own by the day",
        "5: column jitter_secs: \"601\" is no whole number from 0 to 600",
        "6: column source: stands already in line 3",
        "7: column jitter_secs: with at it may be the next hour or day",
        "8: column source: there is no source \"nasdaq\"; there is artemis, defillama, velo, \
         coingecko, alphavantage",
        "9: column at: \"60:00\" is not minutes and seconds after the hour: 03:00",
        "9: column reread_requests: \"1.5\" is no whole number",
    ]
    .map(|line| format!("{SCHEDULE}:{line}"));
    assert_eq!(told, expected);
}
