//! Memory, time and open files of this process, under the names that all exporters use. Read at each
//! scrape.

use std::fmt;

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

/// What the system says of a process.
#[derive(Clone, Copy, Debug)]
struct Process {
    resident_bytes: u64,
    virtual_bytes: u64,
    cpu_secs: f64,
    threads: i64,
    open_files: Option<u64>,
    most_files: Option<u64>,
    started_unix_secs: Option<f64>,
}

#[derive(Debug)]
struct Ours;

pub(super) fn register(registry: &mut Registry) {
    registry.register_collector(Box::new(Ours));
}

impl Collector for Ours {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(process) = read() else {
            return Ok(());
        };
        let mut gauge = |name: &str, help: &str, value: Option<f64>| match value {
            None => Ok(()),
            Some(value) => {
                let metric = ConstGauge::new(value);
                metric.encode(one(&mut encoder, name, help, metric.metric_type())?)
            }
        };
        let whole = |value: u64| Some(value as f64);
        gauge(
            "process_resident_memory_bytes",
            "Resident memory",
            whole(process.resident_bytes),
        )?;
        gauge(
            "process_virtual_memory_bytes",
            "Virtual memory",
            whole(process.virtual_bytes),
        )?;
        gauge("process_threads", "Threads", Some(process.threads as f64))?;
        gauge(
            "process_open_fds",
            "Open files and connections",
            process.open_files.and_then(whole),
        )?;
        gauge(
            "process_max_fds",
            "Most of them that may be open",
            process.most_files.and_then(whole),
        )?;
        gauge(
            "process_start_time_seconds",
            "When the process started, as Unix time",
            process.started_unix_secs,
        )?;
        let cpu = ConstCounter::new(process.cpu_secs);
        let help = "Time on a processor, of user and system";
        cpu.encode(one(
            &mut encoder,
            "process_cpu_seconds",
            help,
            cpu.metric_type(),
        )?)
    }
}

fn one<'s>(
    encoder: &'s mut DescriptorEncoder<'_>,
    name: &'s str,
    help: &str,
    kind: MetricType,
) -> Result<MetricEncoder<'s>, fmt::Error> {
    encoder.encode_descriptor(name, help, None, kind)
}

#[cfg(target_os = "linux")]
fn read() -> Option<Process> {
    use procfs::{CurrentSI as _, WithCurrentSystemInfo as _, process::LimitValue};

    let this = procfs::process::Process::myself().ok()?;
    let stat = this.stat().ok()?;
    let ticks = (stat.utime + stat.stime) as f64;
    let ticks_a_sec = procfs::ticks_per_second();
    let booted = procfs::KernelStats::current().ok().map(|stats| stats.btime);
    let limits = this.limits().ok().map(|limits| limits.max_open_files);
    Some(Process {
        resident_bytes: stat.rss_bytes().get(),
        virtual_bytes: stat.vsize,
        cpu_secs: ticks / ticks_a_sec as f64,
        threads: stat.num_threads,
        open_files: this
            .fd_count()
            .ok()
            .and_then(|count| u64::try_from(count).ok()),
        most_files: limits.and_then(|limit| match limit.soft_limit {
            LimitValue::Value(most) => Some(most),
            LimitValue::Unlimited => None,
        }),
        started_unix_secs: booted
            .map(|booted| booted as f64 + stat.starttime as f64 / ticks_a_sec as f64),
    })
}

#[cfg(not(target_os = "linux"))]
fn read() -> Option<Process> {
    None
}
