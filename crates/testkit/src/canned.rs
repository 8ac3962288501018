//! A vendor that answers what a test says, for answers that the simulator does not give.

#![allow(clippy::unwrap_used, reason = "a test cannot go on without its vendor")]

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, one a line, without the length.
    pub header: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// Makes an answer that says of itself that it is JSON.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            header: "content-type: application/json".to_owned(),
            body: body.into(),
        }
    }
}

/// Says what to answer to a target (`/path?query`); `None` closes the connection without a word.
type Answers = dyn Fn(&str) -> Option<Answer> + Send + Sync;

/// A server with canned answers. Stops when dropped.
pub struct Canned {
    /// Without a slash at the end.
    pub base_url: String,
    targets: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl fmt::Debug for Canned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canned")
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

impl Canned {
    /// Starts one.
    pub async fn start(answers: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}/api/v3", listener.local_addr().unwrap());
        let targets: Arc<Mutex<Vec<String>>> = Arc::default();
        let (seen, answers): (_, Arc<Answers>) = (Arc::clone(&targets), Arc::new(answers));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answers) = (Arc::clone(&seen), Arc::clone(&answers));
                // Ends with its one answer.
                tokio::spawn(async move {
                    let _broken_off = serve(stream, &seen, &*answers).await;
                });
            }
        });
        Self {
            base_url,
            targets,
            serving,
        }
    }

    /// Returns what was asked for, in order.
    pub fn targets(&self) -> Vec<String> {
        self.targets.lock().unwrap().clone()
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    seen: &Mutex<Vec<String>>,
    answers: &Answers,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head);
    let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let answer = answers(&target);
    seen.lock().unwrap().push(target);
    if let Some(Answer {
        status,
        header,
        body,
    }) = answer
    {
        let length = body.len();
        let text = format!(
            "HTTP/1.1 {status} X\r\n{header}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        );
        stream.write_all(text.as_bytes()).await?;
    }
    stream.shutdown().await
}
