//! How much memory and disk a server may count on.

use std::path::Path;

/// What this machine, or the container around us, has to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Machine {
    pub(crate) memory_bytes: u64,
    pub(crate) disk_free_bytes: u64,
}

/// Assumed where the system does not say.
const UNKNOWN_MEMORY: u64 = 2 << 30;

/// Measures the machine; the disk is the one that holds `folder`.
pub(crate) fn measure(folder: &Path) -> Machine {
    let installed = installed_memory().unwrap_or(UNKNOWN_MEMORY);
    let limit = std::fs::read_to_string("/proc/self/cgroup")
        .ok()
        .and_then(|groups| group_limit(Path::new("/sys/fs/cgroup"), &groups));
    Machine {
        memory_bytes: limit.map_or(installed, |limit| limit.min(installed)),
        disk_free_bytes: free_disk(folder).unwrap_or(u64::MAX),
    }
}

#[allow(
    clippy::useless_conversion,
    reason = "the count has 32 bits on some systems"
)]
fn free_disk(folder: &Path) -> Option<u64> {
    let disk = nix::sys::statvfs::statvfs(folder).ok()?;
    u64::from(disk.blocks_available()).checked_mul(disk.fragment_size())
}

fn installed_memory() -> Option<u64> {
    if let Ok(text) = std::fs::read_to_string("/proc/meminfo") {
        return total_memory(&text);
    }
    // macOS and the BSDs have no /proc.
    ["hw.memsize", "hw.physmem"].iter().find_map(|name| {
        let said = std::process::Command::new("sysctl")
            .args(["-n", name])
            .output()
            .ok()?;
        String::from_utf8(said.stdout).ok()?.trim().parse().ok()
    })
}

fn total_memory(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// Returns the least memory limit of our control group and those above it, in either version of
/// the interface; `groups` is the text of `/proc/self/cgroup`.
fn group_limit(mount: &Path, groups: &str) -> Option<u64> {
    groups
        .lines()
        .filter_map(|line| {
            let mut parts = line.splitn(3, ':');
            let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
            let path = path.trim_start_matches('/');
            if controllers.is_empty() {
                return least_limit(mount, path, "memory.max");
            }
            let mount = mount.join("memory");
            (controllers.split(',').any(|name| name == "memory"))
                .then(|| least_limit(&mount, path, "memory.limit_in_bytes"))?
        })
        .min()
}

fn least_limit(mount: &Path, path: &str, file: &str) -> Option<u64> {
    let group = mount.join(path);
    group
        .ancestors()
        .take_while(|folder| folder.starts_with(mount))
        .filter_map(|folder| {
            std::fs::read_to_string(folder.join(file))
                .ok()?
                .trim()
                .parse()
                .ok()
        })
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_from_the_kernels_table() {
        let table = "MemTotal:       24576000 kB\nMemFree:        1 kB\n";
        assert_eq!(total_memory(table), Some(24_576_000 * 1024));
        assert_eq!(total_memory("MemFree: 1 kB\n"), None);
    }

    #[test]
    fn least_limit_of_nested_groups_holds() {
        let mount = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let file = mount.path().join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        assert_eq!(group_limit(mount.path(), "0::/a/b\n"), None);
        write("a/memory.max", "1000000\n");
        write("a/b/memory.max", "max\n");
        assert_eq!(group_limit(mount.path(), "0::/a/b\n"), Some(1_000_000));
        write("memory/x/memory.limit_in_bytes", "500000\n");
        assert_eq!(
            group_limit(mount.path(), "4:cpu,memory:/x\n0::/a/b\n"),
            Some(500_000)
        );
        assert_eq!(group_limit(mount.path(), "4:cpu:/x\n"), None);
    }

    #[test]
    fn this_machine_has_memory_and_disk() {
        let here = measure(Path::new("/"));
        assert!(here.memory_bytes > 64 << 20, "{here:?}");
        assert!(here.disk_free_bytes > 0, "{here:?}");
    }
}
