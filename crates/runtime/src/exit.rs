//! Exit codes, the same in every binary.

use std::process::ExitCode;

/// How a program ended. The number is what a shell or systemd sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// 0: all that was asked for is done; for a backfill, nothing of the range is open.
    Complete = 0,
    /// 1: something failed that the message names.
    Error = 1,
    /// 2: the command line makes no sense.
    Usage = 2,
    /// 3: done, but with holes, which are listed.
    Partial = 3,
    /// 4: a check that was asked for found something wrong.
    FailedCheck = 4,
    /// 5: nothing could be asked: the source is suspended, or its quota is spent until a window turns.
    NothingAsked = 5,
    /// 130: stopped by SIGINT or SIGTERM before the end, or not begun because the answer was no;
    /// running it again goes on where it was.
    Interrupted = 130,
}

impl Exit {
    /// Returns the number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
