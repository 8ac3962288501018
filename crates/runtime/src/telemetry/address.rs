//! Where the daemons show their metrics.

use std::net::{Ipv4Addr, SocketAddr};

use crate::env::Vars;

/// Where the daemons show their metrics: each on a port of its own, on this machine alone unless the
/// environment says otherwise.
#[derive(Clone, Copy, Debug)]
pub struct MetricsEnv {
    /// `CROSSFEED_INGESTD_METRICS_ADDR`.
    pub ingestd: MetricsAt,
    /// `CROSSFEED_APID_METRICS_ADDR`.
    pub apid: MetricsAt,
}

/// Where one daemon shows its metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricsAt {
    /// The variable that says so.
    pub variable: &'static str,
    /// The address, with port 0 for any that is free; none where it is turned off.
    pub address: Option<SocketAddr>,
}

impl MetricsEnv {
    pub(crate) fn read(vars: &mut Vars) -> Self {
        Self {
            ingestd: read(vars, "CROSSFEED_INGESTD_METRICS_ADDR", 9750),
            apid: read(vars, "CROSSFEED_APID_METRICS_ADDR", 9751),
        }
    }
}

fn read(vars: &mut Vars, variable: &'static str, default_port: u16) -> MetricsAt {
    let expected = "an address with a port (127.0.0.1:9750, [::1]:0) or off";
    let said = vars.parsed(variable, expected, |text| match text {
        "off" => Some(None),
        text => text.parse().ok().map(Some),
    });
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, default_port));
    MetricsAt {
        variable,
        address: said.unwrap_or(Some(default)),
    }
}

#[cfg(test)]
mod tests {
    use crate::Env;

    #[test]
    fn each_daemon_has_a_port_unless_it_is_turned_off() {
        let read = |said: &str| {
            let vars = [("CROSSFEED_INGESTD_METRICS_ADDR".into(), said.into())];
            let folder = tempfile::tempdir().unwrap();
            let metrics = Env::from_parts(vars, folder.path()).unwrap().metrics;
            let apid = metrics.apid.address.unwrap();
            assert_eq!(apid.to_string(), "127.0.0.1:9751");
            metrics.ingestd.address.map(|address| address.to_string())
        };
        for (said, address) in [
            ("", Some("127.0.0.1:9750")),
            ("0.0.0.0:80", Some("0.0.0.0:80")),
            ("[::1]:0", Some("[::1]:0")),
            ("OFF", None),
        ] {
            assert_eq!(read(said).as_deref(), address, "{said}");
        }
    }
}
