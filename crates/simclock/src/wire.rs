//! The lines of the protocol.

/// What a client says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FromClient {
    Worker,
    Follower,
    /// At work, having heard this many wakes.
    Busy(u64),
    /// Asleep until then, or for ever, having heard this many wakes.
    Idle(Option<i64>, u64),
    /// A follower knows that it is this late.
    Seen(i64),
}

/// What the server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FromServer {
    Now(i64),
    Wake(i64, u64),
}

impl FromClient {
    pub(crate) fn line(self) -> String {
        match self {
            Self::Worker => "worker\n".to_owned(),
            Self::Follower => "follower\n".to_owned(),
            Self::Busy(heard) => format!("busy {heard}\n"),
            Self::Idle(Some(until_ms), heard) => format!("idle {until_ms} {heard}\n"),
            Self::Idle(None, heard) => format!("idle never {heard}\n"),
            Self::Seen(now_ms) => format!("seen {now_ms}\n"),
        }
    }

    pub(crate) fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Some(match words.as_slice() {
            ["worker"] => Self::Worker,
            ["follower"] => Self::Follower,
            ["busy", heard] => Self::Busy(heard.parse().ok()?),
            ["idle", "never", heard] => Self::Idle(None, heard.parse().ok()?),
            ["idle", until, heard] => Self::Idle(Some(until.parse().ok()?), heard.parse().ok()?),
            ["seen", now] => Self::Seen(now.parse().ok()?),
            _ => return None,
        })
    }
}

impl FromServer {
    pub(crate) fn line(self) -> String {
        match self {
            Self::Now(now_ms) => format!("now {now_ms}\n"),
            Self::Wake(now_ms, wakes) => format!("wake {now_ms} {wakes}\n"),
        }
    }

    pub(crate) fn read(line: &str) -> Option<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Some(match words.as_slice() {
            ["now", now] => Self::Now(now.parse().ok()?),
            ["wake", now, wakes] => Self::Wake(now.parse().ok()?, wakes.parse().ok()?),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for said in [
            FromClient::Worker,
            FromClient::Follower,
            FromClient::Busy(3),
            FromClient::Idle(Some(-5), 1),
            FromClient::Idle(None, 0),
            FromClient::Seen(7),
        ] {
            assert_eq!(FromClient::read(&said.line()), Some(said));
        }
        for said in [FromServer::Now(1), FromServer::Wake(2, 3)] {
            assert_eq!(FromServer::read(&said.line()), Some(said));
        }
        assert_eq!(FromClient::read("GET / HTTP/1.1"), None);
    }
}
