//! The name of this process among all that share a database.

use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

use time::OffsetDateTime;
use time::macros::format_description;

/// Returns host, process id, start and a random part: `desk:4711:20261122T131501Z:9f3a61c2`.
/// The same at every call; containers may share host name and process id, hence the rest.
pub fn instance_id() -> &'static str {
    static ID: OnceLock<String> = OnceLock::new();
    ID.get_or_init(|| {
        let host = nix::unistd::gethostname()
            .ok()
            .and_then(|name| name.into_string().ok());
        let host = host.as_deref().unwrap_or("unknown");
        let random = RandomState::new().hash_one(host) >> 32;
        format!("{host}:{}:{}:{random:08x}", std::process::id(), start())
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "names a process: real time, also where time is simulated"
)]
fn start() -> String {
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    OffsetDateTime::now_utc().format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_host_process_start_and_chance() {
        let id = instance_id();
        let parts: Vec<_> = id.rsplitn(4, ':').collect();
        assert_eq!(parts[2], std::process::id().to_string());
        assert_eq!((parts[0].len(), parts[1].len()), (8, 16), "{id}");
        assert_eq!(id, instance_id());
    }
}
