//! The key leaves in one header of each request and shows up nowhere else.

use std::sync::Arc;

use testkit::stage::{Stage, ended};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{PROGRAM, RANGE};

/// With characters that an address would spell in another way.
const SECRET: &str = "CG-s3cr3t/Key+0815";
const SPELLINGS: [&str; 3] = [SECRET, "CG%2Ds3cr3t%2FKey%2B0815", "CG-s3cr3t%2FKey%2B0815"];

#[tokio::test]
async fn the_key_is_in_no_output_no_table_and_no_file() {
    let stage = Stage::new(PROGRAM).await;
    let echo = Echo::start().await;
    for answer in [NONSENSE, REFUSAL, UNAUTHORISED] {
        echo.answer_with(answer);
        let args = [
            &RANGE[..],
            &["--assets", "bitcoin", "--datasets", "chart_daily"],
        ]
        .concat();
        let mut command = stage.command(&args);
        command
            .env("COINGECKO_API_KEY", SECRET)
            .env("COINGECKO_BASE_URL", &echo.base_url)
            .env("RUST_LOG", "trace");
        let run = ended(command).await;
        assert!(run.stderr.contains("TRACE"), "{run}");
        for spelling in SPELLINGS {
            assert!(!run.to_string().contains(spelling), "{answer}: {run}");
        }
    }
    assert_eq!(echo.heard(), 3);
    let letters = std::fs::read_dir(stage.dead_letters()).unwrap();
    let letters: Vec<String> = letters
        .map(|letter| std::fs::read_to_string(letter.unwrap().path()).unwrap())
        .collect();
    assert!(!letters.is_empty());
    let tables = everything(&stage).await;
    // The vendor's words are there, so the key could have been.
    assert!(tables.contains(" is unknown") && tables.contains(" asks too much"));
    for spelling in SPELLINGS {
        let place = tables.lines().find(|row| row.contains(spelling));
        assert_eq!(place, None);
        assert!(letters.iter().all(|letter| !letter.contains(spelling)));
    }
    assert!(letters.iter().any(|letter| letter.contains("[redacted]")));
}

/// Every row of every table, as text.
async fn everything(stage: &Stage) -> String {
    let client = stage.client().await;
    let tables = "SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'";
    let mut all = String::new();
    for table in client.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        let rows = format!("SELECT t::text FROM {table} AS t");
        for row in client.query(&rows, &[]).await.unwrap() {
            all.push_str(row.get(0));
            all.push('\n');
        }
    }
    all
}

const NONSENSE: &str = "200 OK\n{\"prices\": \"KEY is no list\"}";
const REFUSAL: &str = "400 Bad Request\n{\"error\": \"the key KEY asks too much\"}";
const UNAUTHORISED: &str = "401 Unauthorized\n{\"error\": \"the key KEY is unknown\"}";

/// A vendor that repeats in every answer what key it was sent.
struct Echo {
    base_url: String,
    answer: Arc<std::sync::Mutex<(&'static str, usize)>>,
}

impl Echo {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base_url = format!("http://{}/api/v3", listener.local_addr().unwrap());
        let answer = Arc::new(std::sync::Mutex::new((NONSENSE, 0)));
        let shared = Arc::clone(&answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(reply(stream, Arc::clone(&shared)));
            }
        });
        Self { base_url, answer }
    }

    fn answer_with(&self, answer: &'static str) {
        self.answer.lock().unwrap().0 = answer;
    }

    /// Requests that came with the key.
    fn heard(&self) -> usize {
        self.answer.lock().unwrap().1
    }
}

async fn reply(
    mut stream: TcpStream,
    answer: Arc<std::sync::Mutex<(&'static str, usize)>>,
) -> std::io::Result<()> {
    let mut key = None;
    let mut lines = BufReader::new(&mut stream).lines();
    while let Some(line) = lines.next_line().await?.filter(|line| !line.is_empty()) {
        let header = line.split_once(": ");
        if let Some((_, value)) = header.filter(|(name, _)| name.ends_with("-api-key")) {
            key = Some(value.to_owned());
        }
    }
    let text = {
        let mut answer = answer.lock().unwrap();
        answer.1 += usize::from(key.is_some());
        answer.0.replace("KEY", &key.unwrap_or_default())
    };
    let (status, body) = text.split_once('\n').unwrap();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all((head + body).as_bytes()).await
}
