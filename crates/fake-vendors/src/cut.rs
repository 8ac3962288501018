//! A body that promises its full length, sends half and breaks the connection.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use tokio::time::{Sleep, sleep};

/// Long enough for the half to leave the machine's buffers before the connection breaks.
const PAUSE: Duration = Duration::from_millis(30);

/// See the module.
pub(crate) struct CutBody {
    whole: Bytes,
    stage: Stage,
}

enum Stage {
    Half,
    Pause(Pin<Box<Sleep>>),
}

impl CutBody {
    /// Makes a body that ends in the middle.
    pub(crate) fn halving(whole: Vec<u8>) -> Self {
        Self {
            whole: Bytes::from(whole),
            stage: Stage::Half,
        }
    }
}

impl MessageBody for CutBody {
    type Error = std::io::Error;

    fn size(&self) -> BodySize {
        BodySize::Sized(u64::try_from(self.whole.len()).unwrap_or(u64::MAX))
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        match &mut self.stage {
            Stage::Half => {
                self.stage = Stage::Pause(Box::pin(sleep(PAUSE)));
                Poll::Ready(Some(Ok(self.whole.slice(..self.whole.len() / 2))))
            }
            Stage::Pause(pause) => match pause.as_mut().poll(cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(()) => {
                    let broken = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "cut");
                    Poll::Ready(Some(Err(broken)))
                }
            },
        }
    }
}
