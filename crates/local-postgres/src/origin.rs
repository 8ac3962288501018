//! Where process numbers mean something: one pid namespace of one boot of one host.
//!
//! A volume or a network share shows the same files to several of these, and each sees only its own
//! processes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Who started a server, so that others know whether they could see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    pub(crate) host: String,
    /// Nothing where the system does not tell.
    pub(crate) boot: Option<String>,
    /// Nothing where there are no such things.
    pub(crate) pid_namespace: Option<String>,
}

impl Origin {
    /// This process's own.
    pub(crate) fn here() -> Self {
        let host = nix::unistd::gethostname()
            .ok()
            .and_then(|name| name.into_string().ok());
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        let pid_namespace = std::fs::read_link("/proc/self/ns/pid").ok();
        Self {
            host: host.unwrap_or_else(|| "unknown".to_owned()),
            boot: boot.map(|text| text.trim().to_owned()),
            pid_namespace: pid_namespace.map(|link| link.display().to_string()),
        }
    }

    /// Whether both see the same processes under the same numbers. A host's name may change while
    /// it is up; where the system tells no boot it has to do.
    pub(crate) fn sees_processes_of(&self, other: &Self) -> bool {
        let same_boot = match (&self.boot, &other.boot) {
            (Some(one), Some(other)) => one == other,
            _ => self.host == other.host,
        };
        same_boot && self.pid_namespace == other.pid_namespace
    }

    /// Whether a server that was started there and holds no lock that is seen `here` is gone for
    /// sure: one kernel keeps one set of locks, and no process outlives its host's boot.
    pub(crate) fn is_over(&self, here: &Self) -> bool {
        let same_kernel = self.boot.is_some() && self.boot == here.boot;
        same_kernel || self.host == here.host
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host {}", self.host)?;
        if let Some(namespace) = &self.pid_namespace {
            write!(f, ", namespace {namespace}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(host: &str, boot: &str, pid_namespace: &str) -> Origin {
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Origin {
            host: host.to_owned(),
            boot: known(boot),
            pid_namespace: known(pid_namespace),
        }
    }

    #[test]
    fn only_another_machine_may_hide_a_server_without_a_lock() {
        let here = origin("desk", "b2", "pid:[1]");
        assert!(here.is_over(&here));
        let rebooted = origin("desk", "b1", "pid:[1]");
        assert!(rebooted.is_over(&here));
        let container = origin("9f3a61c2", "b2", "pid:[7]");
        assert!(container.is_over(&here));
        assert!(!here.sees_processes_of(&container));
        assert!(!origin("nas", "b1", "pid:[1]").is_over(&here));
        assert!(!origin("nas", "", "").is_over(&origin("desk", "", "")));
    }

    #[test]
    fn here_stays_here_under_another_name() {
        let mut renamed = Origin::here();
        assert_eq!(renamed, Origin::here());
        assert!(renamed.sees_processes_of(&Origin::here()));
        if renamed.boot.is_some() {
            renamed.host.push('2');
            assert!(renamed.sees_processes_of(&Origin::here()));
        }
        assert!(!Origin::here().to_string().is_empty());
    }
}
