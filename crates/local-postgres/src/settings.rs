//! The server's settings: pure text from a profile and the machine.
//!
//! Written anew at every start, so a machine that grew is used. The reasons for the figures are
//! measurements: shared buffers of 2-4 GB, WAL of 8 GB and lz4 for full-page images gave the
//! fastest writing; `synchronous_commit` off gained nothing from 100 rows a commit up.

use std::path::Path;

use crate::Profile;
use crate::machine::Machine;

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Returns the text of `crossfeed.conf`.
pub(crate) fn text(profile: Profile, machine: Machine, socket_dir: &Path, lz4: bool) -> String {
    let mut lines = vec![
        "# Written by crossfeed at every start: changes here are lost.".to_owned(),
        "# Put yours into postgresql.auto.conf (ALTER SYSTEM), which is read last.".to_owned(),
        "listen_addresses = ''".to_owned(),
        format!("unix_socket_directories = '{}'", quoted(socket_dir)),
        "unix_socket_permissions = 0700".to_owned(),
        "port = 5432".to_owned(),
        // Containers give /dev/shm too little.
        "dynamic_shared_memory_type = mmap".to_owned(),
        "timezone = 'UTC'".to_owned(),
        "log_timezone = 'UTC'".to_owned(),
        "lc_messages = 'C'".to_owned(),
        "jit = off".to_owned(),
        "random_page_cost = 1.1".to_owned(),
        "checkpoint_timeout = 30min".to_owned(),
        format!("wal_compression = {}", if lz4 { "lz4" } else { "off" }),
    ];
    lines.extend(match profile {
        Profile::Desk => desk(machine),
        Profile::Test => test(),
    });
    lines.push(String::new());
    lines.join("\n")
}

fn desk(machine: Machine) -> Vec<String> {
    let memory = machine.memory_bytes;
    let wal = (machine.disk_free_bytes / 8).clamp(512 * MIB, 8 * GIB);
    vec![
        size("shared_buffers", (memory / 8).clamp(32 * MIB, 4 * GIB)),
        size("effective_cache_size", (memory / 2).max(64 * MIB)),
        size("maintenance_work_mem", (memory / 32).clamp(32 * MIB, GIB)),
        size("work_mem", (memory / 512).clamp(4 * MIB, 64 * MIB)),
        size("max_wal_size", wal),
        "max_connections = 100".to_owned(),
    ]
}

fn test() -> Vec<String> {
    [
        "shared_buffers = 32MB",
        "max_wal_size = 1GB",
        "max_connections = 200",
        "fsync = off",
        "full_page_writes = off",
        "synchronous_commit = off",
        // A worker on the template would hold up CREATE DATABASE; tests that need statistics
        // run ANALYZE themselves.
        "autovacuum = off",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn size(name: &str, bytes: u64) -> String {
    format!("{name} = {}MB", bytes / MIB)
}

fn quoted(path: &Path) -> String {
    path.to_string_lossy().replace('\'', "''")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk_of(memory_bytes: u64, disk_free_bytes: u64) -> String {
        let machine = Machine {
            memory_bytes,
            disk_free_bytes,
        };
        text(Profile::Desk, machine, Path::new("/tmp/x'y"), true)
    }

    #[test]
    fn memory_scales_with_the_machine() {
        let large = desk_of(24 * GIB, 100 * GIB);
        assert!(large.contains("\nshared_buffers = 3072MB\n"), "{large}");
        assert!(large.contains("\nmax_wal_size = 8192MB\n"), "{large}");
        assert!(large.contains("\nwal_compression = lz4\n"), "{large}");
        assert!(
            large.contains("\nunix_socket_directories = '/tmp/x''y'\n"),
            "{large}"
        );
        let small = desk_of(512 * MIB, 6 * GIB);
        assert!(small.contains("\nshared_buffers = 64MB\n"), "{small}");
        assert!(small.contains("\nmax_wal_size = 768MB\n"), "{small}");
        assert!(
            !small.contains("fsync"),
            "a desk's data are flushed: {small}"
        );
    }
}
