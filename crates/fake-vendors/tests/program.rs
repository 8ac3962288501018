//! The program: its one line, its end, its refusals.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fake-vendors"));
    command
        .args(arguments)
        .env_remove("RUST_BACKTRACE")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Ends the program even where the test fails first.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn it_says_where_it_is_serves_and_ends_when_told() {
    let arguments = [
        "--vendor",
        "coingecko",
        "--port",
        "0",
        "--key",
        "K",
        "--now",
        "2026-05-18T12:49:30Z",
        "--ids",
        "new-coin",
    ];
    let mut running = Running(program(&arguments).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line
        .split_once("base=http://")
        .and_then(|(_, rest)| rest.split_once("/api/v3 control=http://"))
        .map(|(address, _)| address.to_owned())
        .unwrap();
    assert!(line.trim_end().ends_with("/_control"), "{line}");
    let mut stream = TcpStream::connect(&address).unwrap();
    let request = format!(
        "GET /api/v3/simple/price?ids=new-coin&vs_currencies=usd&x_cg_demo_api_key=K HTTP/1.1\r\n\
         host: {address}\r\nuser-agent: t\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert!(reply.contains(r#"{"new-coin":{"usd":"#), "{reply}");
    let kill = format!("kill -TERM {}", running.0.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
    assert!(running.0.wait().unwrap().success());
}

#[test]
fn bad_arguments_are_refused_with_a_reason() {
    let cases: [(&[&str], &str); 8] = [
        (&[], "--vendor"),
        (&["--vendor", "nobody"], "unknown vendor `nobody`"),
        (
            &["--vendor", "coingecko", "--plan", "gold"],
            "unknown plan `gold`",
        ),
        (
            &["--vendor", "artemis", "--plan", "enterprise+wings"],
            "unknown switch `wings`",
        ),
        (
            &["--vendor", "velo", "--plan", "monthly+loud"],
            "unknown switch `loud`",
        ),
        (
            &["--vendor", "alphavantage", "--plan", "free+fast"],
            "unknown switch `fast`",
        ),
        (&["--vendor", "coingecko", "--now", "noon"], "noon"),
        (
            &[
                "--vendor",
                "coingecko",
                "--ids-from",
                "/nowhere.csv:coin_id",
            ],
            "cannot read /nowhere.csv",
        ),
    ];
    for (arguments, reason) in cases {
        let output = program(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && said.contains(reason),
            "{arguments:?}: {said}"
        );
    }
}
